"""The words of an utterance that decodings in a row agree on, two unless more are asked for: what stays of
what is shown while a person still speaks.

Rules: pure. A word that was shown stays as it was shown, so that no caption flickers; the last word of a decoding may
be half a word, and is one of these only once more was heard and it is still there (LocalAgreement-2: Liu et al.,
Low-Latency Sequence-to-Sequence Speech Recognition and Translation by Partial Hypothesis Selection, 2020).
"""

from __future__ import annotations

from collections import deque
from itertools import takewhile

_UNSPACED = {"ja", "lo", "my", "th", "yue", "zh"}
"""Languages (as Whisper names them) that put no blanks between words: here each character counts as one."""

_EDGES = " .,;:!?…\"'«»“”„()[]-–—¿¡。、，！？"


class Agreement:
    """Of one utterance in `language`: tell it each decoding of all that was said so far. The last `held_back` words of
    a decoding are not agreed on yet, whatever it is; `decodings` in a row have to agree."""

    def __init__(self, language: str, held_back: int = 0, decodings: int = 2) -> None:
        self._between = "" if language in _UNSPACED else " "
        self._held_back = held_back
        self._before: deque[list[str]] = deque(maxlen=decodings - 1)
        self._shown: list[str] = []

    @property
    def text(self) -> str:
        """What is agreed on; a mark of punctuation at its end is not heard, but guessed from the pause."""
        return self._between.join(self._shown).rstrip(_EDGES)

    def with_rest(self, decoded: str) -> str:
        """`text`, and behind it what else there is in a decoding that holds all of it."""
        words = self._words(decoded)
        many = len(self._shown)
        rest = words[many:] if _plainly(words[:many]) == _plainly(self._shown) else []
        return self._between.join([*self._shown, *rest]).rstrip(_EDGES)

    def kept_in(self, decoded: str) -> str:
        """A decoding with what is agreed on at its beginning, whatever stands there instead."""
        return self._between.join([*self._shown, *self._words(decoded)[len(self._shown) :]])

    def holds(self, decoded: str) -> bool:
        """Whether a decoding begins with what is agreed on."""
        return _plainly(self._words(decoded)[: len(self._shown)]) == _plainly(self._shown)

    def tell(self, decoded: str) -> bool:
        """Whether `text` has grown."""
        words = self._words(decoded)
        many, whole = len(self._shown), len(self._before) == self._before.maxlen
        kept = zip(words[: max(0, len(words) - self._held_back)], *self._before, strict=False)
        agreed = [same[0] for same in takewhile(lambda same: len({*map(_plain, same)}) == 1, kept)]
        self._before.append(words)
        if not whole:
            return False
        if len(agreed) <= many or _plainly(agreed[:many]) != _plainly(self._shown):
            return False
        self._shown += agreed[many:]
        return True

    def _words(self, decoded: str) -> list[str]:
        return decoded.split() if self._between else list(decoded.strip())


def _plainly(words: list[str]) -> list[str]:
    return [_plain(word) for word in words]


def _plain(word: str) -> str:
    return word.strip(_EDGES).lower()
