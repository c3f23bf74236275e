"""Slot values: what people say, the plain form that is kept, and how it is spoken again."""

from __future__ import annotations

import pytest

from parley_api.conversation import Slot
from parley_dataplane.engines.scripted.slots.finding import find, is_possible
from parley_dataplane.engines.scripted.slots.found import EITHER, NO_SUCH_DAY, PAST, UNCLEAR
from parley_dataplane.engines.scripted.slots.speaking import speak
from parley_dataplane.engines.scripted.words import words

SAID = [
    # kind, said, values, loose (the slot was asked for)
    ("time", "at half past ten", ["10:30"], False),
    ("time", "ten thirty", ["10:30"], False),
    ("time", "10:30", ["10:30"], False),
    ("time", "10.30 please", ["10:30"], False),
    ("time", "3 pm", ["15:00"], False),
    ("time", "three p.m.", ["15:00"], False),
    ("time", "3pm", ["15:00"], False),
    ("time", "at nine", ["09:00"], False),
    ("time", "nine o'clock in the evening", ["21:00"], False),
    ("time", "eight in the morning", ["08:00"], False),
    ("time", "a quarter to nine", ["08:45"], False),
    ("time", "quarter past one", ["13:15"], False),
    ("time", "twenty to four", ["15:40"], False),
    ("time", "ten minutes past eight", ["08:10"], False),
    ("time", "half ten", ["10:30"], False),
    ("time", "ten oh five", ["10:05"], False),
    ("time", "eleven forty five", ["11:45"], False),
    ("time", "noon", ["12:00"], False),
    ("time", "at midnight", ["00:00"], False),
    ("time", "twelve am", ["00:00"], False),
    ("time", "quarter to one", ["12:45"], False),
    ("time", "fourteen thirty", ["14:30"], False),
    ("time", "ten", ["10:00"], True),
    ("time", "to", ["14:00"], True),
    ("time", "ten", [], False),
    ("time", "ten people", [], False),
    ("time", "twenty five past", [], False),
    ("time", "25:70", [], False),
    ("time", "half past thirteen", [], False),
    ("weekday", "on Tuesday please", ["tuesday"], False),
    ("weekday", "Mondays or Fridays", [EITHER], False),
    ("weekday", "wendsday", ["wednesday"], True),
    ("weekday", "wed nesday", ["wednesday"], False),
    ("weekday", "some day", [], True),
    ("date", "tomorrow", ["tomorrow"], False),
    ("date", "the day after tomorrow", ["the day after tomorrow"], False),
    ("date", "next Tuesday", ["next tuesday"], False),
    ("date", "March fifth", ["03-05"], False),
    ("date", "the fifth of March", ["03-05"], False),
    ("date", "the twenty first of December", ["12-21"], False),
    ("date", "on May 3rd", ["05-03"], False),
    ("date", "the fifth", ["05"], True),
    ("date", "the fifth", [], False),
    ("date", "February thirtieth", [NO_SUCH_DAY], False),
    ("date", "the 30th of February", [NO_SUCH_DAY], False),
    ("date", "the twenty ninth of February", ["02-29"], False),
    ("date", "yesterday", [PAST], False),
    ("date", "the day before yesterday", [PAST], False),
    ("date", "last Monday", [PAST], False),
    ("date", "tomorrow or on Friday", [EITHER], False),
    ("date", "tomorrow or the day after", [EITHER], False),
    ("date", "the 32nd of May", [NO_SUCH_DAY], False),
    ("date", "the 32nd", [NO_SUCH_DAY], True),
    ("date", "from Monday to Friday", ["monday", "friday"], False),
    ("number", "for four people", ["4"], False),
    ("number", "twenty one", ["21"], False),
    ("number", "a hundred and five", ["105"], False),
    ("number", "a couple of us", ["2"], False),
    ("number", "this one", [], False),
    ("number", "one", ["1"], True),
    ("number", "for", ["4"], True),
    ("number", "1,000 people", ["1000"], False),
    ("number", "12,345,678", ["12345678"], False),
    ("number", "two thousand people", ["2000"], False),
    ("number", "a thousand and five", ["1005"], False),
    ("number", "twelve hundred", ["1200"], False),
    ("number", "two hundred thousand", ["200000"], False),
    ("number", "one hundred million", ["100000000"], False),
    ("number", "2k", ["2000"], False),
    ("number", "two dozen", ["24"], False),
    ("number", "half a dozen", ["6"], False),
    ("number", "zero people", ["0"], False),
    ("number", "minus three", ["-3"], False),
    ("number", "-3", ["-3"], False),
    ("number", "3.5 people", [UNCLEAR], False),
    ("number", "0.5", [UNCLEAR], True),
    ("number", "three point five", [UNCLEAR], False),
    ("number", "three and a half", [UNCLEAR], False),
    ("number", "half a million", [UNCLEAR], False),
    ("number", "two hundred trillion", [UNCLEAR], False),
    ("number", "1.000", [UNCLEAR], False),
    ("number", "two three", [UNCLEAR], False),
    ("number", "2-3 people", [UNCLEAR], False),
    ("number", "two or three people", [EITHER], False),
    ("number", "one or two", [EITHER], False),
    ("number", "two people or maybe three", [EITHER], False),
    ("number", "two to three", [EITHER], False),
    ("number", "between two and three", [EITHER], False),
    ("number", "two or so", ["2"], False),
    ("number", "more than ten", [UNCLEAR], False),
    ("number", "at least 5", [UNCLEAR], False),
    ("number", "on the 5th", [], False),
    ("number", "from two to three", ["2", "3"], False),
    ("number", "two seven thirty", ["2", UNCLEAR], False),
    ("time", "0.5", [], True),
    ("time", "zero point five", [], True),
    ("time", "minus three", [], True),
    ("time", "two thousand", [], True),
    ("time", "two hundred", [], True),
    ("time", "at two or three", [EITHER], False),
    ("time", "ten to four", ["15:50"], False),
    ("time", "seven to eight", [EITHER], True),
    ("time", "seven minutes to eight", ["07:53"], False),
    ("time", "eighteen hundred hours", ["18:00"], True),
    ("name", "my name is Anna Miller", ["anna miller"], False),
    ("name", "it's Anna", ["anna"], True),
    ("name", "Anna Miller please", ["anna miller"], True),
    ("name", "Anna Miller", [], False),
    ("text", "anything at all", ["anything at all"], True),
]


