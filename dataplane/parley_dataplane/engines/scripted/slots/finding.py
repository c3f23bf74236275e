"""Which values of a kind were said, and whether a slot takes one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from parley_api.conversation import Slot
from parley_dataplane.engines.scripted.slots.amounts import find_numbers
from parley_dataplane.engines.scripted.slots.days import find_dates, find_weekdays
from parley_dataplane.engines.scripted.slots.found import EITHER, UNTAKEN, Found, is_within
from parley_dataplane.engines.scripted.slots.free import FREE_KINDS, find_choices, find_names, find_text
from parley_dataplane.engines.scripted.slots.times import find_times
from parley_dataplane.engines.scripted.slots.vocabulary import WEEKDAYS

LARGEST_NUMBER = 999_999
"""Of a slot without `most`."""

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
        one for one in kept if not any(is_within(one, longer) for longer in kept if longer.value == EITHER)
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
