"""Slot values: found in what was said, kept in one plain form, and spoken as people speak them.

    weekday  "tuesday"                               time    "10:30" (24 hours)
    date     "tomorrow", "next tuesday", "03-05"     number  "4"
    choice   one of the slot's choices, as written   name, text   the words

Rules: pure; what is not understood whole is not taken: it becomes one of UNTAKEN. No clock is read, so "tomorrow"
stays "tomorrow". An hour without "am" or "pm" means the one between seven in the morning and half past six in the
evening; `speak` adds the time of day only outside of those, so each has one name. "Loose" finding is for the answer to
a question: there a bare "ten" is a time and "it's Ann" is a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from parley_api.conversation import Slot
from parley_dataplane.engines.scripted.words import QUESTIONS, STOP, alikeness, stem, words

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MONTHS = (
    "january", "february", "march", "april", "may", "june",
    "july", "august", "september", "october", "november", "december",
)  # fmt: skip
ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
ORDINALS = (
    "zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth",
    "tenth", "eleventh", "twelfth", "thirteenth", "fourteenth", "fifteenth", "sixteenth",
    "seventeenth", "eighteenth", "nineteenth", "twentieth",
)  # fmt: skip
HOMOPHONES = {"to": 2, "too": 2, "for": 4, "fore": 4, "ate": 8, "won": 1}
"""What a recogniser writes for a number that stands alone; believed only in the answer to a question."""

MAGNITUDES = {"thousand": 1_000, "k": 1_000, "million": 10**6, "billion": 10**9}
BEYOND = frozenset(
    "hundreds thousands millions billions dozens trillion trillions lakh crore grand score halves thirds quarters "
    "tenths percent".split()
)
"""After a number they make it another one, that is not read."""

SIGNS = frozenset({"minus", "negative"})
LIMITS = frozenset(
    {("more", "than"), ("less", "than"), ("fewer", "than"), ("at", "least"), ("at", "most"), ("up", "to")}
)
"""Before a number they leave open which one it is."""

LARGEST_NUMBER = 999_999
"""Of a slot without `most`."""

UNCLEAR, EITHER, NO_SUCH_DAY, PAST = "?unclear", "?either", "?no such day", "?past"
UNTAKEN = frozenset({UNCLEAR, EITHER, NO_SUCH_DAY, PAST})
"""What stands for a value that was said and is none: not read whole, one of several, on no calendar, or over."""

FREE_KINDS = frozenset({"name", "text"})
LONGEST_NAME = 4
LONGEST_TEXT = 30


_DECIMAL = re.compile(r"\d+\.\d+")
_DATED = re.compile(r"\d+(?:st|nd|rd|th)")


@dataclass(frozen=True, slots=True)
class Found:
    """A value, or one of UNTAKEN, and the words [start, end) that said it."""

    value: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Number:
    value: int
    end: int


# Numbers


def _digits(word: str) -> int | None:
    bare = word[:-2] if word.endswith(("st", "nd", "rd", "th")) else word
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) <= 12 else None


def _below_hundred(said: Sequence[str], at: int) -> _Number | None:
    if at >= len(said):
        return None
    if (digits := _digits(said[at])) is not None:
        return _Number(digits, at + 1)
    if said[at] in ONES:
        return _Number(ONES.index(said[at]), at + 1)
    if said[at] not in TENS:
        return None
    tens = 20 + 10 * TENS.index(said[at])
    if at + 1 < len(said) and said[at + 1] in ONES[1:10]:
        return _Number(tens + ONES.index(said[at + 1]), at + 2)
    return _Number(tens, at + 1)


def _below_thousand(said: Sequence[str], at: int) -> _Number | None:
    """ "four", "twenty one", "a hundred and five", "two dozen"; "twelve hundred" as well."""
    half = list(said[at : at + 3]) == ["half", "a", "dozen"]
    if half:
        return _Number(6, at + 3)
    start = at + 1 if said[at : at + 1] == ["a"] and said[at + 1 : at + 2] in _AFTER_A else at
    if start >= len(said):
        return None
    if said[start] in ("dozen", "couple"):
        return _Number(12 if said[start] == "dozen" else 2, start + 1)
    if said[start] in MAGNITUDES and said[start] != "k":
        return _Number(1, start)
    first = _Number(1, start) if said[start] == "hundred" else _below_hundred(said, start)
    following = said[first.end] if first and first.end < len(said) else ""
    if first and following == "dozen":
        return _Number(12 * first.value, first.end + 1)
    if first is None or following != "hundred" or first.value > 99:
        return first
    rest = _below_hundred(said, first.end + 1 + (said[first.end + 1 : first.end + 2] == ["and"]))
    if rest is None or rest.value > 99:
        return _Number(100 * first.value, first.end + 1)
    return _Number(100 * first.value + rest.value, rest.end)


_AFTER_A = [["hundred"], ["dozen"], ["couple"], ["thousand"], ["million"], ["billion"]]


def _number(said: Sequence[str], at: int) -> _Number | None:
    """A number that begins at `at`: "four", "two thousand and five", "one hundred million", "120"."""
    said = list(said)
    number: _Number | None = None
    below = 10**12
    while group := _below_thousand(said, at):
        factor = MAGNITUDES.get(said[group.end], 1) if group.end < len(said) else 1
        value = group.value * factor
        if number and value >= below:
            break
        number = _Number((number.value if number else 0) + value, group.end + (factor > 1))
        if factor == 1:
            break
        below = factor
        at = number.end + (said[number.end : number.end + 1] == ["and"])
    return number


def _ordinal(said: Sequence[str], at: int) -> _Number | None:
    """A day of the month: "fifth", "5th", "5", "twenty first", "thirty first"."""
    if at >= len(said):
        return None
    word = said[at]
    if word in ("twenty", "thirty") and at + 1 < len(said) and said[at + 1] in ORDINALS[1:10]:
        return _Number((20 if word == "twenty" else 30) + ORDINALS.index(said[at + 1]), at + 2)
    if word == "thirtieth":
        return _Number(30, at + 1)
    if word in ORDINALS:
        return _Number(ORDINALS.index(word), at + 1)
    plain = _below_hundred(said, at)
    most = 99 if _DATED.fullmatch(word) else 31
    return plain if plain and 1 <= plain.value <= most else None


def find_numbers(said: Sequence[str], loose: bool) -> Iterator[Found]:
    stands_alone = loose and len(said) <= 2 and not any(_number(said, at) for at in range(len(said)))
    found: list[Found] = []
    clocks = {time.start for time in find_times(said, loose=False)}
    at = 0
    while at < len(said):
        one = _whole_number(said, at)
        if one and not (said[at] == "one" and one.end == at + 1 and not loose):
            # "Two three", and what was written "2-3": neither is what was meant. In "two, seven thirty" one is.
            if found and found[-1].end == at and at not in clocks:
                one = Found(UNCLEAR, found.pop().start, one.end)
            found.append(one)
            at = one.end
        elif stands_alone and said[at] in HOMOPHONES:
            found.append(Found(str(HOMOPHONES[said[at]]), at, at + 1))
            at += 1
        else:
            at += 1
    yield from found


def _whole_number(said: Sequence[str], at: int) -> Found | None:
    """With its sign; UNCLEAR if it goes on in a way that is not read: "3.5", "three and a half"."""
    if _DECIMAL.fullmatch(said[at]):
        return Found(UNCLEAR, at, at + 1)
    if _DATED.fullmatch(said[at]):
        return None
    if tuple(said[max(0, at - 2) : at]) in LIMITS and (open_one := _number(said, at)):
        return Found(UNCLEAR, at, open_one.end)
    signed = said[at] in SIGNS
    is_half = list(said[at : at + 2]) == ["half", "a"] and said[at + 2 : at + 3] != ["dozen"]
    number = _number(said, at + 1 if signed or is_half else at)
    if number is None:
        return None
    end = number.end
    following = list(said[end : end + 3])
    if following[:1] == ["point"] and (rest := _number(said, end + 1)):
        return Found(UNCLEAR, at, rest.end)
    if following[:2] == ["and", "a"] and following[2:] in (["half"], ["quarter"], ["third"]):
        return Found(UNCLEAR, at, end + 3)
    if following and (following[0] in BEYOND or following[0] in MAGNITUDES or following[0] == "hundred"):
        return Found(UNCLEAR, at, end + 1)
    return Found(UNCLEAR if is_half else str(-number.value if signed else number.value), at, end)


# Times


@dataclass(frozen=True, slots=True)
class _Clock:
    hour: int
    minute: int
    end: int
    sure: bool
    """False for a bare hour, which is a time only where one was asked for."""


def find_times(said: Sequence[str], loose: bool) -> Iterator[Found]:
    at = 0
    while at < len(said):
        clock = _clock(said, at)
        if clock and (clock.sure or loose):
            hour, end = _half_of_day(said, clock)
            yield Found(f"{hour:02}:{clock.minute:02}", at, end)
            at = end
        elif loose and said[at] in HOMOPHONES and len(said) <= 2 and at == len(said) - 1:
            yield Found(f"{_by_day(HOMOPHONES[said[at]]):02}:00", at, at + 1)
            return
        else:
            at += 1


def _clock(said: Sequence[str], at: int) -> _Clock | None:
    word = said[at]
    if word in ("noon", "midday"):
        return _Clock(12, 0, at + 1, True)
    if word == "midnight":
        return _Clock(0, 0, at + 1, True)
    if ":" in word:
        hour, minute = (int(part) for part in word.split(":"))
        return _Clock(hour, minute, at + 1, True) if hour < 24 and minute < 60 else None
    if word in ("at", "around", "by") and (after := _plain_clock(said, at + 1)):
        return _Clock(after.hour, after.minute, after.end, True)
    return _relative_clock(said, at) or _plain_clock(said, at)


def _relative_clock(said: Sequence[str], at: int) -> _Clock | None:
    """ "half past ten", "a quarter to nine", "twenty to four", "half ten" (British, 10:30)."""
    at += said[at] == "a"
    if at >= len(said):
        return None
    named = {"half": 30, "quarter": 15}.get(said[at])
    minutes = _Number(named, at + 1) if named else _below_hundred(said, at)
    if minutes is None or minutes.end >= len(said):
        return None
    way_at = minutes.end + (said[minutes.end] in ("minute", "minutes"))
    way = said[way_at] if way_at < len(said) else ""
    if way not in ("past", "after", "to", "before", "till", "of"):
        half = _below_hundred(said, minutes.end) if said[at] == "half" else None
        return _Clock(half.value, 30, half.end, True) if half and 1 <= half.value <= 12 else None
    if way in ("to", "till") and way_at == minutes.end and minutes.value % 5:
        return None  # "seven to eight"
    hour = _below_hundred(said, way_at + 1)
    if hour is None or not 1 <= hour.value <= 12 or not 0 < minutes.value < 60:
        return None
    if way in ("past", "after"):
        return _Clock(hour.value, minutes.value, hour.end, True)
    return _Clock(12 if hour.value == 1 else hour.value - 1, 60 - minutes.value, hour.end, True)


def _plain_clock(said: Sequence[str], at: int) -> _Clock | None:
    """ "ten", "ten thirty", "ten oh five", "ten o'clock", "3 pm"; sure if more than the hour was said."""
    hour = _below_hundred(said, at)
    if hour is None or hour.value > 24 or (hour.value > 12 and said[at] in TENS):
        return None
    end = hour.end
    following = said[end] if end < len(said) else ""
    if (
        said[max(0, at - 1)] in SIGNS | {"point"}
        or following in MAGNITUDES
        or following in ("dozen", "point")
    ):
        return None
    if following == "hundred" and hour.value < 13:
        return None
    if following in ("oclock", "sharp"):
        return _Clock(hour.value % 24, 0, end + 1, True)
    if following in ("oh", "o") and (minute := _below_hundred(said, end + 1)) and minute.value < 10:
        return _Clock(hour.value % 24, minute.value, minute.end, True)
    minute = _below_hundred(said, end)
    if minute and 10 <= minute.value < 60 and said[end] != "twelve":
        return _Clock(hour.value % 24, minute.value, minute.end, True)
    return _Clock(hour.value % 24, 0, end, following in ("am", "pm") or said[end : end + 2] == ["in", "the"])


def _half_of_day(said: Sequence[str], clock: _Clock) -> tuple[int, int]:
    """The hour of 24, and where the words end: "3 pm", "three in the afternoon", "nine at night"."""
    end, hour = clock.end, clock.hour
    half = said[end] if end < len(said) else ""
    if half in ("in", "at", "this", "tomorrow"):
        while end < len(said) and said[end] in ("in", "at", "the", "this", "tomorrow"):
            end += 1
        half = said[end] if end < len(said) else ""
    if half in ("am", "morning") and hour <= 12:
        return hour % 12, end + 1
    if half in ("pm", "afternoon", "evening", "night") and hour <= 12:
        return hour % 12 + 12, end + 1
    return _by_day(hour), clock.end


def _by_day(hour: int) -> int:
    return hour + 12 if 1 <= hour < 7 else hour


# Days


def find_weekdays(said: Sequence[str], loose: bool) -> Iterator[Found]:
    for at, word in enumerate(said):
        singular = word.removesuffix("s")
        if singular in WEEKDAYS:
            yield Found(singular, at, at + 1)
        elif joined := _joined_weekday(said, at):
            yield Found(joined, at, at + 2)
        elif loose and (near := _near_weekday(word)):
            yield Found(near, at, at + 1)


def _joined_weekday(said: Sequence[str], at: int) -> str | None:
    pair = "".join(said[at : at + 2])
    return pair if pair in WEEKDAYS and said[at] not in WEEKDAYS else None


def _near_weekday(word: str) -> str | None:
    likeness, day = max((alikeness(word, day), day) for day in WEEKDAYS)
    return day if len(word) >= 5 and likeness >= 0.74 else None


def find_dates(said: Sequence[str], loose: bool) -> Iterator[Found]:
    days = {found.start: found for found in find_weekdays(said, loose)}
    at = 0
    while at < len(said):
        found = _relative_day(said, at) or _calendar_day(said, at, loose) or days.get(at)
        if found is None:
            at += 1
            continue
        if found.value in WEEKDAYS and at > 0 and said[at - 1] in ("next", "last"):
            found = Found(f"next {found.value}" if said[at - 1] == "next" else PAST, at - 1, found.end)
        yield found
        at = found.end


def _relative_day(said: Sequence[str], at: int) -> Found | None:
    if said[at] in ("today", "tonight"):
        return Found("today", at, at + 1)
    if said[at] == "tomorrow":
        return Found("tomorrow", at, at + 1)
    if said[at] == "yesterday":
        return Found(PAST, at, at + 1)
    if list(said[at : at + 3]) == ["day", "before", "yesterday"]:
        return Found(PAST, at, at + 3)
    if list(said[at : at + 3]) == ["day", "after", "tomorrow"]:
        return Found("the day after tomorrow", at, at + 3)
    if list(said[max(0, at - 3) : at + 2]) == ["tomorrow", "or", "the", "day", "after"]:
        return Found("the day after tomorrow", at, at + 2)
    return None


def _calendar_day(said: Sequence[str], at: int, loose: bool) -> Found | None:
    """ "March fifth", "the fifth of March", "5 March" -> "03-05"; where asked for, "the fifth" -> "05"."""
    if said[at] in MONTHS:
        the = said[at + 1 : at + 2] == ["the"]
        day = _ordinal(said, at + 1 + the)
        return _dated(said[at], day.value, at, day.end) if day else None
    day = _ordinal(said, at)
    if day is None:
        return None
    month_at = day.end + (said[day.end : day.end + 1] == ["of"])
    if month_at < len(said) and said[month_at] in MONTHS:
        return _dated(said[month_at], day.value, at, month_at + 1)
    spelled = said[day.end - 1] in ORDINALS or said[day.end - 1].endswith(("st", "nd", "rd", "th"))
    value = f"{day.value:02}" if day.value <= 31 else NO_SUCH_DAY
    return Found(value, at, day.end) if loose and spelled else None


def _dated(month: str, day: int, start: int, end: int) -> Found:
    number = MONTHS.index(month) + 1
    longest = 29 if number == 2 else 30 if number in (4, 6, 9, 11) else 31
    return Found(f"{number:02}-{day:02}" if 1 <= day <= longest else NO_SUCH_DAY, start, end)


# Names, choices, text

_BEFORE_NAME = (
    ("my", "name", "is"), ("the", "name", "is"), ("name", "is"), ("i", "am"), ("this", "is"), ("it", "is"),
    ("call", "me"), ("under", "the", "name"), ("that", "is"), ("under",), ("for",), ("the", "name"),
)  # fmt: skip
_NOT_A_NAME = (
    (STOP - {"may"})
    | QUESTIONS
    | frozenset((*ONES, *TENS, *ORDINALS, *WEEKDAYS, "hundred", "thousand", "dozen", "couple"))
    | frozenset(
        "please thanks thank hello hi hey bye goodbye name nope yep sure right correct nothing nobody none today "
        "tomorrow tonight never mind stop wait".split()
    )
)
"""Words that are no part of a name: a person who says nothing else is asked again."""


def find_names(said: Sequence[str], loose: bool) -> Iterator[Found]:
    """After "my name is" and the like; where a name was asked for, a whole short answer is one."""
    for lead in (*_BEFORE_NAME[:4], *_BEFORE_NAME[6:8]):
        for at in range(len(said) - len(lead)):
            if tuple(said[at : at + len(lead)]) == lead and (found := _name_at(said, at + len(lead))):
                yield found
                return
    if not loose:
        return
    leads = sorted(_BEFORE_NAME, key=len, reverse=True)
    at = next((len(lead) for lead in leads if tuple(said[: len(lead)]) == lead), 0)
    while at < len(said) and said[at] in _NOT_A_NAME:
        at += 1
    if found := _name_at(said, at):
        yield found


def _name_at(said: Sequence[str], at: int) -> Found | None:
    end = at
    while (
        end < len(said) and end - at < LONGEST_NAME and said[end] not in _NOT_A_NAME and said[end].isalpha()
    ):
        end += 1
    return Found(" ".join(said[at:end]), at, end) if end > at else None


def find_choices(said: Sequence[str], choices: Sequence[str], loose: bool) -> Iterator[Found]:
    """A choice whose words were all heard in a row; where asked for, also one that just sounds like it."""
    heard = [stem(word) for word in said]
    whole: list[Found] = []
    near: list[tuple[float, str, int]] = []
    for choice in choices:
        wanted = [stem(word) for word in words(choice)]
        for at in range(len(heard) - len(wanted) + 1):
            if not wanted:
                continue
            alike = min(alikeness(a, b) for a, b in zip(heard[at:], wanted, strict=False))
            near.append((alike, choice, at))
            if alike == 1.0:
                whole.append(Found(choice, at, at + len(wanted)))
    yield from (one for one in whole if not any(_is_within(one, longer) for longer in whole))
    best = max(near, default=(0.0, "", 0), key=lambda one: one[0])
    if loose and 0.72 <= best[0] < 1.0:
        yield Found(best[1], best[2], best[2] + len(words(best[1])))


def _is_within(one: Found, longer: Found) -> bool:
    """The "large" of "extra large" was not said by itself."""
    return (
        longer.start <= one.start
        and one.end <= longer.end
        and longer.end - longer.start > one.end - one.start
    )


def find_text(said: Sequence[str], loose: bool) -> Iterator[Found]:
    """The whole answer, where one was asked for; elsewhere a phrase of the intent says where the text is."""
    if loose and said:
        kept = said[:LONGEST_TEXT]
        yield Found(" ".join(kept), 0, len(kept))


_FINDERS: dict[str, Callable[[Sequence[str], bool], Iterator[Found]]] = {
    "weekday": find_weekdays,
    "date": find_dates,
    "time": find_times,
    "number": find_numbers,
    "name": find_names,
    "text": find_text,
}

PRECEDENCE = ("date", "weekday", "time", "choice", "number", "name", "text")
"""Who may take a word first: the "ten" of "at ten" is a time before it is a number."""

FARTHEST_OR = 4
"""Words that may be between two values of which one is wanted: "two people or maybe three"."""


def find(kind: str, said: Sequence[str], choices: Sequence[str] = (), loose: bool = False) -> list[Found]:
    """All values of a kind in order; `loose` when this very slot has just been asked for."""
    said = list(said)
    found = _found(kind, said, choices, loose)
    return found if kind in FREE_KINDS or not found else _without_either(kind, said, choices, found)


def _found(kind: str, said: list[str], choices: Sequence[str], loose: bool) -> list[Found]:
    return list(find_choices(said, choices, loose) if kind == "choice" else _FINDERS[kind](said, loose))


def _without_either(kind: str, said: list[str], choices: Sequence[str], found: list[Found]) -> list[Found]:
    """ "Two or three" is neither. The other one may be said loosely: the "three" of "at two or three"."""
    others = [*found, *_found(kind, said, choices, True)]

    def merged(one: Found) -> Found:
        for other in others:
            first, second = (one, other) if one.start < other.start else (other, one)
            is_next = not any(first.end <= third.start and third.end <= second.start for third in others)
            if one.value != other.value and is_next and _is_either(kind, said, first, second):
                return Found(EITHER, first.start, second.end)
        return one

    kept = list(dict.fromkeys(merged(one) for one in found))
    return [
        one for one in kept if not any(_is_within(one, longer) for longer in kept if longer.value == EITHER)
    ]


def _is_either(kind: str, said: list[str], first: Found, second: Found) -> bool:
    between, before = said[first.end : second.start], said[max(0, first.start - 1) : first.start]
    if len(between) > FARTHEST_OR or not between:
        return False
    ranges = kind in ("number", "time") and (
        (between == ["to"] and before != ["from"]) or (between == ["and"] and before == ["between"])
    )
    return "or" in between or between in (["maybe"], ["perhaps"]) or ranges


def is_possible(slot: Slot, value: str) -> bool:
    """Whether the slot takes `value`. A date of which nobody knows the weekday ("tomorrow") is possible."""
    if value in UNTAKEN:
        return False
    if slot.kind == "number":
        return (slot.least or 0) <= int(value) <= (LARGEST_NUMBER if slot.most is None else slot.most)
    if slot.kind == "time":
        return (slot.earliest or "00:00") <= value <= (slot.latest or "23:59")
    day = value.rpartition(" ")[2]
    return not slot.weekdays or day not in WEEKDAYS or day in slot.weekdays


# Speaking


def speak(kind: str, value: str) -> str:
    """The value as it is said in a sentence: "10:30" -> "half past ten", "tuesday" -> "Tuesday"."""
    if kind == "time":
        return _speak_time(value)
    if kind in ("weekday", "date"):
        return _speak_day(value)
    return value.title() if kind == "name" else value


def goes_without_on(kind: str, value: str) -> bool:
    """ "On Tuesday", but "tomorrow" and "next Tuesday"."""
    return kind == "date" and not value[:1].isdigit() and value not in WEEKDAYS


def _speak_time(value: str) -> str:
    hour, minute = (int(part) for part in value.split(":"))
    if (hour, minute) in ((12, 0), (0, 0)):
        return "noon" if hour else "midnight"
    named = {0: "{0}", 15: "quarter past {0}", 30: "half past {0}", 45: "quarter to {1}"}
    pattern = named.get(minute, "{0} oh " + _in_words(minute) if minute < 10 else "{0} " + _in_words(minute))
    spoken = pattern.format(ONES[(hour - 1) % 12 + 1], ONES[hour % 12 + 1])
    if 7 <= hour < 19:
        return spoken
    return spoken + (" in the morning" if hour < 12 else " in the evening" if hour < 22 else " at night")


def _speak_day(value: str) -> str:
    if value[:1].isdigit():
        *month, day = value.split("-")
        named = _ordinal_words(int(day))
        return f"the {named} of {MONTHS[int(month[0]) - 1].title()}" if month else f"the {named}"
    return " ".join(word.title() if word in WEEKDAYS else word for word in value.split())


def _ordinal_words(day: int) -> str:
    if day <= 20:
        return ORDINALS[day]
    if day == 30:
        return "thirtieth"
    return f"{TENS[day // 10 - 2]} {ORDINALS[day % 10]}"


def _in_words(number: int) -> str:
    if number < 20:
        return ONES[number]
    tens, ones = divmod(number, 10)
    return TENS[tens - 2] + (f" {ONES[ones]}" if ones else "")
