"""The keyed work queue: what is to be looked at, each once, in order.

Rules: a key waits at most once, and at most one worker has it; added while one has it, it comes again afterwards. What
people or the cluster changed goes before what is looked at as a matter of routine. A failed key comes back later each
time, with chance in it, until it succeeds. The loop's clock is the only one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from parley_operator.backoff import delay
from parley_operator.plan.plan import Ref

Key = Ref

FIRST_RETRY_SECONDS = 0.2
LAST_RETRY_SECONDS = 60.0

Handler = Callable[[Key], Awaitable[None]]


class Queue:
    """`add` and the others never await."""

    def __init__(self) -> None:
        self._urgent: dict[Key, float] = {}
        self._routine: dict[Key, float] = {}
        self._later: dict[Key, asyncio.TimerHandle] = {}
        self._busy: dict[Key, _Busy] = {}
        self._failures: dict[Key, int] = {}
        self._arrived = asyncio.Event()
        self._rested = asyncio.Event()
        self._closed = False
        self.workers = 0
        """How many run now."""
        self.finished_at = 0.0
        """When a worker last was done with a key, or began to work, by the loop's clock; 0: never."""

    def add(self, key: Key, *, after: float = 0.0, routine: bool = False) -> None:
        """Looked at in `after` seconds, or sooner if it waits for less already."""
        if after > 0:
            self._add_later(key, after, routine)
            return
        later = self._later.pop(key, None)
        if later is not None:
            later.cancel()
        if key in self._busy:
            self._busy[key].again = True
            return
        now = asyncio.get_running_loop().time()
        if routine:
            if key not in self._urgent:
                self._routine.setdefault(key, now)
        else:
            since = self._routine.pop(key, now)
            self._urgent.setdefault(key, since)
        self._arrived.set()

    def retry(self, key: Key, at_least: float = 0.0) -> None:
        """It failed."""
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        self.add(key, after=max(at_least, delay(failures, FIRST_RETRY_SECONDS, LAST_RETRY_SECONDS)))

    def succeeded(self, key: Key) -> None:
        """Its next failure is its first."""
        self._failures.pop(key, None)

    def close(self) -> None:
        """From now on no worker takes another key."""
        self._closed = True

    async def finished(self) -> None:
        """Once no worker has a key."""
        if self._busy:
            self._rested.clear()
            await self._rested.wait()

    async def run(self, workers: int, handler: Handler) -> None:
        """For ever. `handler` raises nothing but what ends the process."""
        self.finished_at = (
            asyncio.get_running_loop().time()
        )  # what waited in a standby is not stuck when it takes over
        async with asyncio.TaskGroup() as group:
            for _ in range(workers):
                group.create_task(self._work(handler))

    async def _work(self, handler: Handler) -> None:
        self.workers += 1
        try:
            while True:
                key = await self._next()
                try:
                    await handler(key)
                finally:
                    busy = self._busy.pop(key)
                    self.finished_at = asyncio.get_running_loop().time()
                    if not self._busy:
                        self._rested.set()
                    if busy.again:
                        self.add(key)
                # A look that has nothing to write never waits: thousands of them would keep the Lease from renewal.
                await asyncio.sleep(0)
        finally:
            self.workers -= 1

    async def _next(self) -> Key:
        while self._closed or not (self._urgent or self._routine):
            self._arrived.clear()
            await self._arrived.wait()
        waiting = self._urgent or self._routine
        key = next(iter(waiting))
        del waiting[key]
        self._busy[key] = _Busy(asyncio.get_running_loop().time())
        return key

    def _add_later(self, key: Key, after: float, routine: bool) -> None:
        loop = asyncio.get_running_loop()
        waiting = self._later.get(key)
        if waiting is not None:
            if waiting.when() <= loop.time() + after:
                return
            waiting.cancel()
        if key in self._urgent or key in self._routine:
            return
        self._later[key] = loop.call_later(after, self._due, key, routine)

    def _due(self, key: Key, routine: bool) -> None:
        del self._later[key]
        self.add(key, routine=routine)

    @property
    def depth(self) -> int:
        """Keys that could be worked on now."""
        return len(self._urgent) + len(self._routine)

    @property
    def delayed(self) -> int:
        return len(self._later)

    @property
    def failing(self) -> int:
        return len(self._failures)

    def age(self) -> float:
        """How long the first of the urgent keys has waited, or of the others where none is urgent."""
        first = next(iter((self._urgent or self._routine).values()), None)
        return 0.0 if first is None else asyncio.get_running_loop().time() - first

    def longest_at_work(self) -> float:
        """How long a worker has been busy with one key."""
        now = asyncio.get_running_loop().time()
        return max((now - busy.since for busy in self._busy.values()), default=0.0)

    def idle(self) -> bool:
        return not (self._urgent or self._routine or self._busy)


@dataclass(slots=True)
class _Busy:
    since: float
    again: bool = field(default=False)
