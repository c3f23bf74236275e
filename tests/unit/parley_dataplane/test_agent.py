"""What an agent tells of itself: what one may ask it first is in its author's words, and can be answered as it is."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley_api.knowledge import knowledge_texts
from parley_api.load import load
from parley_dataplane.agent import LONGEST_EXAMPLE, MOST_EXAMPLES, things_to_ask
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import State

EXAMPLES = Path(__file__).parents[3] / "examples"


@pytest.mark.parametrize("name", ["reception", "restaurant", "museum"])
def test_what_one_may_ask_is_answered_or_asked_about(name: str) -> None:
    agent = load(EXAMPLES / f"{name}.yaml")
    conversation = agent.spec.conversation
    asked = things_to_ask(agent.spec)
    assert 4 <= len(set(asked)) == len(asked) <= MOST_EXAMPLES
    refusals = [conversation.fallback, *(intent.otherwise for intent in conversation.intents)]
    talk = Dialogue(conversation, knowledge_texts(agent, EXAMPLES))
    for text in asked:
        assert "{" not in text
        assert len(text) <= LONGEST_EXAMPLE
        assert talk.answer(State(), UserTurn(text, typed=True))[0] not in refusals


def test_a_phrase_without_a_slot_is_taken_and_what_needs_a_record_is_left() -> None:
    conversation = load(EXAMPLES / "reception.yaml").spec
    first, second, third = conversation.conversation.intents[:3]
    intents = [
        first.model_copy(update={"phrases": ["a table for {people}", "book a table", "reserve a table"]}),
        second.model_copy(update={"requires": "booking", "otherwise": "There is none."}),
        third.model_copy(update={"phrases": ["is {dish} vegan"]}),
    ]
    talk = conversation.conversation.model_copy(update={"intents": intents})
    assert things_to_ask(conversation.model_copy(update={"conversation": talk, "tests": []})) == [
        "book a table"
    ]


def test_what_the_tests_expect_of_the_knowledge_is_among_it() -> None:
    assert things_to_ask(load(EXAMPLES / "museum.yaml").spec)[-2:] == [
        "how long is the skeleton of the whale",
        "who was the last keeper of the lighthouse",
    ]
