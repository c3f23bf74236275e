"""Two phrases that the matcher takes for one are told, with where the other is and why; others are not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_api import VoiceAgent
from parley_cli.__main__ import main
from parley_cli.contradictions import contradictions
from parley_dataplane.engines.base import UserTurn
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.state import State
from tests.agent_file import AGENTS

WHY = "say more in one of the two: order, endings and what fills a slot tell nothing apart"
DAY = {"name": "day", "kind": "weekday", "ask": "Which day?"}
TIME = {"name": "time", "kind": "time", "ask": "What time?"}
TOPIC = {"name": "topic", "kind": "text", "ask": "What about?"}


def intent(name: str, *phrases: str, slots: tuple[dict[str, Any], ...] = (), **more: Any) -> dict[str, Any]:
    return {"name": name, "phrases": list(phrases), "answer": f"It is {name}.", "slots": list(slots), **more}


def agent(*intents: dict[str, Any], llm: str = "scripted") -> VoiceAgent:
    return VoiceAgent.model_validate(
        {
            "apiVersion": "parley.dev/v1alpha1",
            "kind": "VoiceAgent",
            "metadata": {"name": "a"},
            "spec": {
                "conversation": {"instructions": "Be kind.", "intents": list(intents)},
                "engines": {"llm": {llm: {}}},
            },
        }
    )


CONTRADICTORY = {
    "another ending of a word": (
        intent("hours", "are you open on Sunday"),
        intent("doors", "open on Sundays are you"),
    ),
    "a contraction": (intent("price", "what's the price"), intent("cost", "what is the price")),
    "a slot that may be left out": (
        intent("book", "book a visit {day}", slots=(DAY,)),
        intent("tour", "a visit, book", "the tour"),
    ),
    "slots of one kind": (
        intent("book", "come {day}", slots=(DAY,)),
        intent("move", "{when} come", slots=({**DAY, "name": "when"},)),
    ),
}

DIFFERENT = {
    "other words": (intent("hours", "when are you open"), intent("place", "where are you")),
    "a word more": (intent("hours", "are you open"), intent("sunday", "are you open on Sunday")),
    "what fills their slots": (
        intent("day", "move it to {day}", slots=(DAY,)),
        intent("time", "move it to {time}", slots=(TIME,)),
    ),
    "anything that may follow": (
        intent("story", "tell me about {topic}", slots=(TOPIC,)),
        intent("us", "tell me about you"),
    ),
    "one intent": (intent("hours", "are you open on Sunday", "on Sundays are you open"),),
}


@pytest.mark.parametrize("intents", CONTRADICTORY.values(), ids=CONTRADICTORY)
def test_what_the_matcher_takes_for_one_is_told(intents: tuple[dict[str, Any], ...]) -> None:
    first, second = intents
    (problem,) = contradictions(agent(*intents))
    assert problem.path == "spec.conversation.intents[1].phrases[0]"
    mine, others = second["phrases"][0], first["phrases"][0]
    assert problem.seen == f'"{mine}", which is to the matcher "{others}" of intents[0] ("{first["name"]}")'
    assert problem.instead == WHY


@pytest.mark.parametrize("key", [key for key in CONTRADICTORY if "slot" not in key])
def test_of_such_two_one_is_never_answered(key: str) -> None:
    """So that what is told is what happens in a call."""
    intents = CONTRADICTORY[key]
    dialogue = Dialogue(agent(*intents).spec.conversation)
    answers = {dialogue.answer(State(), UserTurn(one["phrases"][0], (), None))[0] for one in intents}
    assert len(answers) == 1


@pytest.mark.parametrize("intents", DIFFERENT.values(), ids=DIFFERENT)
def test_what_it_tells_apart_is_no_mistake(intents: tuple[dict[str, Any], ...]) -> None:
    assert contradictions(agent(*intents)) == []


def test_two_follow_ups_that_one_word_means_are_told_where_both_may_come() -> None:
    said = [
        {"phrases": ["yes please"], "answer": "Good."},
        {"phrases": ["please, yes"], "answer": "Fine."},
        {"phrases": ["please yes"], "after": "otherwise", "answer": "Oh."},
    ]
    asked = intent("ask", "is it there", requires="visit", otherwise="No.", stores="visit", followUps=said)
    (problem,) = contradictions(agent(asked))
    assert problem.path == "spec.conversation.intents[0].followUps[1].phrases[0]"
    assert problem.seen == '"please, yes", which is to the matcher "yes please" of followUps[0]'


def test_another_llm_is_not_held_to_it() -> None:
    assert contradictions(agent(*CONTRADICTORY["a contraction"], llm="instant")) == []


@pytest.mark.parametrize("file", AGENTS, ids=lambda file: file.name)
def test_the_examples_contradict_themselves_nowhere(file: Path) -> None:
    assert contradictions(VoiceAgent.model_validate(yaml.safe_load(file.read_text()))) == []


def test_check_tells_them_and_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "agent.yaml"
    whole = agent(*CONTRADICTORY["another ending of a word"])
    file.write_text(yaml.safe_dump(whole.model_dump(by_alias=True, exclude_unset=True, mode="json")))
    assert main(["check", str(file)]) == 2
    assert f"{file}: spec.conversation.intents[1].phrases[0]: saw" in capsys.readouterr().err
