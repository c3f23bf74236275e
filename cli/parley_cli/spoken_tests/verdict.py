"""What came of a question: was it the answer that its author wants?

Rules: an intent has answered when one of its answers was said, or one of its own questions for a slot; what an answer
holds in braces may be anything. Whoever is asked to say it again has lost a moment, whoever gets a wrong answer more:
they are counted apart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum

from parley_api.conversation import Conversation, Intent
from parley_cli.spoken_tests.questions import Question
from parley_dataplane.engines.scripted.builtin import ASK_AGAIN, CONFIRM, DEAF, SLOT_MISSED

_BRACES = re.compile(r"\{[^{}]*\}")


class Verdict(Enum):
    RIGHT = "right"
    AGAIN = "asked again"
    UNANSWERED = "unanswered"
    """The agent said that it does not know, or nothing."""
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Asked:
    """`question`, asked by `voice`, in noise or not; `heard` is what was understood, `said` what came back."""

    question: Question
    voice: str
    noisy: bool
    heard: str
    said: str
    verdict: Verdict


def verdict(question: Question, said: str, conversation: Conversation) -> Verdict:
    """`said` is the whole answer."""
    said = " ".join(said.split())
    wishes = [" ".join(one.wish.split()) for one in conversation.intents if one.wish is not None]
    asks_again = said.startswith(
        (*ASK_AGAIN, *DEAF, SLOT_MISSED, *(CONFIRM.format(wish=wish) for wish in wishes))
    )
    gives_up = not said or said == " ".join(conversation.fallback.split())
    if question.intent is None and question.answer is None:
        return Verdict.RIGHT if asks_again or gives_up else Verdict.WRONG
    if not gives_up and not asks_again and _is_wanted(question, said, conversation):
        return Verdict.RIGHT
    if asks_again:
        return Verdict.AGAIN
    return Verdict.UNANSWERED if gives_up else Verdict.WRONG


def _is_wanted(question: Question, said: str, conversation: Conversation) -> bool:
    if question.answer is not None and _plain(question.answer) not in _plain(said):
        return False
    if question.intent is None:
        return True
    intent = next(one for one in conversation.intents if one.name == question.intent)
    return any(pattern.match(said) for pattern in _answers(intent))


def _answers(intent: Intent) -> list[re.Pattern[str]]:
    texts = [*intent.every_answer, *(slot.ask for slot in intent.slots)]
    otherwise = [intent.otherwise, *(slot.otherwise for slot in intent.slots)]
    texts += [text for text in otherwise if text is not None]
    return [
        re.compile(r".+?".join(re.escape(part) for part in _BRACES.split(" ".join(text.split()))))
        for text in texts
    ]


def _plain(text: str) -> str:
    return " ".join(re.findall(r"[^\W_]+", text.casefold()))
