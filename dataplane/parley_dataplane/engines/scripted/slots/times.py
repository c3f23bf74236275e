"""Times of day: "half past ten", "ten thirty", "3 pm", "nine in the evening".

An hour without "am" or "pm" means the one between seven in the morning and half past six in the evening.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from parley_dataplane.engines.scripted.slots.found import Found
from parley_dataplane.engines.scripted.slots.numbers import (
    HOMOPHONES,
    MAGNITUDES,
    SIGNS,
    Number,
    below_hundred,
)
from parley_dataplane.engines.scripted.slots.vocabulary import TENS


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
    minutes = Number(named, at + 1) if named else below_hundred(said, at)
    if minutes is None or minutes.end >= len(said):
        return None
    way_at = minutes.end + (said[minutes.end] in ("minute", "minutes"))
    way = said[way_at] if way_at < len(said) else ""
    if way not in ("past", "after", "to", "before", "till", "of"):
        half = below_hundred(said, minutes.end) if said[at] == "half" else None
        return _Clock(half.value, 30, half.end, True) if half and 1 <= half.value <= 12 else None
    if way in ("to", "till") and way_at == minutes.end and minutes.value % 5:
        return None  # "seven to eight"
    hour = below_hundred(said, way_at + 1)
    if hour is None or not 1 <= hour.value <= 12 or not 0 < minutes.value < 60:
        return None
    if way in ("past", "after"):
        return _Clock(hour.value, minutes.value, hour.end, True)
    return _Clock(12 if hour.value == 1 else hour.value - 1, 60 - minutes.value, hour.end, True)


def _plain_clock(said: Sequence[str], at: int) -> _Clock | None:
    """ "ten", "ten thirty", "ten oh five", "ten o'clock", "3 pm"; sure if more than the hour was said."""
    hour = below_hundred(said, at)
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
    if following in ("oh", "o") and (minute := below_hundred(said, end + 1)) and minute.value < 10:
        return _Clock(hour.value % 24, minute.value, minute.end, True)
    minute = below_hundred(said, end)
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
