"""Owns a run against any server that takes an offer by HTTP: so many calls at once, for so long, and what was measured.

    target = Target("http://127.0.0.1:9011", "/api/webrtc/offer", silence=0.2)
    samples = await measure(target, calls=3, seconds=60, seed=1)

Every sample is a dict that JSON holds; conversation.py says what is in it. Beside the figures there is one `LOAD` with
what the run cost: the share of a core that the client took and, where the server's pid is known, the server's tree.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import random
import time
from collections.abc import AsyncIterator, Callable

from tests.bench import machine
from tests.bench.conversation import Caller, Sample
from tests.bench.figures import CONNECT, FAILED, LOAD, MEMORY, connect_ms
from tests.bench.voices import sentences
from tests.bench.wire.call import LostError, RefusedError, Target, WireCall
from tests.bench.wire.microphone import Microphone, room
from tests.bench.wire.sdp import BadAnswerError
from tests.bench.wire.switchboard import Switchboard, now

CYCLE_SECS = 6.0
"""About one round: over so long the callers' first words are spread, and what they measure meanwhile does not count."""

CONNECTING_AT_ONCE = 4
HANG_UP_SECS = 0.05
MEMORY_SECS = 60.0

_FAILURES = (OSError, TimeoutError, RefusedError, LostError, BadAnswerError, EOFError, ValueError)


async def measure(
    target: Target,
    calls: int,
    seconds: float,
    seed: int,
    *,
    interrupt: bool = False,
    pid: int | None = None,
    data_channel: bool = False,
) -> list[Sample]:
    """Hold `calls` conversations at once for `seconds` and return the samples.

    All calls connect first, and talk for CYCLE_SECS before anything counts. `interrupt`: the answers are long, and each
    is interrupted. `data_channel`: time also when the server says that it listens (Parley's own messages). A call that
    could not be made, or was lost, is a sample of FAILED; the others go on.
    """
    samples: list[Sample] = []
    async with conversations(
        target, calls, seconds, seed, samples.append, interrupt=interrupt, data_channel=data_channel
    ) as run:
        await asyncio.sleep(CYCLE_SECS)
        client, server, begun = time.process_time(), _server_secs(pid), time.monotonic()
        run.board.latest = 0.0
        watch = asyncio.create_task(_watch_memory(pid, samples.append))
        await asyncio.sleep(seconds)
        watch.cancel()
        wall = time.monotonic() - begun
        load: Sample = {
            "figure": LOAD,
            "calls": calls,
            "seconds": round(wall, 1),
            "client_core": (time.process_time() - client) / wall,
            "client_late_ms": run.board.latest * 1000,
            "lost_packets": sum(call.lost_packets for call in run.calls),
        }
        if pid is not None:
            load |= {
                "server_core": (_server_secs(pid) - server) / wall,
                "resident_mib": machine.resident_bytes(machine.tree(pid)) / 2**20,
            }
        samples.append(load)
        await run.finished()
    return samples


class Run:
    """Conversations under way."""

    def __init__(self, board: Switchboard) -> None:
        self.board = board
        self.calls: list[WireCall[Microphone]] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def finished(self) -> None:
        """Wait until every caller has ended its round; raises what one of them raised."""
        await asyncio.gather(*self.tasks)


@contextlib.asynccontextmanager
async def conversations(
    target: Target,
    calls: int,
    seconds: float,
    seed: int,
    keep: Callable[[Sample], None],
    *,
    interrupt: bool = False,
    data_channel: bool = False,
) -> AsyncIterator[Run]:
    """Connect `calls` and let them talk; samples are kept from CYCLE_SECS to CYCLE_SECS + `seconds` on."""
    # Made before any call begins: whoever computes while calls go on is late at the wire.
    tapes, noise = sentences(seed), room(seed)
    board = Switchboard()
    run = Run(board)
    gate = asyncio.Semaphore(CONNECTING_AT_ONCE)

    async def connected(number: int) -> WireCall[Microphone] | None:
        microphone = Microphone(noise, start=number * 37)
        call = WireCall(board, target, microphone, data_channel=data_channel)
        async with gate:
            try:
                await call.connect()
            except _FAILURES as error:
                await call.hang_up()
                keep({"figure": FAILED, "call": number, "why": f"{type(error).__name__}: {error}"[:200]})
                return None
        return call

    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        made = await asyncio.gather(*(connected(number) for number in range(calls)))
        began = now()
        for number, call in enumerate(made):
            if call is None:
                continue
            run.calls.append(call)
            chance = random.Random(f"{seed} {interrupt} {number}")
            caller = Caller(
                number=number,
                call=call,
                sentences=tapes,
                chance=chance,
                silence=target.silence,
                keep=keep,
                began=began,
                measured_from=began + CYCLE_SECS,
                until=began + CYCLE_SECS + seconds,
            )
            run.tasks.append(asyncio.create_task(_talk(caller, interrupt=interrupt)))
        yield run
    finally:
        for task in run.tasks:
            task.cancel()
        await asyncio.gather(*run.tasks, return_exceptions=True)
        for call in run.calls:
            await call.hang_up()
        await asyncio.sleep(HANG_UP_SECS)
        board.close()
        gc.enable()
        gc.unfreeze()


async def _talk(caller: Caller, *, interrupt: bool) -> None:
    await asyncio.sleep(caller.chance.uniform(0.0, CYCLE_SECS))
    await (caller.interrupt() if interrupt else caller.take_turns())
    if caller.call.lost.is_set():
        caller.keep({"figure": FAILED, "call": caller.number, "why": "the server ended the call"})


async def connections(target: Target, count: int, seed: int, *, during: int = 0) -> list[Sample]:
    """Connect and hang up `count` times, one after the other, while `during` conversations go on."""
    samples: list[Sample] = []
    chance = random.Random(f"{seed} connections")
    noise = room(seed)
    ignored: list[Sample] = []
    # Longer than it takes: each lasts a fifth of a second or so, and it ends with this block anyway.
    async with conversations(target, during, count * 2.0 + 60.0, seed, ignored.append) as run:
        if during:
            await asyncio.sleep(CYCLE_SECS)
        for number in range(count):
            call = WireCall(run.board, target, Microphone(noise))
            try:
                await call.connect()
                milliseconds = connect_ms(call.offered_at, call.answered_at, call.connected_at)
                figure = {"figure": CONNECT, "call": number, "during": during, "milliseconds": milliseconds}
            except _FAILURES as error:
                figure = {"figure": FAILED, "call": number, "why": f"{type(error).__name__}: {error}"[:200]}
            samples.append(figure)
            await call.hang_up()
            await asyncio.sleep(chance.uniform(0.05, 0.25))
        samples += [sample for sample in ignored if sample["figure"] == FAILED]
    return samples


def _server_secs(pid: int | None) -> float:
    return machine.cpu_secs(machine.tree(pid)) if pid is not None else 0.0


async def _watch_memory(pid: int | None, keep: Callable[[Sample], None]) -> None:
    minute = 0
    while pid is not None:
        resident = machine.resident_bytes(machine.tree(pid))
        keep({"figure": MEMORY, "minute": minute, "mib": resident / 2**20})
        minute += 1
        await asyncio.sleep(MEMORY_SECS)
