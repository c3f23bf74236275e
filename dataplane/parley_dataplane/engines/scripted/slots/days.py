"""Weekdays and dates. No clock is read, so that "tomorrow" stays "tomorrow"."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parley_dataplane.engines.scripted.slots.found import NO_SUCH_DAY, PAST, Found
from parley_dataplane.engines.scripted.slots.numbers import ordinal_at
from parley_dataplane.engines.scripted.slots.vocabulary import MONTHS, ORDINALS, WEEKDAYS
from parley_dataplane.engines.scripted.words import alikeness


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
        day = ordinal_at(said, at + 1 + the)
        return _dated(said[at], day.value, at, day.end) if day else None
    day = ordinal_at(said, at)
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
