"""Numbers as they are said and written: "four", "two thousand and five", "a dozen", "120", "the fifth"."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from parley_dataplane.engines.scripted.slots.vocabulary import ONES, ORDINALS, TENS

HOMOPHONES = {"to": 2, "too": 2, "for": 4, "fore": 4, "ate": 8, "won": 1}
"""What a recogniser writes for a number that stands alone; believed only in the answer to a question."""

MAGNITUDES = {"thousand": 1_000, "k": 1_000, "million": 10**6, "billion": 10**9}

SIGNS = frozenset({"minus", "negative"})

DATED = re.compile(r"\d+(?:st|nd|rd|th)")


@dataclass(frozen=True, slots=True)
class Number:
    value: int
    end: int


def _digits(word: str) -> int | None:
    bare = word[:-2] if word.endswith(("st", "nd", "rd", "th")) else word
    return int(bare) if bare.isascii() and bare.isdigit() and len(bare) <= 12 else None


def below_hundred(said: Sequence[str], at: int) -> Number | None:
    if at >= len(said):
        return None
    if (digits := _digits(said[at])) is not None:
        return Number(digits, at + 1)
    if said[at] in ONES:
        return Number(ONES.index(said[at]), at + 1)
    if said[at] not in TENS:
        return None
    tens = 20 + 10 * TENS.index(said[at])
    if at + 1 < len(said) and said[at + 1] in ONES[1:10]:
        return Number(tens + ONES.index(said[at + 1]), at + 2)
    return Number(tens, at + 1)


def _below_thousand(said: Sequence[str], at: int) -> Number | None:
    """ "four", "twenty one", "a hundred and five", "two dozen"; "twelve hundred" as well."""
    half = list(said[at : at + 3]) == ["half", "a", "dozen"]
    if half:
        return Number(6, at + 3)
    start = at + 1 if said[at : at + 1] == ["a"] and said[at + 1 : at + 2] in _AFTER_A else at
    if start >= len(said):
        return None
    if said[start] in ("dozen", "couple"):
        return Number(12 if said[start] == "dozen" else 2, start + 1)
    if said[start] in MAGNITUDES and said[start] != "k":
        return Number(1, start)
    first = Number(1, start) if said[start] == "hundred" else below_hundred(said, start)
    following = said[first.end] if first and first.end < len(said) else ""
    if first and following == "dozen":
        return Number(12 * first.value, first.end + 1)
    if first is None or following != "hundred" or first.value > 99:
        return first
    rest = below_hundred(said, first.end + 1 + (said[first.end + 1 : first.end + 2] == ["and"]))
    if rest is None or rest.value > 99:
        return Number(100 * first.value, first.end + 1)
    return Number(100 * first.value + rest.value, rest.end)


_AFTER_A = [["hundred"], ["dozen"], ["couple"], ["thousand"], ["million"], ["billion"]]


def number_at(said: Sequence[str], at: int) -> Number | None:
    """A number that begins at `at`: "four", "two thousand and five", "one hundred million", "120"."""
    said = list(said)
    number: Number | None = None
    below = 10**12
    while group := _below_thousand(said, at):
        factor = MAGNITUDES.get(said[group.end], 1) if group.end < len(said) else 1
        value = group.value * factor
        if number and value >= below:
            break
        number = Number((number.value if number else 0) + value, group.end + (factor > 1))
        if factor == 1:
            break
        below = factor
        at = number.end + (said[number.end : number.end + 1] == ["and"])
    return number


def ordinal_at(said: Sequence[str], at: int) -> Number | None:
    """A day of the month: "fifth", "5th", "5", "twenty first", "thirty first"."""
    if at >= len(said):
        return None
    word = said[at]
    if word in ("twenty", "thirty") and at + 1 < len(said) and said[at + 1] in ORDINALS[1:10]:
        return Number((20 if word == "twenty" else 30) + ORDINALS.index(said[at + 1]), at + 2)
    if word == "thirtieth":
        return Number(30, at + 1)
    if word in ORDINALS:
        return Number(ORDINALS.index(word), at + 1)
    plain = below_hundred(said, at)
    most = 99 if DATED.fullmatch(word) else 31
    return plain if plain and 1 <= plain.value <= most else None
