"""How soon a person reads what they say: the first text of an utterance, and its first word once that stays."""

from __future__ import annotations


class FirstWords:
    """Of one utterance, whose first voiced 10 ms arrived at `since`. Times are seconds of the loop's clock."""

    def __init__(self, since: float) -> None:
        self._since = since
        self._first: float | None = None
        self._stable = since
        self._word = ""

    def told(self, text: str, now: float) -> None:
        """The whole text so far was told; the last one is the final one. An empty text tells nothing."""
        word = text.split(maxsplit=1)[0].lower() if text.strip() else ""
        if word and self._first is None:
            self._first = now
        if word != self._word:
            self._word, self._stable = word, now

    @property
    def first_ms(self) -> float:
        """Until the first text; 0 where there was none."""
        return 1000 * ((self._since if self._first is None else self._first) - self._since)

    @property
    def stable_ms(self) -> float:
        """Until the first word that no later text has changed."""
        return 1000 * (self._stable - self._since)
