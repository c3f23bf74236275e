"""How written numbers and times are said, for eSpeak to say and for PocketSphinx to expect.

Rules: pure; every spoken word knows where the written one that it stands for ends, so that the caption
and the history keep the agent's own spelling.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

_ONES = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS = (
    "zero", "ten", "twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety",
)  # fmt: skip

_CLOCK = re.compile(r"^([01]?\d|2[0-3]):([0-5]\d)$")
_PHONE = re.compile(r"^\+?\d{2,5}([-./]\d{2,5})+$")
_YEAR = re.compile(r"^(19|20)\d\d$")
_ABBREVIATIONS = {
    "dr.": "doctor",
    "mr.": "mister",
    "mrs.": "missus",
    "ms.": "miz",
    "e.g.": "for example",
    "i.e.": "that is",
    "approx.": "approximately",
    "min.": "minutes",
    "a.m.": "a m",
    "p.m.": "p m",
    "&": "and",
}
_EDGES = re.compile(r"^([\"'(\[]*)(.*?)([\"')\],;:!?.]*)$", re.DOTALL)


def cardinal(number: int) -> str:
    """0 to 999,999: "two hundred and five" without the "and"; beyond, digit by digit."""
    if number < 20:
        return _ONES[number]
    if number < 100:
        return _TENS[number // 10] + (f" {_ONES[number % 10]}" if number % 10 else "")
    for size, name in ((1000, "thousand"), (100, "hundred")):
        if number >= size:
            if number >= 1_000_000:
                return digits(str(number))
            rest = number % size
            return f"{cardinal(number // size)} {name}" + (f" {cardinal(rest)}" if rest else "")
    raise AssertionError(number)


def digits(number: str) -> str:
    return " ".join(_ONES[int(digit)] for digit in number if digit.isdigit())


def clock(hour: int, minute: int) -> str:
    """8:00 "eight o'clock", 8:05 "eight oh five", 18:30 "eighteen thirty"."""
    if minute == 0:
        return f"{cardinal(hour)} o'clock" if hour <= 12 else f"{cardinal(hour)} hundred hours"
    return f"{cardinal(hour)} {'oh ' if minute < 10 else ''}{cardinal(minute)}"


def say(word: str) -> str:
    """One written word, without blanks, as people say it; most are left alone."""
    if word.lower() in _ABBREVIATIONS:
        return _ABBREVIATIONS[word.lower()]
    before, core, after = _EDGES.match(word).groups()  # type: ignore[union-attr]
    if time := _CLOCK.match(core):
        return before + clock(int(time[1]), int(time[2])) + after
    if _PHONE.match(core):
        # A comma makes eSpeak pause between the groups, as people do.
        return before + ", ".join(digits(group) for group in re.split(r"\D+", core) if group) + after
    if _YEAR.match(core) and int(core) % 100 >= 10:
        return f"{before}{cardinal(int(core[:2]))} {cardinal(int(core[2:]))}{after}"
    return word


@dataclass(frozen=True, slots=True)
class Spoken:
    """`text` is what to say; the word that starts at or before `starts[i]` was written up to `ends[i]`."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def end_of(self, place: int) -> int:
        """Where, in the written text, the word ends that is being said at `place` of `text`."""
        index = bisect_right(self.starts, place) - 1
        return self.ends[max(0, index)] if self.ends else 0


def spoken(text: str) -> Spoken:
    """`text` with every word said as people say it."""
    said, starts, ends = [], [], []
    length = 0
    for match in re.finditer(r"\S+", text):
        word = say("".join(letter for letter in match[0] if letter.isprintable()))
        if word:
            starts.append(length)
            ends.append(match.end())
            said.append(word)
            length += len(word) + 1
    return Spoken(" ".join(said), tuple(starts), tuple(ends))
