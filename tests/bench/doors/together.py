"""Owns whether one kind of client slows another: all four at once on one process, and each alone, in turn.

    together       instant engines; CALLS of each kind ask and hear out, in phases of some seconds: each kind alone and
                   all at once, in an order that the seed shuffles anew each round, so that the machine's moods meet all
    right-answers  embedded engines; one of each kind asks at the same time: how many answers were right

A caller of any kind waits for 200 ms of silence here (FastRTC's `config` says so), else a slow answer of it would hide
in its 1.5 s. Each answer is measured from the last voiced packet to the first audio, that silence included.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from typing import Any

from tests import agent_file
from tests.bench import machine
from tests.bench.doors.kinds import KINDS, Kind, Place, SocketTalker, Talker
from tests.bench.doors.questions import Question, asked, understood
from tests.bench.figures import FAILED, in_order, percentile
from tests.bench.stages import Server, Stage
from tests.bench.voices import SENTENCES
from tests.bench.wire.microphone import room
from tests.bench.wire.switchboard import Switchboard

Sample = dict[str, Any]

ANSWER = "last voiced packet -> first audio of the answer, the silence included"
PHASE = "phase"
RIGHT = "right answers"

CALLS = 5
ROUNDS = 4
SLOWER = 1.10
"""p95 together may be so many times p95 alone."""

ALONE, TOGETHER = "alone", "together"
SILENCE_SECS = 0.2
"""As examples/bench.yaml sets it."""

TONE_SECS = 1.0
WAIT_SECS = (0.5, 1.2)
ANSWER_WITHIN = 10.0
ASKED_BY_EACH = 3
LISTEN_SECS = 3.0


def stages(seconds: float) -> list[Stage]:
    """`seconds`: of one phase."""

    async def together(server: Server, chance: random.Random) -> list[Sample]:
        return await _rounds(server, seconds, chance)

    return [
        Stage("together", together, environment={"BENCH_TONE_SECS": str(TONE_SECS)}, table=table),
        Stage("right-answers", _right_answers, "examples/reception.yaml", table=right),
    ]


async def _rounds(server: Server, seconds: float, chance: random.Random) -> list[Sample]:
    questions = asked(SENTENCES, chance.randrange(2**31))
    noise = room(chance.randrange(2**31))
    samples: list[Sample] = []
    for number in range(ROUNDS):
        phases = [*([name] for name in KINDS), list(KINDS)]
        chance.shuffle(phases)
        for names in phases:
            board = Switchboard()
            place = Place(server.target.url, board, noise)
            try:
                samples += await _phase(server, place, names, questions, seconds, number, chance)
            finally:
                board.close()
    return samples


async def _phase(
    server: Server,
    place: Place,
    names: Sequence[str],
    questions: Sequence[Question],
    seconds: float,
    number: int,
    chance: random.Random,
) -> list[Sample]:
    phase = TOGETHER if len(names) > 1 else ALONE
    samples: list[Sample] = []
    until = asyncio.get_running_loop().time() + seconds
    cpu, began = machine.cpu_secs(machine.tree(server.pid)), time.monotonic()

    async def one(name: str, call: int, own: random.Random) -> None:
        where = {"kind": name, "phase": phase, "round": number, "call": call}
        try:
            await _talk(KINDS[name], place, call, questions, own, until, where, samples)
        except (OSError, TimeoutError) as error:
            samples.append({"figure": FAILED, **where, "why": f"{type(error).__name__}: {error}"[:200]})

    async with asyncio.TaskGroup() as group:
        for name in names:
            for call in range(CALLS):
                group.create_task(one(name, call, random.Random(chance.randrange(2**31))))
    used = machine.cpu_secs(machine.tree(server.pid)) - cpu
    late = max((sample["late_ms"] for sample in samples if "late_ms" in sample), default=0.0)
    samples.append(
        {
            "figure": PHASE,
            "phase": phase,
            "server_core": used / (time.monotonic() - began),
            "client_late_ms": late,
        }
    )
    return samples


async def _talk(
    kind: Kind,
    place: Place,
    call: int,
    questions: Sequence[Question],
    chance: random.Random,
    until: float,
    where: dict[str, Any],
    samples: list[Sample],
) -> None:
    loop = asyncio.get_running_loop()
    async with kind.call(place, call) as talker:
        await _hurry(talker)
        talker.late()
        while True:
            await asyncio.sleep(chance.uniform(*WAIT_SECS))
            if loop.time() > until:
                return
            begun, ended = await talker.say(chance.choice(questions))
            first = await talker.first_audible(ended, ANSWER_WITHIN)
            sample = {"figure": ANSWER, **where, "late_ms": talker.late() * 1000}
            if len(talker.audible_between(begun, ended)):
                samples.append(sample | {"early": True})
            else:
                in_order(("last voiced packet", ended), ("first audio", first))
                samples.append(sample | {"milliseconds": (first - ended) * 1000})
            await asyncio.sleep(max(0.0, first + TONE_SECS - talker.clock()))


async def _hurry(talker: Talker) -> None:
    """FastRTC's clients wait for 1.5 s unless they say otherwise; those of the others as the agent's file says."""
    if isinstance(talker, SocketTalker) and talker.client.path.startswith("/api/v1/rtc/"):
        since = talker.clock()
        await talker.client.send({"type": "config", "silence_timeout_ms": round(SILENCE_SECS * 1000)})
        await talker.told("config_updated", since)


def table(samples: Sequence[Sample]) -> list[str]:
    """Return a row for each kind: alone, together, and by how much p95 has grown, of all and beyond the silence."""
    lines = [
        "| client | n alone, together | p50 alone | p50 together | p95 alone | p95 together | p95 grew by | |"
        " beyond the silence, p95 alone, together |",
        "|---|--:|--:|--:|--:|--:|--:|---|--:|",
    ]
    for name, kind in KINDS.items():
        alone, together = (_milliseconds(samples, name, phase) for phase in (ALONE, TOGETHER))
        if not alone or not together:
            continue
        grown = percentile(together, 95) / percentile(alone, 95)
        beyond = [percentile(values, 95) - SILENCE_SECS * 1000 for values in (alone, together)]
        lines.append(
            f"| {kind.system}, `{kind.door}` | {len(alone)}, {len(together)}"
            f" | {percentile(alone, 50):.1f} | {percentile(together, 50):.1f}"
            f" | {percentile(alone, 95):.1f} | {percentile(together, 95):.1f}"
            f" | {100 * (grown - 1):+.1f} % | {'holds' if grown <= SLOWER else 'DOES NOT HOLD'}"
            f" | {beyond[0]:.1f}, {beyond[1]:.1f} |"
        )
    for phase in (ALONE, TOGETHER):
        found = [s for s in samples if s["figure"] == PHASE and s["phase"] == phase]
        core = max(s["server_core"] for s in found)
        late = max(s["client_late_ms"] for s in found)
        lines.append(
            f"{phase}: server at most {100 * core:.0f} % of its core; client's clock late by {late:.1f} ms"
        )
    early = sum("early" in s for s in samples)
    failed = [s["why"] for s in samples if s["figure"] == FAILED]
    lines.append(f"answered before the question was over: {early}; calls failed: {len(failed)} {failed[:1]}")
    return lines


def _milliseconds(samples: Sequence[Sample], name: str, phase: str) -> list[float]:
    return [
        s["milliseconds"]
        for s in samples
        if s["figure"] == ANSWER and s["kind"] == name and s["phase"] == phase and "milliseconds" in s
    ]


async def _right_answers(server: Server, chance: random.Random) -> list[Sample]:
    """One of each kind; in each round each asks another of the questions, all at once."""
    questions = understood(chance.randrange(2**31))
    place = Place(server.target.url, Switchboard(), room(chance.randrange(2**31)))
    ready = asyncio.Barrier(len(KINDS))

    async def one(number: int, name: str) -> list[Sample]:
        async with KINDS[name].call(place, number) as talker:
            found = []
            for turn in range(ASKED_BY_EACH):
                await ready.wait()
                question = questions[(number + turn) % len(questions)]
                answered = await _is_answered(talker, KINDS[name], question)
                found.append({"figure": RIGHT, "kind": name, "round": turn, "right": answered})
                await talker.silence()
            return found

    try:
        found = await asyncio.gather(*(one(*each) for each in enumerate(KINDS)))
        return [sample for samples in found for sample in samples]
    finally:
        place.board.close()


async def _is_answered(talker: Talker, kind: Kind, question: Question) -> bool:
    """Ask, and judge by the texts that this kind of client is told; a long answer by its first seconds."""
    begun, _ = await talker.say(question)
    try:
        await talker.told(kind.answer, begun, ANSWER_WITHIN)
    except TimeoutError:
        return False
    await asyncio.sleep(LISTEN_SECS)
    return is_right(
        [str(message["text"]) for _, message in talker.messages(begun) if message["type"] == kind.answer],
        agent_file.answers_to(question.text),
    )


def is_right(told: Sequence[str], answers: Sequence[str]) -> bool:
    """Whether the texts are one of the answers so far; before them there may be one that fills a pause."""
    said = [agent_file.plain(" ".join(texts)) for texts in (told, told[1:]) if texts]
    return any(text and answer.startswith(text) for answer in answers for text in said)


def right(samples: Sequence[Sample]) -> list[str]:
    """Return how many answers were right, and for each kind which were not."""
    lines = [
        f"{sum(s['right'] for s in samples)} of {len(samples)} answers were right, one of each kind at once"
    ]
    for sample in samples:
        if not sample["right"]:
            lines.append(f"wrong: {KINDS[sample['kind']].system}, round {sample['round']}")
    return lines
