"""How the scripted agent's confidence is weighed: questions of nobody's test, spoken, heard, and matched.

    python -m tests.bench.confidence [--keep FILE]

confidence.csv -> eSpeak NG, three voices, quiet and noise in turn -> Moonshine as in a call -> the scripted agent ->
right, asked again, no answer, wrong; and the weights of engines/scripted/confidence.py, by logistic regression of
"was the best target the one that was meant?". `--keep` holds what was heard: a second run then hears nothing anew.
"""

from __future__ import annotations

import argparse
import asyncio
import csv
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from parley_api.knowledge import knowledge_texts
from parley_api.load import load
from parley_cli.spoken_tests.caller import in_room
from parley_cli.spoken_tests.questions import Question
from parley_cli.spoken_tests.verdict import verdict
from parley_dataplane.engines.base import Final, SttEngine, UserTurn
from parley_dataplane.engines.expected import examples
from parley_dataplane.engines.registry import build
from parley_dataplane.engines.scripted.confidence import features, is_learnt
from parley_dataplane.engines.scripted.dialogue import Dialogue
from parley_dataplane.engines.scripted.meaning import Meaning, Near
from parley_dataplane.engines.scripted.ranking import Heard
from parley_dataplane.engines.scripted.state import State
from parley_dataplane.errors import EngineError
from parley_dataplane.media import HEARING_FRAME, HEARING_RATE
from tests.speech import say

QUESTIONS = Path(__file__).with_suffix(".csv")
EXAMPLES = Path(__file__).parents[2] / "examples"
VOICES = ("gmw/en-GB-x-rp", "gmw/en", "gmw/en-US-nyc")
SNR_DB = 15.0
TRIES = 5
"""Of a decode."""

RECORDS = {
    "appointment": {"day": "tuesday", "time": "10:30"},
    "booking": {"people": "4", "day": "tuesday", "time": "19:30"},
    "tour": {"people": "4", "day": "tuesday", "part": "ships"},
}
TEXT = "text"
"""In the place of an intent: a text of the agent's knowledge answers it."""


@dataclass(frozen=True)
class Asked:
    """`intent` "" is a question that the agent can't answer."""

    agent: str
    intent: str
    say: str
    noisy: bool
    readings: tuple[str, ...]
    near: Near

    @classmethod
    def kept(cls, row: dict[str, Any]) -> Asked:
        return cls(**{**row, "readings": tuple(row["readings"]), "near": Near(**row["near"])})


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--keep", type=Path, help="a file for what was heard")
    keep: Path | None = options.parse_args().keep
    if keep is not None and keep.is_file():
        asked = [Asked.kept(one) for one in json.loads(keep.read_text())]
    else:
        asked = asyncio.run(ask_all())
        if keep is not None:
            keep.write_text(json.dumps([asdict(one) for one in asked], indent=1))
    talks = {name: Talk(name) for name in dict.fromkeys(one.agent for one in asked)}
    for title, some in (
        ("meant", [one for one in asked if one.intent]),
        ("foreign", [one for one in asked if not one.intent]),
        ("meant, in noise", [one for one in asked if one.intent and one.noisy]),
    ):
        counts = Counter(talks[one.agent].outcome(one) for one in some)
        print(title, len(some), {name: f"{100 * n / len(some):.0f} %" for name, n in sorted(counts.items())})
    told = [evidence for one in asked if one.intent != TEXT and (evidence := talks[one.agent].evidence(one))]
    weights, guesses = regression([row for row, _ in told], [right for _, right in told])
    print("constant, near, lead, agreement, evidence:", ", ".join(f"{weight:.1f}" for weight in weights))
    print("said likely -> was right, by fifths of the probability:")
    rights = np.array([right for _, right in told])
    for low in np.arange(0.0, 1.0, 0.2):
        inside = (guesses >= low) & (guesses < low + 0.2)
        if inside.any():
            print(f"  {guesses[inside].mean():.2f} -> {rights[inside].mean():.2f} of {inside.sum()}")


