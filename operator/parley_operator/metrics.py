"""The operator's own Prometheus metrics, all of them.

Rules: labels are kinds, verbs and outcomes: closed sets, never the name of an object. What can be read when it is
scraped is not counted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0)


@dataclass(frozen=True, slots=True)
class Reading:
    """What is so now."""

    depth: int = 0
    delayed: int = 0
    failing: int = 0
    age: float = 0.0
    longest_at_work: float = 0.0
    workers: int = 0
    leader: bool = False
    synced: bool = False
    objects: tuple[tuple[str, int], ...] = ()
    said: tuple[tuple[str, str, str, int], ...] = ()
    """Kind, condition's type and status, objects."""
    polled: int = 0
    waiting_to_roll: int = 0
    rolling: int = 0


class Metrics:
    """`text()` is what /metrics answers."""

    def __init__(self, read: Callable[[], Reading]) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(_Now(read))
        self._reconciles = Counter(
            "parley_operator_reconciles",
            "Objects looked at, by what came of it.",
            ["kind", "outcome"],
            registry=self.registry,
        )
        self._reconcile_seconds = Histogram(
            "parley_operator_reconcile_seconds",
            "From taking a key to being done with it.",
            ["kind"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._writes = Counter(
            "parley_operator_api_writes",
            "Writes to the API server, by what it answered (the Lease aside).",
            ["verb", "kind", "outcome"],
            registry=self.registry,
        )
        self._polls = Counter(
            "parley_operator_polls", "Questions to pods.", ["outcome"], registry=self.registry
        )

    def reconciled(self, kind: str, outcome: str, seconds: float) -> None:
        self._reconciles.labels(kind, outcome).inc()
        self._reconcile_seconds.labels(kind).observe(seconds)

    def wrote(self, verb: str, kind: str, outcome: str) -> None:
        self._writes.labels(verb, kind, outcome).inc()

    def polled(self, outcome: str) -> None:
        self._polls.labels(outcome).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Now(Collector):
    def __init__(self, read: Callable[[], Reading]) -> None:
        self._read = read

    def collect(self) -> Iterable[Metric]:
        now = self._read()
        gauges = {
            "queue_depth": ("Keys that wait for a worker.", now.depth),
            "queue_delayed": ("Keys that wait for their time.", now.delayed),
            "queue_failing": ("Keys whose last time failed.", now.failing),
            "queue_age_seconds": ("How long the first key has waited.", now.age),
            "longest_at_work_seconds": ("How long a worker has had one key.", now.longest_at_work),
            "workers": ("Workers that run: none in a standby.", now.workers),
            "leader": ("1 where this replica holds the Lease.", int(now.leader)),
            "synced": ("1 once every kind has been listed.", int(now.synced)),
            "pods_polled": ("Pods whose status is asked for.", now.polled),
            "rolls_waiting": ("Agents that wait for their turn to roll.", now.waiting_to_roll),
            "rolls_running": ("Agents that roll for an upgrade now.", now.rolling),
        }
        for name, (meaning, value) in gauges.items():
            yield GaugeMetricFamily(f"parley_operator_{name}", meaning, value=value)
        objects = GaugeMetricFamily("parley_operator_objects", "Objects in the caches.", labels=["kind"])
        for kind, count in now.objects:
            objects.add_metric([kind], count)
        yield objects
        conditions = GaugeMetricFamily(
            "parley_operator_conditions",
            "Objects whose status has the condition with this value.",
            labels=["kind", "type", "status"],
        )
        for kind, type_, status, count in now.said:
            conditions.add_metric([kind, type_, status], count)
        yield conditions
