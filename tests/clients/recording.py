"""Owns what a client received: every audio packet or message with its arrival time at the wire, decoded.

Times are seconds of the monotonic clock. "Audible" is said of a packet whose RMS is above -50 dBFS: comfort
noise and the codec's residue are below, the quietest phoneme of eSpeak at its usual volume is above.
"""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from tests.speech import Pcm

AUDIBLE = 32768 * 10 ** (-50 / 20)


@dataclass(frozen=True)
class Arrival:
    """One packet or message of audio; `size` in bytes as it came, `sequence` only where RTP numbers it."""

    at: float
    size: int
    pcm: Pcm
    level: float
    sequence: int | None = None

    @property
    def audible(self) -> bool:
        return self.level > AUDIBLE


class Recording:
    """All arrivals of one call at `rate` Hz, in order of arrival."""

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self.arrivals: list[Arrival] = []
        self._changed = asyncio.Event()

    def add(self, at: float, size: int, pcm: Pcm, sequence: int | None = None) -> None:
        level = float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)))) if pcm.size else 0.0
        self.arrivals.append(Arrival(at, size, pcm, level, sequence))
        self._changed.set()

    def between(self, start: float, end: float = float("inf")) -> list[Arrival]:
        """What arrived in [start, end)."""
        return [a for a in self.arrivals if start <= a.at < end]

    def audible(self, start: float = 0.0, end: float = float("inf")) -> list[Arrival]:
        return [a for a in self.between(start, end) if a.audible]

    def pcm(self, start: float = 0.0, end: float = float("inf")) -> Pcm:
        return np.concatenate([a.pcm for a in self.between(start, end)] or [np.zeros(0, np.int16)])

    def size(self, start: float = 0.0, end: float = float("inf")) -> int:
        """Bytes received in [start, end)."""
        return sum(a.size for a in self.between(start, end))

    def seconds(self, start: float = 0.0, end: float = float("inf")) -> float:
        """Seconds of audio received in [start, end), from the first audible arrival to the last."""
        heard = self.between(start, end)
        edges = [i for i, a in enumerate(heard) if a.audible]
        if not edges:
            return 0.0
        return sum(a.pcm.size for a in heard[edges[0] : edges[-1] + 1]) / self.rate

    def ahead(self, start: float = 0.0, end: float = float("inf")) -> float:
        """By how many seconds what arrived in [start, end) was at most ahead of a player that plays it in turn."""
        free, most = start, 0.0
        for arrival in self.between(start, end):
            most = max(most, free - arrival.at)
            free = max(free, arrival.at) + arrival.pcm.size / self.rate
        return most

    def gaps(self, start: float, end: float) -> Iterator[tuple[float, float]]:
        """Each time without an arrival within [start, end], as when it began and ended."""
        return itertools.pairwise([start, *(a.at for a in self.between(start, end)), end])

    def lost(self, start: float = 0.0, end: float = float("inf")) -> int:
        """How many RTP sequence numbers are missing or out of turn in [start, end)."""
        numbers = [a.sequence for a in self.between(start, end) if a.sequence is not None]
        return sum((b - a) & 0xFFFF != 1 for a, b in itertools.pairwise(numbers))

    async def until(self, found: Callable[[], Arrival | None], within: float, what: str) -> Arrival:
        """Return what `found` finds, as soon as it does; raises TimeoutError naming `what`."""
        deadline = time.monotonic() + within
        while (arrival := found()) is None:
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                raise TimeoutError(f"no {what} within {within} s") from None
        return arrival

    async def first_audible(self, start: float, within: float = 10.0) -> Arrival:
        """Wait for the first audible arrival at or after `start`."""

        # Arrivals are in order of time: the search goes backwards and stops at the first that is too old.
        def found() -> Arrival | None:
            first = None
            for arrival in reversed(self.arrivals):
                if arrival.at < start:
                    break
                if arrival.audible:
                    first = arrival
            return first

        return await self.until(found, within, "audible packet")

    async def quiet(self, seconds: float, within: float = 60.0) -> float:
        """Wait until a player has had nothing audible to play for `seconds`; return when it fell silent."""
        deadline = time.monotonic() + within
        while (now := time.monotonic()) - (end := self.plays_until()) < seconds:
            if now > deadline:
                raise TimeoutError(f"still audible after {within} s")
            await asyncio.sleep(min(0.05, seconds / 2))
        return end

    def plays_until(self) -> float:
        """When a player that plays each audible arrival after the one before falls silent (0 if there is
        none).
        """
        end = 0.0
        for arrival in self.audible():
            end = max(end, arrival.at) + arrival.pcm.size / self.rate
        return end
