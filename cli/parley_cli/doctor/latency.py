"""What /metrics tells of time: whether the server's clock kept up with the call, and how fast answers come, by stage.

Percentiles are read from histograms as Prometheus's `histogram_quantile` does: within a bucket they are laid evenly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from parley_cli.doctor.findings import Finding
from parley_cli.doctor.reach import Failed, ask
from parley_cli.doctor.target import Target

STAGES = ("endpointing", "stt", "llm", "tts", "send", "total")

SLOWEST_STAGE_MS = 800.0
"""p95 of one stage: an answer after it is a silence. Endpointing is the silence that the agent itself asks for."""

LATE_TICKS, SKIPPED_TICKS = "parley_pacer_late_ticks_total", "parley_pacer_skipped_ticks_total"
LATENCY = "parley_turn_latency_seconds"

MOST_LATE_TICKS = 3
"""Of some 1,000 of a call: a machine's own hiccups."""

_OVER = {
    "stt": "recognition: look at spec.engines.stt, and whether its cores are free",
    "llm": "the LLM: take a smaller or nearer one, and look at the network to it",
    "tts": "the voice: look at spec.engines.tts, and whether its cores are free",
    "send": "a filler that was still being said when the answer was there (spec.conversation.fillers), or the server"
    " itself: look at `clock`, and whether its core is full",
}


@dataclass(frozen=True, slots=True)
class Scraped:
    """`stages`: of each the counts of its buckets, upper bound in seconds -> answers up to it, over all doors."""

    late: float
    skipped: float
    stages: Mapping[str, Mapping[float, float]]


def scrape(target: Target) -> Scraped | None:
    """None where there are no metrics of Parley's."""
    try:
        answer = ask(target, "/metrics")
        return read(answer.body.decode()) if answer.status == 200 else None
    except (*Failed, ValueError):
        return None


def read(text: str) -> Scraped | None:
    """None where they are not Parley's; raises ValueError for what is no exposition."""
    ticks: dict[str, float] = {}
    stages: dict[str, dict[float, float]] = defaultdict(lambda: defaultdict(float))
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in (LATE_TICKS, SKIPPED_TICKS):
                ticks[sample.name] = sample.value
            elif sample.name == f"{LATENCY}_bucket":
                stages[sample.labels["stage"]][float(sample.labels["le"])] += sample.value
    if len(ticks) < 2:
        return None
    return Scraped(ticks[LATE_TICKS], ticks[SKIPPED_TICKS], stages)


def findings(before: Scraped | None, after: Scraped | None, *, connected: bool) -> Iterator[Finding]:
    """`clock` only of a call that was connected: without one nothing ticks."""
    if before is None or after is None:
        yield Finding(
            "latency",
            "warn",
            "/metrics does not tell",
            "ask the server by itself, without the proxy, or look at the dashboard",
        )
        return
    if connected:
        yield _clock(after.late - before.late, after.skipped - before.skipped)
    yield _latency(after.stages)


def _clock(late: float, skipped: float) -> Finding:
    figures = {"late_ticks": late, "skipped_ticks": skipped}
    seen = (
        f"of the server's 20 ms clock, {late:.0f} ticks were late and {skipped:.0f} skipped during the call"
    )
    if skipped or late > MOST_LATE_TICKS:
        instead = (
            "its core is too full: give it a whole one, lower spec.sessions.limit, or move other work away"
        )
        return Finding("clock", "warn", seen, instead, figures)
    return Finding("clock", "ok", seen, figures=figures)


def _latency(stages: Mapping[str, Mapping[float, float]]) -> Finding:
    totals = stages.get("total", {})
    count = max(totals.values(), default=0.0)
    if not count:
        return Finding("latency", "ok", "nobody has been answered since the server started", figures={"n": 0})
    figures: dict[str, float | None] = {"n": count}
    told = []
    for stage in STAGES:
        p50, p95 = (quantile(share, stages.get(stage, {})) for share in (0.5, 0.95))
        figures |= {f"{stage}_p50_ms": p50, f"{stage}_p95_ms": p95}
        told.append(f"{stage} {_ms(p50)} / {_ms(p95)}")
    seen = f"p50 / p95 of {count:.0f} answers since the start, in ms: {', '.join(told)}"
    slow = {stage: figures[f"{stage}_p95_ms"] or 0.0 for stage in _OVER}
    slowest = max(slow, key=lambda stage: slow[stage])
    if slow[slowest] > SLOWEST_STAGE_MS:
        return Finding("latency", "warn", seen, f"most of it is {_OVER[slowest]}", figures)
    return Finding("latency", "ok", seen, figures=figures)


def quantile(share: float, buckets: Mapping[float, float]) -> float | None:
    """Milliseconds; None where nothing was counted. Beyond the last finite bound there is none but that bound."""
    bounds = sorted(buckets)
    if not bounds or not buckets[bounds[-1]]:
        return None
    rank, lower, below = share * buckets[bounds[-1]], 0.0, 0.0
    for bound in bounds:
        if buckets[bound] >= rank:
            if bound == float("inf"):
                return 1000 * lower
            inside = (rank - below) / (buckets[bound] - below)
            return 1000 * (lower + inside * (bound - lower))
        lower, below = bound, buckets[bound]
    return None


def _ms(value: float | None) -> str:
    return "-" if value is None else f"{value:.0f}"
