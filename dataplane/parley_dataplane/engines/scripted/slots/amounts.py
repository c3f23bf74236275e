"""The values of number slots: whole ones alone, with their sign; any other is said to be unclear."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from parley_dataplane.engines.scripted.slots.found import UNCLEAR, Found
from parley_dataplane.engines.scripted.slots.numbers import DATED, HOMOPHONES, MAGNITUDES, SIGNS, number_at
from parley_dataplane.engines.scripted.slots.times import find_times

BEYOND = frozenset(
    "hundreds thousands millions billions dozens trillion trillions lakh crore grand score halves thirds quarters "
    "tenths percent".split()
)
"""After a number they make it another one, that is not read."""

LIMITS = frozenset(
    {("more", "than"), ("less", "than"), ("fewer", "than"), ("at", "least"), ("at", "most"), ("up", "to")}
)
"""Before a number they leave open which one it is."""

_DECIMAL = re.compile(r"\d+\.\d+")


def find_numbers(said: Sequence[str], loose: bool) -> Iterator[Found]:
    stands_alone = loose and len(said) <= 2 and not any(number_at(said, at) for at in range(len(said)))
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
    if DATED.fullmatch(said[at]):
        return None
    if tuple(said[max(0, at - 2) : at]) in LIMITS and (open_one := number_at(said, at)):
        return Found(UNCLEAR, at, open_one.end)
    signed = said[at] in SIGNS
    is_half = list(said[at : at + 2]) == ["half", "a"] and said[at + 2 : at + 3] != ["dozen"]
    number = number_at(said, at + 1 if signed or is_half else at)
    if number is None:
        return None
    end = number.end
    following = list(said[end : end + 3])
    if following[:1] == ["point"] and (rest := number_at(said, end + 1)):
        return Found(UNCLEAR, at, rest.end)
    if following[:2] == ["and", "a"] and following[2:] in (["half"], ["quarter"], ["third"]):
        return Found(UNCLEAR, at, end + 3)
    if following and (following[0] in BEYOND or following[0] in MAGNITUDES or following[0] == "hundred"):
        return Found(UNCLEAR, at, end + 1)
    return Found(UNCLEAR if is_half else str(-number.value if signed else number.value), at, end)
