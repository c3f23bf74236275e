"""What the person said or typed and has not been answered yet.

Rules: a question waits until an answer to it was heard, or until the person wants none; the oldest go first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parley_dataplane.engines.base import UserTurn

MAX_UNANSWERED = 8
"""Utterances that one answer joins at most; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Question:
    """Something said or typed; the times are those of its end, in seconds of the loop's clock. It has no words where
    somebody spoke and STT made nothing of it.
    """

    text: str
    alternatives: tuple[str, ...]
    confidence: float | None
    spoke_until: float
    ended: float
    understood: float
    typed: bool = False


class Questions:
    """Those of one call that wait, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: list[Question] = []

    def __bool__(self) -> bool:
        return bool(self._waiting)

    def all(self) -> tuple[Question, ...]:
        """The oldest first."""
        return tuple(self._waiting)

    def ask(self, question: Question) -> None:
        """One more; beyond MAX_UNANSWERED the oldest is forgotten, and beside words those without."""
        if question.text:
            self._waiting = [one for one in self._waiting if one.text]
        self._waiting.append(question)
        del self._waiting[:-MAX_UNANSWERED]

    def set_aside(self, done: Iterable[Question]) -> None:
        """These need no further answer. More may have come since they were asked."""
        self._waiting = [question for question in self._waiting if question not in done]


def joined(questions: Iterable[Question]) -> str:
    """The words of all of them."""
    return " ".join(question.text for question in questions if question.text)


def as_turn(questions: tuple[Question, ...]) -> UserTurn:
    """What an LLM is asked: other readings are of one utterance alone, and the confidence is the last one's."""
    last = questions[-1]
    alternatives = last.alternatives if len(questions) == 1 else ()
    typed = all(question.typed for question in questions)
    return UserTurn(joined(questions), alternatives, last.confidence, typed)
