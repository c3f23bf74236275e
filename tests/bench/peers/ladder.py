"""Owns the climb: which number of calls comes next, when it is over, and how many the server carries.

A rung holds where its p95 is less than BREAKS_MS over the server's own p95 with three calls, and no call failed. The
climb ends at the first rung that does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tests.bench.figures import ANSWER, FAILED, LOAD, SLOTS, percentile
from tests.bench.stages import BREAKS_MS
from tests.bench.summary import CLIENT_IS_FULL

RUNGS = (5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 100, 120, 140, 160, 180, 200)


@dataclass(frozen=True)
class Rung:
    """What a number of calls showed. `p95` in milliseconds; None where nothing was answered. `missed`: the share of an
    answer's 20 ms slots that were missed by over 10 ms. A server that is too slow misses nearly all, before p95 breaks.
    """

    calls: int
    p95: float | None
    failed: int
    client_core: float
    server_core: float = 0.0
    missed: float = 0.0

    def holds(self, base: float) -> bool:
        return self.failed == 0 and self.p95 is not None and self.p95 < base + BREAKS_MS


def rung(calls: int, samples: Sequence[dict[str, Any]]) -> Rung:
    """Sum up the samples of one number of calls."""
    answers = answer_milliseconds(samples)
    loads = [sample for sample in samples if sample["figure"] == LOAD]
    judged = [sample for sample in samples if sample["figure"] == SLOTS]
    slots = sum(sample["slots"] for sample in judged)
    return Rung(
        calls,
        percentile(answers, 95) if answers else None,
        sum(sample["figure"] == FAILED for sample in samples),
        max((load["client_core"] for load in loads), default=0.0),
        max((load.get("server_core", 0.0) for load in loads), default=0.0),
        sum(sample["missed"] for sample in judged) / slots if slots else 0.0,
    )


def answer_milliseconds(samples: Sequence[dict[str, Any]]) -> list[float]:
    """Return what was added to the silence, of every sentence that was not answered before its end."""
    return [s["milliseconds"] for s in samples if s["figure"] == ANSWER and "milliseconds" in s]


def next_rung(climbed: Sequence[Rung], base: float, rungs: Sequence[int] = RUNGS) -> int | None:
    """Return the next number of calls, or None where the climb is over."""
    if climbed and not climbed[-1].holds(base):
        return None
    done = climbed[-1].calls if climbed else 0
    return next((calls for calls in rungs if calls > done), None)


def carried(climbed: Sequence[Rung], base: float) -> int:
    """Return the highest number of calls that held."""
    return max((rung.calls for rung in climbed if rung.holds(base)), default=0)


def verdict(climbed: Sequence[Rung], base: float) -> str:
    """Return how many calls were carried, in the words of the table."""
    held = carried(climbed, base)
    if not climbed:
        return "not measured"
    last = climbed[-1]
    if last.holds(base):
        return f"{held} or more"
    doubt = ", the client's core was full" if last.client_core > CLIENT_IS_FULL else ""
    return f"{held} ({last.calls} did not hold{doubt})"
