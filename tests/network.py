"""A network as a seeded value: what is sent goes in with its times, what arrives comes out with its own."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Network:
    """Seconds, and shares from 0 to 1. The same value does the same to the same packets.

    `loss` comes in runs of `burst` packets on average (Gilbert's model). `jitter` is the mean of what is added to
    `latency`, exponentially spread; with `in_order` a packet that is held up holds up those behind it, as one queue
    does, otherwise they overtake it. `overtaken` packets come `detour` later than their jitter says.
    """

    seed: int
    latency: float = 0.030
    jitter: float = 0.0
    in_order: bool = False
    loss: float = 0.0
    burst: float = 1.0
    overtaken: float = 0.0
    detour: float = 0.030
    duplicates: float = 0.0

    def carry(self, sent: Iterable[tuple[float, T]]) -> list[tuple[float, T]]:
        """(sent at, packet) to (arrives at, packet), in the order of arrival. The first packet always arrives."""
        rng = random.Random(self.seed)
        arrivals: list[tuple[float, T]] = []
        losing, latest = False, 0.0
        for number, (at, packet) in enumerate(sent):
            losing = number > 0 and rng.random() < self._loss_after(losing)
            if losing:
                continue
            arrival = at + self.latency + (rng.expovariate(1 / self.jitter) if self.jitter else 0.0)
            if self.in_order:
                arrival = latest = max(arrival, latest)
            if rng.random() < self.overtaken:
                arrival += self.detour
            arrivals.append((arrival, packet))
            if rng.random() < self.duplicates:
                arrivals.append((arrival + rng.random() * 0.020, packet))
        return sorted(arrivals, key=lambda item: item[0])

    def _loss_after(self, losing: bool) -> float:
        if losing:
            return 1 - 1 / self.burst
        return self.loss / (self.burst * (1 - self.loss))
