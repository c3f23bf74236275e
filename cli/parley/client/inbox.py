"""Events that wait to be read: bounded, so that a program that does not read costs no memory without end.

Rules: nobody who puts waits; when it is full the oldest audio goes first, since late speech is of no use, and what was
said in words stays as long as it can; after the end comes nothing more.
"""

from __future__ import annotations

import asyncio
from collections import deque

from parley.client.events import Audio, Event

MOST = 1_500
"""30 s of audio, in frames of 20 ms."""


class Inbox:
    def __init__(self, most: int = MOST) -> None:
        self._most = most
        self._events: deque[Event] = deque()
        self._changed = asyncio.Event()
        self._closed = False
        self._fault: BaseException | None = None
        self.dropped = 0
        """Events that nobody read in time."""

    def put(self, event: Event) -> None:
        if self._closed:
            return
        if len(self._events) >= self._most:
            self._drop()
        self._events.append(event)
        self._changed.set()

    def close(self, fault: BaseException | None = None) -> None:
        """What waits is still read; then it is over, by `fault` if there was one."""
        if not self._closed:
            self._closed, self._fault = True, fault
            self._changed.set()

    async def get(self) -> Event:
        """Raises StopAsyncIteration once all was read, or the fault."""
        while not self._events:
            if self._closed:
                raise self._fault or StopAsyncIteration
            self._changed.clear()
            await self._changed.wait()
        return self._events.popleft()

    def _drop(self) -> None:
        self.dropped += 1
        oldest = next((place for place, event in enumerate(self._events) if isinstance(event, Audio)), 0)
        del self._events[oldest]
