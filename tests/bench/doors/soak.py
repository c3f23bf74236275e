"""Owns the soak of FastRTC's door: ten calls that send slices of WebM/Opus as a MediaRecorder makes them, for minutes.

Half of them send binary, half `audio_base64`; of each half every second has a microphone that stays open, so that one
recording holds several questions, and the others record each question by itself and then send nothing. The agent is the
reception, with the embedded engines. What is shown: the memory of the server's processes by the minute, and tasks,
descriptors and memory before and after.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from typing import Any

import numpy as np

from tests import speech
from tests.bench import machine
from tests.bench.doors.questions import UP_RATE, Question, understood
from tests.bench.figures import FAILED, LEFT, MEMORY
from tests.bench.stages import SETTLE_SECS, Server, Stage, left
from tests.bench.summary import lines
from tests.clients.containers import slices
from tests.clients.sockets import FastRtcClient

Sample = dict[str, Any]

TALK = "questions of a call"
CALLS = 10
SLICE_SECS = 0.25
"""What `mediaRecorder.start(250)` sets."""

QUESTION_SECS = 9.0
"""From one question to the next: 1.5 s of silence end it, and its answer's first seconds are spoken."""

AFTER_SECS = 0.25
"""A recording of one question goes on for so long after it."""

WARM_MINUTES = 2
"""What is loaded or grows once has by then."""

Tape = list[bytes | None]
"""A slice for each SLICE_SECS; None where nothing is recorded."""


def stages(minutes: float) -> list[Stage]:
    async def soak(server: Server, chance: random.Random) -> list[Sample]:
        return await _soak(server, minutes, chance)

    return [Stage("soak", soak, "examples/reception.yaml", table=table)]


async def _soak(server: Server, minutes: float, chance: random.Random) -> list[Sample]:
    questions = understood(chance.randrange(2**31))
    tapes = {stays: tape(questions, stays_open=stays) for stays in (True, False)}
    # One call first: what is loaded once, with the first call, is not what calls leave.
    await _call(server.target.url, 0, tapes[False][: round(QUESTION_SECS / SLICE_SECS)], 0.0, [])
    await asyncio.sleep(SETTLE_SECS)
    samples: list[Sample] = [await left(server, "before")]
    until = asyncio.get_running_loop().time() + 60 * minutes
    watch = asyncio.create_task(_watch(server.pid, samples))
    async with asyncio.TaskGroup() as group:
        for number in range(CALLS):
            group.create_task(_call(server.target.url, number, tapes[number % 4 < 2], until, samples))
    watch.cancel()
    await asyncio.sleep(SETTLE_SECS)
    return [*samples, await left(server, "after")]


def tape(questions: Sequence[Question], *, stays_open: bool) -> Tape:
    """Return what a MediaRecorder hands out while each question is asked once, over digital silence."""
    if not stays_open:
        return [piece for question in questions for piece in _recorded_alone(question)]
    return list(slices(np.concatenate([_timed(question.pcm) for question in questions]), UP_RATE, SLICE_SECS))


def _recorded_alone(question: Question) -> Tape:
    recorded = slices(np.append(question.pcm, speech.silence(AFTER_SECS, UP_RATE)), UP_RATE, SLICE_SECS)
    return [*recorded, *[None] * (round(QUESTION_SECS / SLICE_SECS) - len(recorded))]


def _timed(pcm: speech.Pcm) -> speech.Pcm:
    """Return a question with the silence until the next one."""
    return np.pad(pcm, (0, round(QUESTION_SECS * UP_RATE) - pcm.size))


async def _call(url: str, number: int, played: Tape, until: float, samples: list[Sample]) -> None:
    """Send the tape at the pace of speech, again and again until the time is over, and at least once."""
    loop = asyncio.get_running_loop()
    asked = 0
    try:
        async with FastRtcClient(url) as client:
            send = client.send_base64 if number % 2 else client.send_bytes
            due = loop.time() + number * SLICE_SECS / CALLS
            while True:
                for piece in played:
                    due += SLICE_SECS
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    if piece:
                        await send(piece)
                asked += round(len(played) * SLICE_SECS / QUESTION_SECS)
                if loop.time() >= until:
                    break
            answered = len(client.events.of("response"))
            errors = sorted({str(error["code"]) for error in client.events.of("error")})
    except (OSError, TimeoutError) as error:
        samples.append({"figure": FAILED, "call": number, "why": f"{type(error).__name__}: {error}"[:200]})
        return
    samples.append({"figure": TALK, "call": number, "asked": asked, "answered": answered, "errors": errors})


async def _watch(pid: int, samples: list[Sample]) -> None:
    minute = 0
    while True:
        samples.append(
            {"figure": MEMORY, "minute": minute, "mib": machine.resident_bytes(machine.tree(pid)) / 2**20}
        )
        minute += 1
        await asyncio.sleep(60.0)


def table(samples: Sequence[Sample]) -> list[str]:
    """Return what the calls were told, the memory by the minute, and what is left."""
    talks = [sample for sample in samples if sample["figure"] == TALK]
    asked, answered = sum(t["asked"] for t in talks), sum(t["answered"] for t in talks)
    errors = sorted({error for talk in talks for error in talk["errors"]})
    said = [
        f"{len(talks)} calls asked {asked} questions and got {answered} answers; errors: {errors or 'none'}"
    ]
    memory = [sample["mib"] for sample in samples if sample["figure"] == MEMORY][WARM_MINUTES:]
    if len(memory) > 1:
        said.append(f"after minute {WARM_MINUTES} memory moved within {max(memory) - min(memory):.1f} MiB")
    return said + lines([sample for sample in samples if sample["figure"] in (MEMORY, LEFT, FAILED)])
