"""What is written, as it is said: numbers, times, abbreviations, and where each word was written."""

from __future__ import annotations

import pytest

from parley_dataplane.engines.spoken import cardinal, clock, spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Open 8:00 to 18:30.", "Open eight o'clock to eighteen thirty."),
        ("At 10:05,", "At ten oh five,"),
        ("Call 555-0123", "Call five five five, zero one two three"),
        ("Dr. Baker, since 1984", "doctor Baker, since nineteen eighty four"),
        ("e.g. 5 p.m.", "for example 5 p m"),
        ("nothing special", "nothing special"),
    ],
)
def test_numbers_and_abbreviations_are_said_as_people_say_them(written: str, said: str) -> None:
    assert spoken(written).text == said


def test_every_place_of_the_spoken_text_knows_its_written_word() -> None:
    written = "  Call 555-0123 at 10:05 "
    text = spoken(written)
    ends = [text.end_of(text.text.index(word)) for word in ("Call", "zero", "at", "oh", "five, zero")]
    assert [written[:end].split()[-1] for end in ends] == ["Call", "555-0123", "at", "10:05", "555-0123"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "zero"),
        (21, "twenty one"),
        (100, "one hundred"),
        (2014, "two thousand fourteen"),
        (999_999, "nine hundred ninety nine thousand nine hundred ninety nine"),
        (1_000_000, "one zero zero zero zero zero zero"),
    ],
)
def test_a_number_is_said_in_words_and_a_long_one_digit_by_digit(number: int, words: str) -> None:
    assert cardinal(number) == words


def test_noon_is_twelve_o_clock() -> None:
    assert clock(12, 0) == "twelve o'clock"
