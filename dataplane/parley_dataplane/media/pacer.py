"""The one clock that paces every call of the process: a tick each 20 ms, whatever the number of calls.

Rules: one task, no timer per call; a call's tick is a plain function that must not wait; a call whose tick
raises is taken off the clock and told, and the others do not notice. Ticks carry their nominal time, so that
a late loop does not bend the audio's time: up to CATCH_UP ticks are made good at once, a longer stall is
skipped and counted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from parley_dataplane.media import FRAME_SECS

CATCH_UP = 10
"""Ticks that a late loop makes good: 200 ms, which a receiver's jitter buffer still takes."""


class Paced(Protocol):
    def tick(self, now: float) -> None:
        """Send what is due at `now`."""


class Pacer:
    """`on_failure(call, error)` is told of a call whose tick raised."""

    def __init__(self, on_failure: Callable[[Paced, Exception], None]) -> None:
        self._on_failure = on_failure
        self._calls: dict[int, Paced] = {}
        self._task: asyncio.Task[None] | None = None
        self.late_ticks = 0
        self.skipped_ticks = 0

    def add(self, call: Paced) -> None:
        self._calls[id(call)] = call

    def remove(self, call: Paced) -> None:
        self._calls.pop(id(call), None)

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="pacer")

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    def tick(self, now: float) -> None:
        for call in list(self._calls.values()):
            try:
                call.tick(now)
            except Exception as error:
                self.remove(call)
                self._on_failure(call, error)

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            now = loop.time()
            if now < due:
                await asyncio.sleep(due - now)
                continue
            if now - due > FRAME_SECS / 2:
                self.late_ticks += 1
            if now - due > CATCH_UP * FRAME_SECS:
                missed = int((now - due) / FRAME_SECS)
                self.skipped_ticks += missed
                due += missed * FRAME_SECS
            self.tick(due)
            due += FRAME_SECS
            if due <= loop.time():
                # Ticks that are made good must not starve the sockets.
                await asyncio.sleep(0)
