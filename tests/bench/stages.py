"""Owns the stages of `make bench-media`: what each measures on a fresh server, and which of its lines are printed.

A stage is a name, what it does with a server, and how its raw samples become lines of a table. `honesty.py` has more.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.bench import machine
from tests.bench.figures import ANSWER, FAILED, IDLE_TIMER, LEFT, percentile
from tests.bench.measure import connections, measure
from tests.bench.summary import lines
from tests.bench.wire.call import Target
from tests.clients import plain_http

Sample = dict[str, Any]

REFERENCE_CALLS = 3
FIRST_RUNG, RUNG = 40, 20
HIGHEST_RUNG = 200
"""The limit of sessions in examples/bench.yaml: beyond it the agent refuses, whatever the core could do."""

BREAKS_MS = 200.0
"""By so much p95 may rise over that of REFERENCE_CALLS until a core is called full."""

DENSE = 100
SETTLE_SECS = 5.0


@dataclass(frozen=True)
class Server:
    """A server under measurement, pinned to its core with all its children."""

    target: Target
    pid: int


@dataclass(frozen=True)
class Stage:
    """`run(server, chance)` returns raw samples, dicts that JSON holds; `chance` is seeded by the run and the name.

    `agent` and `environment` are those of the server that is started for this stage alone. `table` makes the lines.
    """

    name: str
    run: Callable[[Server, random.Random], Awaitable[list[Sample]]]
    agent: str = "examples/bench.yaml"
    environment: Mapping[str, str] = field(default_factory=dict)
    table: Callable[[Sequence[Sample]], list[str]] = lines


def own_stages(seconds: float) -> list[Stage]:
    """Return the stages without the ladder. `seconds`: of one rung; what needs more samples takes a multiple of it."""

    async def overhead(server: Server, chance: random.Random) -> list[Sample]:
        return await measure(server.target, REFERENCE_CALLS, 5 * seconds, _seed(chance), pid=server.pid)

    async def barge_in(server: Server, chance: random.Random) -> list[Sample]:
        return await measure(
            server.target,
            REFERENCE_CALLS,
            4 * seconds,
            _seed(chance),
            interrupt=True,
            pid=server.pid,
            data_channel=True,
        )

    async def connect(server: Server, chance: random.Random) -> list[Sample]:
        count = max(20, round(2 * seconds))
        alone = await connections(server.target, count, _seed(chance))
        return alone + await connections(server.target, count, _seed(chance), during=50)

    async def slots(server: Server, chance: random.Random) -> list[Sample]:
        idle = await machine.idle_timer(machine.SERVER_CORE, seconds)
        timer = {"figure": IDLE_TIMER, "slots": idle.slots, "missed": idle.missed, "worst_ms": idle.worst_ms}
        return [timer, *await measure(server.target, DENSE, seconds, _seed(chance), pid=server.pid)]

    async def soak(server: Server, chance: random.Random) -> list[Sample]:
        # One call first: what is loaded once, with the first call, is not what calls leave.
        await connections(server.target, 1, _seed(chance))
        await asyncio.sleep(SETTLE_SECS)
        before = await left(server, "before")
        samples = await measure(server.target, DENSE, 10 * seconds, _seed(chance), pid=server.pid)
        await asyncio.sleep(SETTLE_SECS)
        return [before, *samples, await left(server, "after")]

    return [
        Stage("overhead", overhead),
        Stage("barge-in", barge_in, environment={"BENCH_TONE_SECS": "30"}),
        Stage("connect", connect),
        Stage(f"slots-at-{DENSE}", slots),
        Stage("soak", soak),
    ]


def rung(calls: int, seconds: float) -> Stage:
    """Return one rung of the ladder."""

    async def run(server: Server, chance: random.Random) -> list[Sample]:
        return await measure(server.target, calls, seconds, _seed(chance), pid=server.pid)

    return Stage(f"ladder-{calls:03}", run)


def is_full(reference: Sequence[Sample], samples: Sequence[Sample]) -> bool:
    """Whether p95 has risen by BREAKS_MS over the reference, or a call failed; raises ValueError without samples."""
    if any(sample["figure"] == FAILED for sample in samples):
        return True
    return p95(samples) >= p95(reference) + BREAKS_MS


def p95(samples: Sequence[Sample]) -> float:
    """Return the p95 of the answers in milliseconds; raises ValueError where there is none."""
    return percentile(
        [s["milliseconds"] for s in samples if s["figure"] == ANSWER and "milliseconds" in s], 95
    )


def _seed(chance: random.Random) -> int:
    return chance.randrange(2**31)


async def left(server: Server, when: str) -> Sample:
    """Return what the server holds with no call in it."""
    response = await plain_http.request("GET", server.target.url + "/metrics")
    tasks = re.search(r"^parley_asyncio_tasks (\S+)$", response.body.decode(), re.MULTILINE)
    pids = machine.tree(server.pid)
    return {
        "figure": LEFT,
        "when": when,
        "tasks": float(tasks[1]) if tasks else -1.0,
        "descriptors": machine.descriptors(pids),
        "processes": len(pids),
        "mib": machine.resident_bytes(pids) / 2**20,
    }
