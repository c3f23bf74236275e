"""Owns what the examples are asked: phrasings of their files, and the questions of a set under `sets/`.

A set was written by someone who had read the examples and nothing else: ten questions to each that it can answer, in
words of which no four in a row are in its file, and ten that it can't. Nobody tunes on a set; a new one is a new file.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from parley_api import VoiceAgent
from parley_cli.spoken_tests.questions import Question
from parley_dataplane.engines.expected import filled

EXAMPLES = ("reception", "restaurant", "museum")
SETS = Path(__file__).parent / "sets"
PHRASINGS = 12

OWN, OTHER, FOREIGN = "own phrasing", "paraphrase", "foreign"


@dataclass(frozen=True, slots=True)
class Posed:
    """`part` is OWN (a phrasing of the file), OTHER (the same in other words) or FOREIGN (none of its business)."""

    part: str
    question: Question


def posed(agent: VoiceAgent, written: Any, seed: int) -> list[Posed]:
    """All questions to one agent; `written` is its part of a set."""
    return [
        *(Posed(OWN, question) for question in phrasings(agent, seed)),
        *(Posed(OTHER, Question(**row)) for row in written["answerable"]),
        *(Posed(FOREIGN, Question(**row)) for row in written["foreign"]),
    ]


def phrasings(agent: VoiceAgent, seed: int) -> list[Question]:
    """One phrase each of PHRASINGS intents, with examples in the place of its slots.

    Of intents that can be the first thing in a call: one that requires a record has nothing to tell yet.
    """
    chance = random.Random(seed)
    intents = [one for one in agent.spec.conversation.intents if one.requires is None]
    chosen = chance.sample(intents, PHRASINGS)
    return [_question(intent.name, list(intent.phrases), intent, chance) for intent in chosen]


def _question(name: str, phrases: Sequence[str], intent: Any, chance: random.Random) -> Question:
    at = chance.randrange(len(phrases))
    return Question(next(filled(phrases[at], at, intent)), name)


def read_set(name: str) -> dict[str, Any]:
    """Raises FileNotFoundError where there is no such set."""
    read: dict[str, Any] = yaml.safe_load((SETS / f"{name}.yaml").read_text("utf-8"))
    return read


def sets() -> list[str]:
    return sorted(file.stem for file in SETS.glob("*.yaml"))
