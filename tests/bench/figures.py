"""Owns the figures: which times make a sample, what order of times is impossible, and percentiles.

Milliseconds between moments at the client's wire. A mean is never made. A percentile is a sample that was measured
(nearest rank), so p99 of fewer than 100 samples is their maximum.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

ANSWER = "last speech packet -> first answer packet, minus the configured silence"
INTERRUPTION = "first speech packet -> last audible packet of the interrupted answer"
DECISION = "first speech packet -> the server says that it listens"
CONNECT = "offer posted -> connected (DTLS)"
SLOTS = "20 ms slots of an answer"
IDLE_TIMER = "20 ms slots of an idle timer"
LEFT = "what the server holds without a call"
LOAD = "what the run cost"
MEMORY = "resident memory of the server's processes"
FAILED = "calls that failed"


class ImpossibleOrderError(Exception):
    """Two moments that can't follow each other like this: what was measured is not what was meant."""


@dataclass(frozen=True)
class Sample:
    """One measurement; `call` and `round` say where in the run, so that a raw line can be found again."""

    figure: str
    engines: str
    door: str
    call: int
    round: int
    milliseconds: float


def answer_ms(last_speech: float, first_answer: float, silence: float) -> float:
    """Return what the system added to the silence that it was told to wait for.

    It may be negative by the length of a voice's quiet end, that the detector takes for silence already; not by more.
    """
    in_order(("last speech packet", last_speech), ("first answer packet", first_answer))
    return (first_answer - last_speech - silence) * 1000


def interruption_ms(first_speech: float, last_audible: float, next_answer: float) -> float:
    """Return how long the answer still sounded."""
    in_order(
        ("first speech packet", first_speech),
        ("last audible packet of the interrupted answer", last_audible),
        ("first packet of the next answer", next_answer),
    )
    return (last_audible - first_speech) * 1000


def connect_ms(offered: float, answered: float, connected: float) -> float:
    """Return how long it took until media could flow."""
    in_order(("offer posted", offered), ("answer received", answered), ("connected", connected))
    return (connected - offered) * 1000


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile; raises ValueError where there is no sample."""
    if not samples:
        raise ValueError("no samples, no percentile")
    return sorted(samples)[max(1, math.ceil(percent / 100 * len(samples))) - 1]


def table(samples: Sequence[Sample]) -> list[str]:
    """Return the lines of a Markdown table, a row per figure, engines and door, in the order in which they came."""
    rows: dict[tuple[str, str, str], list[float]] = {}
    for sample in samples:
        rows.setdefault((sample.figure, sample.engines, sample.door), []).append(sample.milliseconds)
    lines = ["| figure | engines | door | n | p50 ms | p95 ms | p99 ms |", "|---|---|---|--:|--:|--:|--:|"]
    for (figure, engines, door), values in rows.items():
        p50, p95, p99 = (percentile(values, p) for p in (50, 95, 99))
        lines.append(f"| {figure} | {engines} | {door} | {len(values)} | {p50:.1f} | {p95:.1f} | {p99:.1f} |")
    return lines


def in_order(*moments: tuple[str, float]) -> None:
    """Raise ImpossibleOrderError where a moment in seconds comes before the one named before it."""
    for (earlier, before), (later, after) in itertools.pairwise(moments):
        if not 0.0 < before <= after:
            raise ImpossibleOrderError(
                f"{later} at {after:.4f} s does not follow {earlier} at {before:.4f} s"
            )
