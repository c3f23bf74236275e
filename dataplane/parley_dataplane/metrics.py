"""Prometheus metrics: one registry per process, fed by the records that the pipeline hands to its observers.

Labels are doors, stages, outcomes and error codes: closed sets, never an id, a word or an address.
"""

from __future__ import annotations

import asyncio
from collections import Counter as Tally
from collections.abc import Callable, Iterable

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from parley_dataplane.collector import Collector as GarbageCollector
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.older_metrics import OlderMetrics
from parley_dataplane.records import (
    CallFinished,
    CallStarted,
    ErrorSeen,
    PeerReported,
    Record,
    ReplyPaused,
    Transcribed,
    TurnFinished,
    TurnStarted,
)
from parley_dataplane.session import Session
from parley_dataplane.transports.webrtc import Calls

STAGES = ("endpointing", "stt", "llm", "tts", "send", "total")

SECONDS = (0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.2, 2.0, 4.0, 8.0)
"""Buckets around what people notice: 300 ms is quick, 800 ms still natural, over 2 s is a silence."""

ROUND_TRIP_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2)
LOSS_RATIOS = (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)

PARTIAL_SECONDS = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1.0, 1.5, 2.0, 4.0)
"""Words that are read within 300 ms follow the voice."""

PAUSE_SECONDS = (0.02, 0.04, 0.06, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
"""An ear decides within 300 ms; after 400 ms an answer goes on without it."""


class Metrics:
    """The observer that counts. `text()` is what /metrics answers."""

    def __init__(
        self,
        pacer: Pacer,
        calls: Calls,
        garbage: GarbageCollector,
        in_progress: Callable[[], Iterable[Session]],
        drain: Callable[[], float | None] = lambda: None,
    ) -> None:
        """`drain`: the seconds that it leaves to calls, None where they are taken."""
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        self.registry.register(_Loop(pacer, garbage))
        self.registry.register(_Media(calls))
        self.registry.register(_Drain(drain))
        self._bytes = _Bytes(in_progress)
        self.registry.register(self._bytes)
        self._older = OlderMetrics(self.registry, calls, self._bytes.counts)
        self._active = Gauge("parley_sessions_active", "Sessions now.", ["door"], registry=self.registry)
        self._sessions = Counter(
            "parley_sessions_opened", "Sessions opened.", ["door"], registry=self.registry
        )
        self._ended = Counter(
            "parley_sessions_ended", "Sessions ended, by reason.", ["door", "reason"], registry=self.registry
        )
        self._turns = Counter(
            "parley_turns",
            "Answers given, by what became of them.",
            ["door", "outcome"],
            registry=self.registry,
        )
        self._latency = Histogram(
            "parley_turn_latency_seconds",
            "From the end of speech to the first audio of the answer that left, by stage.",
            ["door", "stage"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self._first_partial = Histogram(
            "parley_first_partial_seconds",
            "From the first voice of an utterance to the first text of it.",
            ["door"],
            buckets=PARTIAL_SECONDS,
            registry=self.registry,
        )
        self._first_stable = Histogram(
            "parley_first_stable_word_seconds",
            "From the first voice of an utterance to the first word that stayed.",
            ["door"],
            buckets=PARTIAL_SECONDS,
            registry=self.registry,
        )
        self._pauses = Counter(
            "parley_reply_pauses",
            "Answers held up by a first sign of a voice, by what it was.",
            ["door", "outcome"],
            registry=self.registry,
        )
        self._pause_seconds = Histogram(
            "parley_reply_pause_seconds",
            "From the first sign of a voice to knowing what it was.",
            ["door", "outcome"],
            buckets=PAUSE_SECONDS,
            registry=self.registry,
        )
        self._round_trip = Histogram(
            "parley_media_round_trip_seconds",
            "To the peer and back, by each of its reports.",
            ["door"],
            buckets=ROUND_TRIP_SECONDS,
            registry=self.registry,
        )
        self._peer_loss = Histogram(
            "parley_media_peer_loss_ratio",
            "Share of the agent's packets that a peer missed, by each of its reports.",
            ["door"],
            buckets=LOSS_RATIOS,
            registry=self.registry,
        )
        self._errors = Counter(
            "parley_errors", "Errors, by code (errors.py).", ["code"], registry=self.registry
        )

    def __call__(self, record: Record) -> None:
        self._older(record)
        match record:
            case CallStarted():
                self._sessions.labels(record.door).inc()
                self._active.labels(record.door).inc()
            case CallFinished():
                self._active.labels(record.door).dec()
                self._ended.labels(record.door, record.reason).inc()
                self._bytes.finished(record)
            case Transcribed():
                self._first_partial.labels(record.door).observe(record.first_partial_ms / 1000)
                self._first_stable.labels(record.door).observe(record.first_stable_ms / 1000)
            case TurnStarted():
                for stage in STAGES:
                    milliseconds: float = getattr(record, f"{stage}_ms")
                    self._latency.labels(record.door, stage).observe(milliseconds / 1000)
            case TurnFinished():
                self._turns.labels(record.door, record.outcome).inc()
            case ReplyPaused():
                self._pauses.labels(record.door, record.outcome).inc()
                self._pause_seconds.labels(record.door, record.outcome).observe(record.seconds)
            case PeerReported():
                if record.round_trip is not None:
                    self._round_trip.labels(record.door).observe(record.round_trip)
                self._peer_loss.labels(record.door).observe(record.lost)
            case ErrorSeen():
                self._errors.labels(record.code).inc()

    def text(self) -> bytes:
        return generate_latest(self.registry)


class _Loop(Collector):
    """The event loop and its pacer, read when scraped."""

    def __init__(self, pacer: Pacer, garbage: GarbageCollector) -> None:
        self._pacer = pacer
        self._garbage = garbage

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily("parley_asyncio_tasks", "Tasks of the event loop.", value=_tasks())
        yield CounterMetricFamily(
            "parley_pacer_late_ticks", "Ticks over 10 ms late.", value=self._pacer.late_ticks
        )
        yield CounterMetricFamily(
            "parley_pacer_skipped_ticks", "Ticks given up after a stall.", value=self._pacer.skipped_ticks
        )
        yield GaugeMetricFamily(
            "parley_gc_longest_pause_seconds",
            "The longest collection since the start.",
            value=self._garbage.longest_secs,
        )
        yield CounterMetricFamily(
            "parley_gc_pause_seconds", "All collections together.", value=self._garbage.paused_secs
        )


class _Drain(Collector):
    """Whether the process takes calls, and how long those in progress may last, read when scraped."""

    def __init__(self, seconds_left: Callable[[], float | None]) -> None:
        self._seconds_left = seconds_left

    def collect(self) -> Iterable[Metric]:
        left = self._seconds_left()
        yield GaugeMetricFamily(
            "parley_draining", "1 once no new call is taken, 0 before.", value=left is not None
        )
        yield GaugeMetricFamily(
            "parley_drain_seconds_left", "Until calls in progress are told goodbye.", value=left or 0.0
        )


class _Bytes(Collector):
    """PCM of all sessions, read when scraped: what ended ones had, and what those in progress have so far."""

    def __init__(self, in_progress: Callable[[], Iterable[Session]]) -> None:
        self._in_progress = in_progress
        self._ended: Tally[tuple[str, str]] = Tally()

    def finished(self, record: CallFinished) -> None:
        self._ended[record.door, "heard"] += record.bytes_heard
        self._ended[record.door, "said"] += record.bytes_said

    def counts(self) -> Tally[tuple[str, str]]:
        """By door and direction."""
        sums = self._ended.copy()
        for session in self._in_progress():
            sums[session.kind.name, "heard"] += session.metrics.bytes_heard
            sums[session.kind.name, "said"] += session.metrics.bytes_said
        return sums

    def collect(self) -> Iterable[Metric]:
        family = CounterMetricFamily("parley_audio_bytes", "PCM bytes.", labels=["door", "direction"])
        for labels, number in self.counts().items():
            family.add_metric(labels, number)
        yield family


class _Media(Collector):
    """What calls have counted, and the port that they share, read when scraped."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    def collect(self) -> Iterable[Metric]:
        packets = CounterMetricFamily(
            "parley_media_packets", "RTP packets of WebRTC calls.", labels=["door", "kind"]
        )
        messages = CounterMetricFamily(
            "parley_data_channel_messages", "Messages that were let go.", labels=["door", "kind"]
        )
        for door, counted in self._calls.counts().items():
            for name, number in counted.items():
                kind, _, what = name.partition("_")
                (packets if what == "packets" else messages).add_metric([door, kind], number)
        yield packets
        yield messages
        if self._calls.port is None:
            return
        counts = self._calls.port.counts
        yield CounterMetricFamily(
            "parley_udp_strangers", "Datagrams that were no call's.", value=counts.strangers
        )
        yield CounterMetricFamily(
            "parley_udp_names_read", "Binding requests of which the name was read.", value=counts.looked_into
        )
        yield CounterMetricFamily(
            "parley_udp_addresses_taken_over", "Addresses that went to another call.", value=counts.taken_over
        )
        yield GaugeMetricFamily(
            "parley_udp_addresses_claimed",
            "Peers' addresses that are a call's.",
            value=self._calls.port.claimed,
        )


def _tasks() -> int:
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # scraped outside the loop
        return 0
