"""What an agent's author wants to be understood: questions for `parley test`, with what has to be answered."""

from __future__ import annotations

from pydantic import Field

from parley_api.conversation import IntentName, Phrase, Sentence
from parley_api.model import Model


class SpokenTest(Model):
    """One question. With neither `intent` nor `answer` it is one that the agent must not answer."""

    say: Phrase = Field(description="What is asked, as people say it.")
    intent: IntentName | None = Field(
        default=None, description="Name of the intent that has to answer, or to ask for a slot."
    )
    answer: Sentence | None = Field(
        default=None, description="Words that the answer has to hold, small and capital letters alike."
    )
