"""Owns the soak of FastRTC's door: ten calls that send slices of WebM/Opus as a MediaRecorder makes them, for minutes.

Half of them send binary, half `audio_base64`; of each half every second has a microphone that stays open, so that one
recording holds several questions, and the others record each question by itself and then send nothing. The agent is the
reception, with the embedded engines. What is shown: what became of each question, the memory of the server's processes
by the minute, and tasks, descriptors and memory before and after.

The calls begin one after the other, spread over the time of a question, so that three or four speak at a time. Ten that
speak at once fill a core with recognition, and are understood when they have begun to ask again: one answer is then for
both questions, or it is interrupted, and no error tells of it.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np
from websockets.exceptions import ConnectionClosed

from tests import speech
from tests.bench import machine
from tests.bench.doors.fates import SAID, fates
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

QUESTION_SLICES = round(QUESTION_SECS / SLICE_SECS)

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
    texts = [question.text for question in questions]
    tapes = {stays: tape(questions, stays_open=stays) for stays in (True, False)}
    # One call first: what is loaded once, with the first call, is not what calls leave.
    await _call(server.target.url, 0, texts, tapes[False][:QUESTION_SLICES], 0.0, [])
    await asyncio.sleep(SETTLE_SECS)
    samples: list[Sample] = [await left(server, "before")]
    until = asyncio.get_running_loop().time() + 60 * minutes
    watch = asyncio.create_task(_watch(server.pid, samples))
    async with asyncio.TaskGroup() as group:
        for number in range(CALLS):
            group.create_task(_call(server.target.url, number, texts, tapes[number % 4 < 2], until, samples))
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
    return [*recorded, *[None] * (QUESTION_SLICES - len(recorded))]


def _timed(pcm: speech.Pcm) -> speech.Pcm:
    """Return a question with the silence until the next one."""
    return np.pad(pcm, (0, round(QUESTION_SECS * UP_RATE) - pcm.size))


async def _call(
    url: str, number: int, texts: Sequence[str], played: Tape, until: float, samples: list[Sample]
) -> None:
    """Send the tape, on which `texts` are asked, at the pace of speech, again and again until the time is over, and at
    least once.
    """
    loop = asyncio.get_running_loop()
    asked: list[tuple[float, str]] = []
    try:
        await asyncio.sleep(number * QUESTION_SECS / CALLS)
        async with FastRtcClient(url) as client:
            send = client.send_base64 if number % 2 else client.send_bytes
            due = loop.time()
            while True:
                for place, piece in enumerate(played):
                    if place % QUESTION_SLICES == 0:
                        asked.append((time.monotonic(), texts[place // QUESTION_SLICES]))
                    due += SLICE_SECS
                    await asyncio.sleep(max(0.0, due - loop.time()))
                    if piece:
                        await send(piece)
                if loop.time() >= until:
                    break
            told = [(event.at, event.body) for event in client.events.all]
    except (OSError, TimeoutError, ConnectionClosed) as error:
        samples.append({"figure": FAILED, "call": number, "why": f"{type(error).__name__}: {error}"[:200]})
        return
    errors = sorted({str(message["code"]) for _, message in told if message["type"] == "error"})
    samples.append({"figure": TALK, "call": number, "fates": Counter(fates(asked, told)), "errors": errors})


async def _watch(pid: int, samples: list[Sample]) -> None:
    minute = 0
    while True:
        samples.append(
            {"figure": MEMORY, "minute": minute, "mib": machine.resident_bytes(machine.tree(pid)) / 2**20}
        )
        minute += 1
        await asyncio.sleep(60.0)


def table(samples: Sequence[Sample]) -> list[str]:
    """Return what became of the questions, the memory by the minute, and what is left."""
    talks = [sample for sample in samples if sample["figure"] == TALK]
    counted = {fate: sum(talk["fates"].get(fate, 0) for talk in talks) for fate in SAID}
    errors = sorted({error for talk in talks for error in talk["errors"]})
    said = [f"{len(talks)} calls asked {sum(counted.values())} questions; errors: {errors or 'none'}"]
    said += [f"- {count} {SAID[fate]}" for fate, count in counted.items() if count]
    memory = [sample["mib"] for sample in samples if sample["figure"] == MEMORY][WARM_MINUTES:]
    if len(memory) > 1:
        said.append(f"after minute {WARM_MINUTES} memory moved within {max(memory) - min(memory):.1f} MiB")
    return said + lines([sample for sample in samples if sample["figure"] in (MEMORY, LEFT, FAILED)])
