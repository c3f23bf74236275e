"""Cuts the answer, as the LLM makes it, into clauses that a voice can say one by one.

A clause ends at a sentence's end, or at a comma or the like once it is long enough to sound natural; the
first may be shorter, so that the person hears something soon. Nothing is lost and nothing is reordered: the
clauses joined by spaces are the answer.
"""

from __future__ import annotations

import re

LONG_CHARS = 80
"""From here on a comma ends a clause: about 5 s of speech."""

FIRST_CHARS = 30
"""From here on a comma ends the first clause."""

MAX_CHARS = 300
"""A clause never grows past this: about 20 s of speech."""

_SENTENCE_END = re.compile(r"[.!?…]+[\"')\]]*\s+|\n+")
_PAUSE = re.compile(r"[,;:—–][\"')\]]*\s+")
_ABBREVIATION = re.compile(r"(?:\b(?:[A-Za-z]|Dr|Mr|Mrs|Ms|St|No|vs|etc|approx|a\.m|p\.m|e\.g|i\.e))\.\s+$")


class ClauseSplitter:
    """feed() each difference of the text, then flush()."""

    def __init__(self) -> None:
        self._text = ""
        self._first = True

    def feed(self, delta: str) -> list[str]:
        self._text += delta
        clauses: list[str] = []
        while (end := self._end()) is not None:
            clause, self._text = self._text[:end].strip(), self._text[end:]
            if clause:
                clauses.append(clause)
                self._first = False
        return clauses

    def flush(self) -> list[str]:
        """The answer is complete: what is left is its last clause."""
        rest, self._text = self._text.strip(), ""
        return [rest] if rest else []

    def _end(self) -> int | None:
        for match in _SENTENCE_END.finditer(self._text):
            if match.end() > MAX_CHARS:
                break
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
