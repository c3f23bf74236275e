"""Owns what a client says: 20 ms of speech or silence for every packet, and which packet carried the voice
when.

Silence is sent whenever nothing is being said, as a microphone does. Packets leave on absolute times:
lateness is caught up, never added up.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque

import numpy as np

from tests.speech import Pcm, voiced_span

PACKET_SECS = 0.020


class Spoken:
    """An utterance on its way: when the packets left that hold its first and its last voiced sample
    (monotonic s).
    """

    def __init__(self, pcm: Pcm, samples: int) -> None:
        first, last = voiced_span(pcm)
        self._first_frame, self._last_frame = first // samples, last // samples
        self.frames = deque(np.pad(pcm, (0, -pcm.size % samples)).reshape(-1, samples))
        self._sent = 0
        self.first_packet_at = self.last_packet_at = 0.0
        self._begun, self._ended = asyncio.Event(), asyncio.Event()

    def next_frame(self) -> Pcm:
        return self.frames.popleft()

    def mark(self, now: float) -> None:
        """The frame taken last has left at `now`."""
        if self._sent == self._first_frame:
            self.first_packet_at = now
            self._begun.set()
        if self._sent == self._last_frame:
            self.last_packet_at = now
            self._ended.set()
        self._sent += 1

    async def begun(self) -> float:
        """Wait for the first voiced packet to leave; return when it did."""
        await self._begun.wait()
        return self.first_packet_at

    async def ended(self) -> float:
        """Wait for the last voiced packet to leave; return when it did."""
        await self._ended.wait()
        return self.last_packet_at


class Microphone:
    """Frames of 20 ms at `rate` Hz, one per call of `frame`, followed by `sent` once it is on its way."""

    def __init__(self, rate: int) -> None:
        self.samples = round(rate * PACKET_SECS)
        self._silence = np.zeros(self.samples, np.int16)
        self._queue: deque[Spoken] = deque()
        self._taken: Spoken | None = None

    def say(self, pcm: Pcm) -> Spoken:
        """Queue an utterance; it begins with the next packet, or after what is being said."""
        spoken = Spoken(pcm, self.samples)
        self._queue.append(spoken)
        return spoken

    @property
    def is_speaking(self) -> bool:
        """Whether the next frame is of an utterance."""
        return bool(self._queue)

    def frame(self) -> Pcm:
        if not self._queue:
            self._taken = None
            return self._silence
        self._taken = self._queue[0]
        frame = self._taken.next_frame()
        if not self._taken.frames:
            self._queue.popleft()
        return frame

    def sent(self, now: float) -> None:
        if self._taken is not None:
            self._taken.mark(now)


class Pace:
    """50 ticks a second from the first one on. `latest` is by how many seconds the latest of them came too late:
    so much may every time that this process took be late, whoever else was on time.
    """

    def __init__(self) -> None:
        self.latest = 0.0
        self._next: float | None = None

    async def tick(self) -> None:
        now = time.monotonic()
        if self._next is None:
            self._next = now
        self._next += PACKET_SECS
        if self._next > now:
            await asyncio.sleep(self._next - now)
        self.latest = max(self.latest, time.monotonic() - self._next)
