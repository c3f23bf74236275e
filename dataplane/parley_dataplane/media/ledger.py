"""What of an answer has been heard: clauses of text laid over the samples that left.

The speaker counts samples; this file alone turns a count into words. A word counts as heard once its last
sample has been heard, so an interruption never puts into the history what nobody could have understood.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from parley_dataplane.media import SPEAKING_RATE

CHARS_PER_SEC = 15.0
"""Of a clause whose audio is still being made: 165 words a minute of 5.5 characters, the embedded voice's
default.
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """`text` reached the listener, `unheard` did not; `seconds` of audio were heard."""

    text: str
    unheard: str
    seconds: float


@dataclass(slots=True)
class _Clause:
    text: str
    start: int
    samples: int = 0
    closed: bool = False
    said: int | None = None
    words: list[tuple[int, int]] = field(default_factory=list)

    def heard_chars(self, played: int) -> int:
        """How many characters of `text` were heard when `played` samples of this clause were."""
        if played <= 0:
            return 0
        end = self.samples if self.closed else None
        if self.said is not None:
            end = self.said  # the pause after the last word says nothing
        if end is not None and played >= end:
            return len(self.text)
        if self.words:
            return self._by_words(played)
        total = self.samples if self.closed else max(self.samples, self._guess())
        return self._whole_words(int(len(self.text) * played / max(total, 1)))

    def _by_words(self, played: int) -> int:
        chars = 0
        starts = [start for _, start in self.words[1:]]
        for (end, _), next_start in zip(self.words, starts, strict=False):
            if next_start > played:
                break
            chars = end
        return chars

    def _guess(self) -> int:
        return int(len(self.text) / CHARS_PER_SEC * SPEAKING_RATE)

    def _whole_words(self, chars: int) -> int:
        if chars >= len(self.text):
            return len(self.text)
        cut = self.text.rfind(" ", 0, chars + 1)
        return max(cut, 0)


class Ledger:
    """The clauses of one answer, in the order in which they are said. Counts are samples at SPEAKING_RATE."""

    def __init__(self) -> None:
        self._clauses: list[_Clause] = []

    def open(self, text: str) -> int:
        """Begin a clause; returns its index. The clause before must be closed: only then is its
        length known.
        """
        start = 0
        if self._clauses:
            last = self._clauses[-1]
            if not last.closed:
                raise ValueError("a clause is open: close it before opening the next")
            start = last.start + last.samples
        self._clauses.append(_Clause(text, start))
        return len(self._clauses) - 1

    def add(self, samples: int, words: tuple[tuple[int, int], ...] = (), is_pause: bool = False) -> None:
        """More audio of the open clause; `words` and `is_pause` as in engines.base.Speech."""
        clause = self._clauses[-1]
        if is_pause and clause.said is None:
            clause.said = clause.samples
        clause.samples += samples
        clause.words.extend(words)

    @property
    def has_begun(self) -> bool:
        """Whether there is audio of the last clause."""
        return bool(self._clauses) and self._clauses[-1].samples > 0

    def close(self) -> None:
        self._clauses[-1].closed = True

    def heard(self, samples: int) -> Heard:
        """What was heard, when `samples` of the answer were."""
        said: list[str] = []
        unsaid: list[str] = []
        for clause in self._clauses:
            chars = clause.heard_chars(samples - clause.start)
            said.append(clause.text[:chars].strip())
            unsaid.append(clause.text[chars:].strip())
        return Heard(_join(said), _join(unsaid), samples / SPEAKING_RATE)


def _join(parts: list[str]) -> str:
    return " ".join(part for part in parts if part)