@pytest.mark.parametrize(
    ("kind", "said", "values", "loose"),
    SAID,
    ids=[
        f"{kind}: '{said}'{', asked for' if loose else ''} is {values}" for kind, said, values, loose in SAID
    ],
)
def test_value_is_found_in_what_was_said(kind: str, said: str, values: list[str], loose: bool) -> None:
    assert [found.value for found in find(kind, words(said), loose=loose)] == values


@pytest.mark.parametrize(
    ("said", "loose", "value"),
    [
        ("the large one please", False, ["large"]),
        ("extra large", False, ["extra large"]),
        ("lardge", True, ["large"]),
        ("lardge", False, []),
        ("none of them", True, []),
        ("small or large", False, [EITHER]),
        ("large or extra large", True, [EITHER]),
    ],
)
def test_choice_is_one_of_those_that_there_are(said: str, loose: bool, value: list[str]) -> None:
    found = find("choice", words(said), ["small", "large", "extra large"], loose)
    assert sorted(one.value for one in found) == value


SPOKEN = [
    ("time", "10:30", "half past ten"),
    ("time", "10:00", "ten"),
    ("time", "15:00", "three"),
    ("time", "15:15", "quarter past three"),
    ("time", "08:45", "quarter to nine"),
    ("time", "12:45", "quarter to one"),
    ("time", "12:00", "noon"),
    ("time", "00:00", "midnight"),
    ("time", "00:30", "half past twelve in the morning"),
    ("time", "10:05", "ten oh five"),
    ("time", "11:40", "eleven forty"),
    ("time", "06:00", "six in the morning"),
    ("time", "19:00", "seven in the evening"),
    ("time", "23:00", "eleven at night"),
    ("weekday", "tuesday", "Tuesday"),
    ("date", "next tuesday", "next Tuesday"),
    ("date", "tomorrow", "tomorrow"),
    ("date", "03-05", "the fifth of March"),
    ("date", "12-31", "the thirty first of December"),
    ("date", "05", "the fifth"),
    ("name", "anna miller", "Anna Miller"),
    ("number", "4", "4"),
]


