"""Owns the judgement how even a sender is: which of its 20 ms slots it missed. Pure.

The grid is the talk spurt's own: slots of 20 ms, as the RTP timestamps number them, laid where the median packet is in
time. A slot is missed where its packet is more than 10 ms away from it, or is not there at all.
"""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

SLOT_SECS = 0.020
LATE_SECS = 0.010
_TICKS = 960
_MOST_TICKS = 48_000 * 3600


@dataclass(frozen=True)
class Slots:
    """Of one talk spurt: how many there were, how many were missed, the greatest distance from the grid."""

    slots: int
    missed: int
    worst_ms: float


def judged(packets: Sequence[tuple[float, int]]) -> Slots:
    """Judge (when, RTP timestamp) of the packets of one spurt; ValueError for none, or if time runs backwards."""
    if not packets:
        raise ValueError("a talk spurt without a packet")
    first = packets[0][1]
    numbers = []
    for _, timestamp in packets:
        ticks = (timestamp - first) & 0xFFFFFFFF
        if ticks > _MOST_TICKS:
            raise ValueError(f"RTP timestamp {timestamp} is before the spurt's first, {first}")
        numbers.append(ticks // _TICKS)
    offsets = [at - number * SLOT_SECS for (at, _), number in zip(packets, numbers, strict=True)]
    grid = statistics.median(offsets)
    distances = [abs(offset - grid) for offset in offsets]
    missing = max(numbers) + 1 - len(set(numbers))
    return Slots(
        slots=max(numbers) + 1,
        missed=missing + sum(distance > LATE_SECS for distance in distances),
        worst_ms=max(distances) * 1000,
    )
