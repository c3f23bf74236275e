"""Owns the stage in which the engines' processes die and hang during four calls: 50 times, by SIGKILL and SIGSTOP.

Two callers listen to stories one after the other, two ask by voice in turn. Recognition is hit in the middle of a
question, the voice in the middle of an answer. From that moment a fifth client sends a recorded question, again and
again until it is answered: the time to recover is what it had to wait. Who was hit has to hear an apology, or the
answer; who only listened, and who said nothing, should notice nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from websockets.exceptions import ConnectionClosed

from parley_api import load
from tests import speech
from tests.bench.figures import FAILED
from tests.bench.stages import Server, Stage
from tests.bench.summary import HEADER, lines, row
from tests.clients.containers import wav
from tests.clients.sockets import DuplexClient, FastRtcClient
from tests.server import ROOT, descendants

Sample = dict[str, Any]

AGENT = "examples/reception.yaml"
APOLOGY = load(ROOT / AGENT).spec.conversation.apology

USUAL = "recorded question -> answer, nothing hit"
RECOVERY = "hit -> answer to a question recorded before"
VICTIM = "the caller who was hit"
GAP = "longest gap between two messages of a story, 2 s"
LISTENER = "a story while a worker was hit"
SILENT = "a caller who said nothing while a worker was hit"
LATE = "a round that came to no end"
CALL = "a call at the end"

QUESTION = "When are you open?"
STORY = "Tell me a story."
WINDOW_SECS = 2.0
"""Before and after a worker is hit, in which who listens could notice."""
ANSWER_SECS = 12.0
"""From the end of a question until nothing is waited for any more."""
ROUND_SECS = 60.0
BEFORE = 10
"""Recorded questions that are asked before anything is hit."""

WORKERS = ("moonshine", "espeak")
SIGNALS = {"killed": signal.SIGKILL, "stopped": signal.SIGSTOP}


@dataclass(frozen=True)
class Hit:
    """Number of the round, which worker, and how."""

    number: int
    worker: str
    how: str

    @classmethod
    def of(cls, number: int) -> Hit:
        return cls(number, WORKERS[number % 2], tuple(SIGNALS)[number // 2 % 2])

    @property
    def name(self) -> str:
        return f"{self.worker} {self.how}"


def stages(hits: int) -> list[Stage]:
    async def workers(server: Server, chance: random.Random) -> list[Sample]:
        return await _workers(server, hits, chance)

    return [Stage("workers", workers, AGENT, table=table)]


async def _workers(server: Server, hits: int, chance: random.Random) -> list[Sample]:
    async with contextlib.AsyncExitStack() as open_calls:
        calls = [await open_calls.enter_async_context(DuplexClient(server.target.url)) for _ in range(4)]
        return await _hit(server, calls, hits, chance)


async def _hit(
    server: Server, calls: Sequence[DuplexClient], hits: int, chance: random.Random
) -> list[Sample]:
    samples: list[Sample] = []
    listeners, talkers = [Listener(call) for call in calls[:2]], calls[2:]
    prober = Prober(server.target.url)
    for _ in range(BEFORE):
        samples.append({"figure": USUAL, "milliseconds": 1000 * await prober.answered()})
    for listener in listeners:
        listener.task = asyncio.create_task(listener.listen())
    for number in range(hits):
        hit = Hit.of(number)
        asks, silent = talkers[number // 4 % 2], talkers[1 - number // 4 % 2]
        try:
            async with asyncio.timeout(ROUND_SECS):
                samples += await _round(server.pid, hit, asks, silent, listeners, prober, chance)
        except TimeoutError:
            samples.append({"figure": LATE, "hit": hit.name, "number": number})
    for listener in listeners:
        assert listener.task is not None
        listener.task.cancel()
        await asyncio.gather(listener.task, return_exceptions=True)
    return [*samples, *[await _at_the_end(number, call) for number, call in enumerate(calls)]]


async def _round(
    server: int,
    hit: Hit,
    asks: DuplexClient,
    silent: DuplexClient,
    listeners: Sequence[Listener],
    prober: Prober,
    chance: random.Random,
) -> list[Sample]:
    began = time.monotonic()
    spoken = asks.say(speech.say(QUESTION, asks.rate))
    if hit.worker == "moonshine":
        await spoken.begun()
        await asyncio.sleep(chance.uniform(0.2, 0.8))
    else:
        asked = await spoken.ended()
        await asks.answer_leaves(asked)
        await asyncio.sleep(chance.uniform(0.0, 0.2))
    at = time.monotonic()
    os.kill(_worker(server, hit.worker), SIGNALS[hit.how])
    recovery = await prober.answered()
    await _over(asks, max(at, await spoken.ended()))
    await asyncio.sleep(max(0.0, at + WINDOW_SECS - time.monotonic()))
    said = {"hit": hit.name, "number": hit.number}
    return [
        {"figure": RECOVERY, **said, "milliseconds": 1000 * recovery},
        {"figure": VICTIM, **said, "heard": _fate(asks, began, at)},
        {"figure": SILENT, **said, "heard": [e.body["type"] for e in silent.events.all if e.at >= began]},
        *(listener.noticed(said, at) for listener in listeners),
    ]


def _worker(server: int, name: str) -> int:
    """The process of that engine which the server has now; one that is on its way up counts."""
    deadline = time.monotonic() + 5.0
    while time.monotonic() < deadline:
        for pid in descendants(server):
            try:
                command = Path(f"/proc/{pid}/cmdline").read_bytes()
            except OSError:
                continue
            if f"{name}_worker".encode() in command:
                return pid
        time.sleep(0.01)
    raise AssertionError(f"the server has no {name} worker")


async def _over(call: DuplexClient, since: float) -> None:
    """Wait until nobody speaks any more in the call; without a word in ANSWER_SECS that is not waited for."""
    deadline = time.monotonic() + ANSWER_SECS
    while time.monotonic() < deadline:
        states = [event.body["state"] for event in call.events.all if event.body["type"] == "state"]
        if call.events.of("heard", since) and states[-1] == "idle":
            return
        await asyncio.sleep(0.05)


def _fate(call: DuplexClient, began: float, at: float) -> str:
    """What who was hit heard in the end."""
    said = " ".join(body["text"] for body in call.events.of("text", began))
    heard = [body["heard"] for body in call.events.of("heard", at)]
    if not any(heard):
        return "nothing"
    return "an apology" if APOLOGY.split(".")[0] in said else "the answer"


async def _at_the_end(number: int, call: DuplexClient) -> Sample:
    """Whether the call is there, and answers."""
    try:
        await call.send({"type": "interrupt"})
        await asyncio.sleep(0.5)
        asked = time.monotonic()
        await call.send({"type": "text", "text": QUESTION})
        await call.heard.first_audible(asked, within=ANSWER_SECS)
    except (TimeoutError, ConnectionClosed) as error:
        return {
            "figure": FAILED,
            "call": number,
            "why": f"call {number}: {type(error).__name__}: {error}"[:200],
        }
    return {"figure": CALL, "call": number}


@dataclass
class Listener:
    """A caller who types for a story, hears it out, and wants the next one."""

    call: DuplexClient
    task: asyncio.Task[None] | None = None
    begun: list[float] = field(default_factory=list)

    async def listen(self) -> None:
        while True:
            asked = time.monotonic()
            await self.call.send({"type": "text", "text": STORY})
            with contextlib.suppress(TimeoutError):
                self.begun.append(await self.call.answer_leaves(asked))
                await self.call.events.wait("heard", asked, within=90.0)

    def noticed(self, said: Sample, at: float) -> Sample:
        """How the story arrived before and after `at`; no gap where it did not sound all the time."""
        start, end = at - WINDOW_SECS, at + WINDOW_SECS
        begun = max((one for one in self.begun if one <= start), default=end)
        whole = begun <= start and not any(
            event.body["type"] == "heard" for event in self.call.events.all if begun <= event.at < end
        )
        events = [event.body for event in self.call.events.all if start <= event.at < end]
        gaps = [
            1000 * max(b - a for a, b in self.call.heard.gaps(*window)) if whole else None
            for window in ((start, at), (at, end))
        ]
        problems = [body["code"] for body in events if body["type"] == "error"]
        sorry = any(body["type"] == "text" and body["text"].strip() in APOLOGY for body in events)
        return {
            "figure": LISTENER,
            **said,
            "gap_before_ms": gaps[0],
            "gap_after_ms": gaps[1],
            "problems": problems,
            "apology": sorry,
        }


class Prober:
    """Sends a recorded question through FastRTC's door until it is answered."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._recording = wav(speech.say(QUESTION), FastRtcClient.rate)

    async def answered(self) -> float:
        """Ask until there is an answer, in a session of its own; return the seconds from now to its first sound."""
        began = time.monotonic()
        async with FastRtcClient(self._url) as client:
            while True:
                asked = time.monotonic()
                await client.send_bytes(self._recording)
                while time.monotonic() < asked + ANSWER_SECS and not client.events.of("error", asked):
                    if any(body["text"] != APOLOGY for body in client.events.of("response", asked)):
                        return (await client.heard.first_audible(asked, within=ANSWER_SECS)).at - began
                    await asyncio.sleep(0.005)