@pytest.mark.parametrize(
    ("kind", "value", "spoken"), SPOKEN, ids=[f"{v} is spoken '{s}'" for _, v, s in SPOKEN]
)
def test_value_is_spoken_as_people_say_it(kind: str, value: str, spoken: str) -> None:
    assert speak(kind, value) == spoken


def test_every_time_of_the_day_is_understood_as_it_is_spoken() -> None:
    for minute_of_day in range(0, 24 * 60, 5):
        value = f"{minute_of_day // 60:02}:{minute_of_day % 60:02}"
        understood = [found.value for found in find("time", words(speak("time", value)), loose=True)]
        assert understood == [value], speak("time", value)


def test_every_day_of_the_year_is_understood_as_it_is_spoken() -> None:
    longest = {2: 29, 4: 30, 6: 30, 9: 30, 11: 30}
    for month in range(1, 13):
        for day in range(1, longest.get(month, 31) + 1):
            value = f"{month:02}-{day:02}"
            assert [found.value for found in find("date", words(speak("date", value)))] == [value]


@pytest.mark.parametrize(
    "said",
    ["one", "there", "yes", "it is twenty two", "42", "on Tuesday", "the second", "my name is", "hello"],
)
def test_what_is_no_name_fills_no_name(said: str) -> None:
    assert find("name", words(said), loose=True) == []


@pytest.mark.parametrize(
    ("bounds", "possible", "impossible"),
    [
        (
            {"kind": "time", "earliest": "08:00", "latest": "17:30"},
            "08:00 12:00 17:30",
            "07:59 17:31 23:00 00:00",
        ),
        ({"kind": "time", "latest": "17:30"}, "00:00 17:30", "17:45"),
        ({"kind": "weekday", "weekdays": ["monday", "friday"]}, "monday friday", "sunday"),
        ({"kind": "date", "weekdays": ["monday"]}, "monday tomorrow 03-05 05", "sunday"),
        ({"kind": "date"}, "sunday tomorrow", ""),
        ({"kind": "number", "least": 1, "most": 12}, "1 12", "0 13 -3 100000000"),
        ({"kind": "number", "most": 0}, "0", "1"),
        ({"kind": "number"}, "0 999999", "-1 1000000"),
        ({"kind": "number"}, "0", f"{UNCLEAR} {EITHER}"),
        ({"kind": "date"}, "tomorrow", PAST),
    ],
    ids=[
        *("office hours", "until", "weekdays", "weekdays of a date", "any day"),
        *("people at a table", "none", "any number", "what is not taken", "a day that is over"),
    ],
)
def test_a_value_out_of_bounds_is_not_possible(
    bounds: dict[str, object], possible: str, impossible: str
) -> None:
    slot = Slot.model_validate({"name": "when", "ask": "When?", "otherwise": "Not then.", **bounds})
    assert [value for value in possible.split() if not is_possible(slot, value)] == []
    assert [value for value in impossible.split() if is_possible(slot, value)] == []


def test_next_sunday_is_a_sunday() -> None:
    slot = Slot.model_validate({"name": "day", "kind": "date", "weekdays": ["monday"], "ask": "Which day?"})
    assert not is_possible(slot, "next sunday")
    assert is_possible(slot, "next monday")
    assert is_possible(slot, "the day after tomorrow")
