"""Cuts the answer, as the LLM makes it, into clauses that a voice can say one by one.

A clause ends at a sentence's end, at a line's, or at a comma or the like once it is long enough to sound natural; the
first may be shorter, so that the person hears something soon. Nothing is lost and nothing is reordered: the
clauses joined by spaces are the answer. What people say in one breath is not cut: "10 – 12 people", "March 4, 2026".
"""

from __future__ import annotations

import re
from typing import NamedTuple

from parley_dataplane.engines.base import Break

LONG_CHARS = 80
"""From here on a comma ends a clause: about 5 s of speech."""

FIRST_CHARS = 30
"""From here on a comma ends the first clause."""

MAX_CHARS = 300
"""A clause never grows past this: about 20 s of speech."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]”’*_]*\s+|\n\s*")
_PAUSE = re.compile(r"(?:[,;:]|(?<!\d\s)[—–])[\"')\]”’*_]*\s+(?=[^\d\s])")
_ABBREVIATION = re.compile(
    r"(?:\b(?:[A-Za-z]|Dr|Mr|Mrs|Ms|St|Mt|No|Nos|vs|etc|approx|incl|excl|ext|tel|Tel|min|max|Prof|Rev|Capt|Lt|Sgt|"
    r"Gen|Gov|Jr|Sr|Ave|Blvd|Rd|Apt|Ste|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|a\.m|p\.m|e\.g|i\.e)"
    r"|^\s*\d{1,2})\.\s+$"
)
"""Or the number of a list's item."""


class Clause(NamedTuple):
    """`after` is what of the answer's layout follows."""

    text: str
    after: Break = ""


class ClauseSplitter:
    """feed() each difference of the text, then flush()."""

    def __init__(self) -> None:
        self._text = ""
        self._first = True

    def feed(self, delta: str) -> list[Clause]:
        self._text += delta
        clauses: list[Clause] = []
        while (end := self._end()) is not None:
            text, self._text = self._text[:end], self._text[end:]
            if clause := text.strip():
                clauses.append(Clause(clause, _break(text)))
                self._first = False
        return clauses

    def flush(self) -> list[Clause]:
        """The answer is complete: what is left is its last clause."""
        rest, self._text = self._text.strip(), ""
        return [Clause(rest)] if rest else []

    def _end(self) -> int | None:
        for match in _SENTENCE_END.finditer(self._text):
            if match.end() > MAX_CHARS:
                break
            if "\n" in match[0] and match.end() == len(self._text):
                return None  # whether a paragraph ends here shows with what comes next
            if not _ABBREVIATION.search(self._text[: match.end()]):
                return match.end()
        enough = FIRST_CHARS if self._first else LONG_CHARS
        for match in _PAUSE.finditer(self._text):
            if enough <= match.end() <= MAX_CHARS:
                return match.end()
        if len(self._text) > MAX_CHARS:
            space = self._text.rfind(" ", 0, MAX_CHARS)
            return space + 1 if space > 0 else MAX_CHARS
        return None


def all_clauses(text: str) -> list[Clause]:
    """Of a text that is there as a whole."""
    splitter = ClauseSplitter()
    return splitter.feed(text) + splitter.flush()


def _break(text: str) -> Break:
    lines = text[len(text.rstrip()) :].count("\n")
    return "paragraph" if lines > 1 else "line" if lines else ""
