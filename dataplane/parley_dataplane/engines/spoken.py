"""What is written, as people say it: numbers, times, dates, money, telephones, addresses, abbreviations; for eSpeak to
say and for PocketSphinx to expect.

    text -> at each beginning of a word: the first rule that knows it | the word itself, without markup -> what is said

Rules: pure; English is rewritten, of any other language only markup and pictures are left out, since its voice reads
its own numbers; every place of what is said knows where the written word that it stands for ends, so that the caption
and the history keep the agent's own spelling.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from dataclasses import dataclass

from parley_dataplane.engines.abbreviations import ALWAYS
from parley_dataplane.engines.numerals import cardinal
from parley_dataplane.engines.readings import Match, Rules, english
from parley_dataplane.engines.readings import rule as _rule


@dataclass(frozen=True, slots=True)
class Spoken:
    """`text` is what to say; what starts at or before `starts[i]` was written up to `ends[i]`."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def end_of(self, place: int) -> int:
        """Where, in the written text, the word ends that is being said at `place` of `text`."""
        index = bisect_right(self.starts, place) - 1
        return self.ends[max(0, index)] if self.ends else 0


def spoken(text: str, language: str = "en-US") -> Spoken:
    """`text` as it is said in `language`, of which English alone has rules; en-US has the month before the day."""
    low = language.lower()
    if not low.startswith("en"):
        return _rewritten(text, _FOREIGN)
    return _rewritten(text, _AMERICAN if low.startswith("en-us") else _BRITISH)


# How a text is gone through

_OPENING = "\"'([{“‘«*_~`"
_BLANK = re.compile(r"\s+")
_CHUNK = re.compile(r"[^\s—/]+|[—/]")
_WORD = re.compile(r"[a-z]+(?=[,;:!?]*(?:\s(?!\d)|$))")
"""That no rule knows but for some short forms: most of a text."""
_MARKUP = re.compile(r"\*\*|__|~~|(?<!\w)[*_`~]|[*_`~](?!\w)|\|")
_MARKER = re.compile(r"(?:[-–—•*+·▪●○|]|#{1,6}|[-=*_]{3,}|>(?!\s?\d))(?=\s|$)")
"""Of a list, a heading or a quotation, at the beginning of a line."""


def _rewritten(text: str, rules: Rules) -> Spoken:
    said: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    length = at = word_end = 0
    begins_line = True
    while at < len(text):
        if blank := _BLANK.match(text, at):
            at = blank.end()
            begins_line |= "\n" in blank[0]
            if said and not said[-1].endswith(" "):
                said.append(" ")
                length += 1
            continue
        if begins_line and (marker := _MARKER.match(text, at)):
            at = marker.end()
            continue
        piece, end = _piece(text, at, rules, begins_line)
        begins_line = False
        if piece:
            if end > word_end:
                blank = _BLANK.search(text, end)
                word_end = blank.start() if blank else len(text)
            starts.append(length)
            ends.append(word_end)
            said.append(piece)
            length += len(piece)
        at = end
    return Spoken("".join(said).rstrip(), tuple(starts), tuple(ends))


def _piece(text: str, at: int, rules: Rules, begins_line: bool) -> tuple[str, int]:
    """What is said of the text from `at` on, and where that ends."""
    if begins_line and rules is not _FOREIGN and (item := _ITEM.match(text, at)):
        return cardinal(int(item[1])) + ",", item.end()
    if (word := _WORD.match(text, at)) and word[0] not in ALWAYS:
        return word[0], word.end()
    first = text[at]
    kind = "digit" if first.isdecimal() else "letter" if first.isalpha() else "sign"
    for rule in rules[kind]:
        if (match := rule.pattern.match(text, at)) and (says := rule.say(match)) is not None:
            return says, match.end()
    if first in _OPENING:
        return _plain(first), at + 1
    chunk = _CHUNK.match(text, at)
    assert chunk
    return _plain(chunk[0]), chunk.end()


_ITEM = re.compile(r"(\d{1,2})[.)](?=\s)")
"""Of a numbered list."""


def _plain(word: str) -> str:
    """Without emphasis, pictures, and what is no character."""
    if word == "/":
        return " "
    kept = (letter for letter in _MARKUP.sub("", word) if unicodedata.category(letter) not in _UNSAID)
    return "".join(kept).replace("\ufe0f", "")


_UNSAID = frozenset({"Cc", "Cf", "Cn", "Co", "Cs", "Me", "So", "Sk"})
"""Categories of Unicode: what is no character, and pictures."""


def _linked(rules: Rules) -> Rules:
    """ "[our page](https://...)" is "our page"."""

    def text(match: Match) -> str:
        return _rewritten(match[1], linked).text

    link = _rule(r"!?\[([^\[\]\n]{0,200})\]\([^()\s]{0,500}\)", text)
    linked = {**rules, "sign": (link, *rules["sign"])}
    return linked


_AMERICAN = _linked(english(day_first=False))
_BRITISH = _linked(english(day_first=True))
_FOREIGN = _linked({"digit": (), "letter": (), "sign": ()})