async def ask_all() -> list[Asked]:
    with QUESTIONS.open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    asked: list[Asked] = []
    for name in dict.fromkeys(row["agent"] for row in rows):
        talk = Talk(name)
        engine = build(load(EXAMPLES / f"{name}.yaml"), EXAMPLES).stt
        await asyncio.gather(engine.start(), talk.meaning.start())
        try:
            for at, row in enumerate(row for row in rows if row["agent"] == name):
                for turn in range(2):
                    voice = VOICES[(at + turn) % len(VOICES)]
                    pcm = in_room(say(row["say"], HEARING_RATE, voice=voice), SNR_DB if turn else None, at)
                    readings = await _heard(engine, pcm)
                    near = await talk.meaning.near(readings[0], readings[1:])
                    asked.append(Asked(name, row["intent"], row["say"], bool(turn), readings, near))
        finally:
            await asyncio.gather(engine.close(), talk.meaning.close())
    return asked


async def _heard(engine: SttEngine, pcm: npt.NDArray[np.int16]) -> tuple[str, ...]:
    # As the ear cuts it: a little before and after the voice.
    pcm = pcm[round(0.2 * HEARING_RATE) : -round(1.2 * HEARING_RATE)]
    for _ in range(TRIES - 1):
        try:
            return await _heard_once(engine, pcm)
        except EngineError:
            continue  # a busy machine: its worker has been replaced
    return await _heard_once(engine, pcm)


async def _heard_once(engine: SttEngine, pcm: npt.NDArray[np.int16]) -> tuple[str, ...]:
    stream = engine.open("en-US")
    for start in range(0, len(pcm), HEARING_FRAME):
        stream.push(pcm[start : start + HEARING_FRAME])
    stream.end()
    try:
        final = [event async for event in stream.events() if isinstance(event, Final)][-1]
    finally:
        await stream.aclose()
    return (final.text, *final.alternatives)


class Talk:
    """One example, to be asked."""

    def __init__(self, name: str) -> None:
        agent = load(EXAMPLES / f"{name}.yaml")
        self._conversation = agent.spec.conversation
        texts = knowledge_texts(agent, EXAMPLES)
        self._texts = " ".join(" ".join(text.text.split()) for text in texts)
        self._dialogue = Dialogue(self._conversation, texts)
        phrases = {intent.name: examples(intent) for intent in self._conversation.intents}
        self.meaning = Meaning(phrases, self._dialogue.passages)
        self._state = State(records=RECORDS)

    def outcome(self, asked: Asked) -> str:
        """right, asked again (about what was meant, or about something else), unanswered or wrong."""
        turn = UserTurn(asked.readings[0], asked.readings[1:])
        said, after = self._dialogue.answer(self._state, turn, asked.near)
        if after.doubted:
            return "is that right? yes" if after.doubted[0].intent == asked.intent else "is that right? no"
        wanted = None if asked.intent == TEXT else asked.intent or None
        answer = said if asked.intent == TEXT and said[:-1] in self._texts else None
        if asked.intent == TEXT and answer is None:
            answer = "no text says this"
        return verdict(Question(asked.say, wanted, answer), said, self._conversation).value

    def evidence(self, asked: Asked) -> tuple[Sequence[float], bool] | None:
        """What the confidence is made from where the classifier has told, and whether the best target was what was
        meant.
        """
        heard = Heard.of(UserTurn(asked.readings[0], asked.readings[1:]), asked.near)
        ranked = self._dialogue.ranking.rank(self._state, heard) if heard.said else []
        if not ranked or not is_learnt(ranked):
            return None
        return features(ranked), ranked[0].key == f"intent {asked.intent}"


def regression(
    rows: Sequence[Sequence[float]], rights: Sequence[bool], ridge: float = 0.05
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Weights, the constant first, and the probability of each row: Newton's method, a little held back by `ridge`."""
    x = np.column_stack([np.ones(len(rows)), np.array(rows)])
    y = np.array(rights, float)
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        p = 1 / (1 + np.exp(-x @ weights))
        hessian = (x * (p * (1 - p))[:, None]).T @ x + ridge * np.eye(len(weights))
        weights += np.linalg.solve(hessian, x.T @ (y - p) - ridge * weights)
    return weights, 1 / (1 + np.exp(-x @ weights))


if __name__ == "__main__":
    main()
