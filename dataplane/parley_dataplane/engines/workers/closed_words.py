"""Which tokens may come next if nothing but known words is said: for a second hearing, in an agent's own words.

Rules: pure. A token is a piece of UTF-8 text, those that begin a word begin with a blank ("\\u2581", as SentencePiece
writes it); capitals make no difference, and a mark of punctuation may follow a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache

import numpy as np
import numpy.typing as npt

BLANK = "\u2581"
_MARKS = (".", ",", "?", "!")

Tokens = npt.NDArray[np.int64]


class ClosedWords:
    """`pieces` are all tokens in their order, `words` (lower case) those that may be said, `end` ends a text."""

    def __init__(self, pieces: Sequence[str], words: Iterable[str], end: int) -> None:
        self._end = end
        self._tokens: dict[str, list[int]] = {}
        for token, piece in enumerate(pieces):
            self._tokens.setdefault(piece.lower(), []).append(token)
        self._words = sorted({BLANK + word for word in words})
        self._whole = frozenset(self._words)
        self._marks = [token for mark in _MARKS for token in self._tokens.get(mark, [])]
        self.after = lru_cache(maxsize=8192)(self._after)

    def _after(self, word: str) -> Tokens:
        """What may follow `word`, the pieces since the last blank put together, lower case; "" is the beginning."""
        marked = word.rstrip("".join(_MARKS))
        tokens = self._continuing(marked) if marked == word else []
        if marked in self._whole or not word:
            tokens = [*tokens, *self._continuing("")]
        if marked in self._whole:
            tokens = [*tokens, self._end, *(self._marks if marked == word else ())]
        return np.array(sorted(set(tokens)), np.int64)

    def _continuing(self, begun: str) -> list[int]:
        """The pieces with which a known word goes on that begins so."""
        found: dict[str, None] = {}
        for word in self._words:
            if word.startswith(begun) and word != begun:
                rest = word[len(begun) :]
                found |= dict.fromkeys(rest[:size] for size in range(1, len(rest) + 1))
        return [token for piece in found for token in self._tokens.get(piece, ())]
