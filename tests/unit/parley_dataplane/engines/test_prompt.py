"""What an LLM is told is bounded, in order, and never more than what was heard."""

from __future__ import annotations

from pathlib import Path

import pytest

from parley_api.conversation import Conversation
from parley_api.knowledge import KnowledgeText, knowledge_texts
from parley_api.load import load
from parley_dataplane.engines.base import Message, UserTurn
from parley_dataplane.engines.prompt import (
    LARGEST_HISTORY,
    LARGEST_SYSTEM,
    LARGEST_UNHEARD,
    messages,
    system_prompt,
)
from tests.agent_file import AGENTS


def conversation(**fields: object) -> Conversation:
    return Conversation.model_validate({"instructions": "You are a clinic.", **fields})


@pytest.mark.parametrize("example", AGENTS, ids=lambda file: file.stem)
def test_an_example_is_told_whole(example: Path) -> None:
    agent = load(example)
    knowledge = knowledge_texts(agent, example.parent)
    told = system_prompt(agent.spec.conversation, knowledge, "en-US")
    assert told.startswith(agent.spec.conversation.instructions.strip())
    assert agent.spec.conversation.fallback in told
    assert [intent.name for intent in agent.spec.conversation.intents if intent.phrases[0] not in told] == []
    assert [text.title for text in knowledge if f"{text.title}: " not in told] == []
    assert len(told) <= LARGEST_SYSTEM


def test_an_intent_is_its_questions_its_answer_and_what_to_ask_first() -> None:
    booking = {
        "name": "book",
        "phrases": ["book a table", "a table please", "may we come"],
        "answer": "See you on {day}.",
        "slots": [{"name": "day", "kind": "weekday", "ask": "For which day?"}],
    }
    told = system_prompt(conversation(intents=[booking]), (), "de-DE")
    assert (
        '- "book a table", "a table please": See you on {day}.\n  First ask for day (For which day?)' in told
    )
    assert "in the language de-DE" in told


def test_knowledge_that_is_too_long_is_cut_to_shares_and_short_texts_stay_whole() -> None:
    texts = [
        KnowledgeText("Prices", "A filling is 90."),
        *(KnowledgeText(f"Part {n}", "A sentence. " * 2_000) for n in range(3)),
    ]
    told = system_prompt(conversation(), texts, "en-US")
    assert LARGEST_SYSTEM - 200 < len(told) <= LARGEST_SYSTEM
    assert "\nPrices: A filling is 90.\n" in told
    parts = [line for line in told.splitlines() if line.startswith("Part ")]
    assert len(parts) == 3
    assert max(map(len, parts)) - min(map(len, parts)) < 20
    assert all(part.endswith("A sentence.") for part in parts)


def test_the_longest_instructions_leave_room_for_the_rest_and_are_whole() -> None:
    instructions = "x" * 16_384
    intents = [{"name": f"i{n}", "phrases": [f"question {n}"], "answer": "y" * 3_000} for n in range(9)]
    told = system_prompt(
        conversation(instructions=instructions, intents=intents), (KnowledgeText("T", "z " * 9_000),), "en"
    )
    assert told.startswith(instructions)
    assert "question 0" in told
    assert "question 8" not in told
    assert len(told) <= LARGEST_SYSTEM


def test_the_oldest_is_left_out_first_and_roles_alternate() -> None:
    history = [Message("user" if n % 2 == 0 else "assistant", f"{n} " + "w" * 500) for n in range(40)]
    said = messages("s", UserTurn("now"), history)
    assert said[-1] == {"role": "user", "content": "now"}
    assert [message["role"] for message in said[1:]] == ["user", "assistant"] * (len(said) // 2 - 1) + [
        "user"
    ]
    assert sum(len(message["content"]) for message in said) <= LARGEST_HISTORY + 600
    assert said[-2]["content"].startswith("39 ")


def test_a_turn_longer_than_the_history_may_be_is_still_sent() -> None:
    said = messages(
        "s", UserTurn("w" * (LARGEST_HISTORY + 1)), [Message("user", "a"), Message("assistant", "b")]
    )
    assert [len(message["content"]) for message in said] == [1, LARGEST_HISTORY + 1]


def test_an_answer_of_which_nothing_was_heard_is_told_by_who_interrupted_it() -> None:
    history = [Message("user", "Hello?"), Message("assistant", "", unheard="Good morning. " * 60)]
    _, said = messages("s", UserTurn("When are you open?"), history)
    first, note, last = said["content"].split("\n")
    assert (first, last) == ("Hello?", "When are you open?")
    assert note.startswith("(I interrupted you and did not hear: Good morning.")
    assert len(note) < LARGEST_UNHEARD + 50


def test_the_greeting_belongs_to_the_instructions_since_the_user_speaks_first() -> None:
    said = messages("s", UserTurn("Hi."), [Message("assistant", "Hello, this is the clinic.")])
    assert said == [
        {"role": "system", "content": "s\n\nWhat you have said before: Hello, this is the clinic."},
        {"role": "user", "content": "Hi."},
    ]