def table(samples: Sequence[Sample]) -> list[str]:
    """Return the times to recover, what each of the callers heard, and how many calls were lost."""
    out = list(HEADER)
    groups: dict[str, list[float]] = {}
    for sample in samples:
        if sample["figure"] == USUAL:
            groups.setdefault(USUAL, []).append(sample["milliseconds"])
        elif sample["figure"] == RECOVERY:
            for name in (RECOVERY, f"- {sample['hit']}"):
                groups.setdefault(name, []).append(sample["milliseconds"])
    stories = [sample for sample in samples if sample["figure"] == LISTENER]
    for when in ("before", "after"):
        gaps = [sample[f"gap_{when}_ms"] for sample in stories]
        groups[f"{GAP} {when} it"] = [gap for gap in gaps if gap is not None]
    out += [row(name, values) for name, values in groups.items() if values]
    fates = Counter((sample["hit"], sample["heard"]) for sample in samples if sample["figure"] == VICTIM)
    out += [f"{hit}: {count} heard {fate}" for (hit, fate), count in sorted(fates.items())]
    problems = sum(bool(sample["problems"]) for sample in stories)
    apologies = sum(sample["apology"] for sample in stories)
    out.append(
        f"of {len(stories)} times that a caller listened meanwhile, {problems} were told an error,"
        f" {apologies} an apology"
    )
    silent = [sample["heard"] for sample in samples if sample["figure"] == SILENT]
    out.append(
        f"of {len(silent)} times that a caller said nothing, {sum(map(bool, silent))} were told something"
    )
    late = sum(sample["figure"] == LATE for sample in samples)
    if late:
        out.append(f"{late} rounds came to no end within {ROUND_SECS:.0f} s")
    alive = sum(sample["figure"] == CALL for sample in samples)
    failed = [sample for sample in samples if sample["figure"] == FAILED]
    out.append(f"{len(failed)} of {alive + len(failed)} calls lost")
    return out + lines(failed)
