"""A value as it was found, and what stands for one that is none."""

from __future__ import annotations

from dataclasses import dataclass

UNCLEAR, EITHER, NO_SUCH_DAY, PAST = "?unclear", "?either", "?no such day", "?past"

UNTAKEN = frozenset({UNCLEAR, EITHER, NO_SUCH_DAY, PAST})
"""What stands for a value that was said and is none: not read whole, one of several, on no calendar, or over."""


@dataclass(frozen=True, slots=True)
class Found:
    """A value, or one of UNTAKEN, and the words [start, end) that said it."""

    value: str
    start: int
    end: int


def is_within(one: Found, longer: Found) -> bool:
    """The "large" of "extra large" was not said by itself."""
    return (
        longer.start <= one.start
        and one.end <= longer.end
        and longer.end - longer.start > one.end - one.start
    )
