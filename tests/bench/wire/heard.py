"""Owns what one call received: when each packet came (the kernel's stamp), its numbers, and whether it is audible.

Seconds of the wall clock, as all times at this wire. In arrays, not objects: ten minutes of a hundred calls are three
million packets.
"""

from __future__ import annotations

import asyncio
from array import array
from bisect import bisect_left

AUDIBLE = 10 ** (-50 / 10)
"""Mean square of samples between -1 and 1: -50 dBFS. Comfort noise and a codec's residue are below, speech above."""


class Heard:
    """Arrivals in order. `first_audible` may be awaited by one at a time."""

    def __init__(self) -> None:
        self.at = array("d")
        self.sequence = array("H")
        self.timestamp = array("L")
        self.audible = array("b")
        self._audible_at = array("d")
        self._wanted = float("inf")
        self._found: asyncio.Future[float] | None = None

    def add(self, at: float, sequence: int, timestamp: int, audible: bool) -> None:
        self.at.append(at)
        self.sequence.append(sequence)
        self.timestamp.append(timestamp)
        self.audible.append(audible)
        if audible:
            self._audible_at.append(at)
            if at >= self._wanted:
                self._wanted = float("inf")
                if self._found is not None and not self._found.done():
                    self._found.set_result(at)

    async def first_audible(self, start: float, within: float) -> float:
        """Wait for the first audible packet at or after `start` and return when it came; raises TimeoutError."""
        index = bisect_left(self._audible_at, start)
        if index < len(self._audible_at):
            return self._audible_at[index]
        self._found = asyncio.get_running_loop().create_future()
        self._wanted = start
        try:
            return await asyncio.wait_for(self._found, within)
        finally:
            self._wanted = float("inf")

    def audible_between(self, start: float, end: float = float("inf")) -> array[float]:
        """Return when the audible packets in [start, end) came."""
        return self._audible_at[bisect_left(self._audible_at, start) : bisect_left(self._audible_at, end)]

    def audible_packets(self, start: float, end: float = float("inf")) -> list[tuple[float, int]]:
        """Return (when, RTP timestamp) of the audible packets in [start, end)."""
        first, last = bisect_left(self.at, start), bisect_left(self.at, end)
        return [(self.at[i], self.timestamp[i]) for i in range(first, last) if self.audible[i]]

    @property
    def last_audible(self) -> float:
        """When the last audible packet came, 0.0 before any."""
        return self._audible_at[-1] if self._audible_at else 0.0
