"""The metrics of the four systems that Parley replaces, under their names: views of Parley's own records and counts.

Rules: each tells of the sessions of that system's own door, and nothing is counted for it alone. A name stays as its
dashboards have it: what goes down again is a gauge even where it is called a total.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, UntypedMetricFamily
from prometheus_client.registry import Collector

from parley_dataplane.doors import FASTRTC, WEBRTC_OFFER, WEBRTC_SIGNALING
from parley_dataplane.protocols.signaling import KINDS
from parley_dataplane.records import (
    CallFinished,
    CallStarted,
    DrainBegan,
    DrainEnded,
    ErrorSeen,
    Record,
    SignalHandled,
    SocketClosed,
    SocketOpened,
    Transcribed,
    TurnStarted,
)
from parley_dataplane.transports.webrtc import Calls

LATENCY_SECONDS = (0.05, 0.1, 0.2, 0.3, 0.5, 0.85, 1.2, 2.0, 4.0, 9.0, 12.0)
"""FastRTC's own figures lie among them: 0.85 s as a rule, under 2 s as its promise, 9 to 12 s before it."""

PARTIAL_MS = (50, 100, 150, 200, 250, 300, 400, 600, 1000, 2000, 4000)
AUDIO_MS = (100, 200, 300, 400, 500, 600, 800, 1200, 2000, 4000, 8000)
"""Around Alice's targets, 300 ms and 600 ms."""

SIGNALING_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)
DURATION_SECONDS = (1, 5, 10, 30, 60, 120, 300, 600, 1200, 1800, 3600)

CONNECTION_ERRORS = ("connection-failed", "connect-timeout", "vanished")
"""Ends of a call that are errors of its connection, though nobody has sent anything wrong."""


class OlderMetrics(Collector):
    """An observer; what is counted elsewhere is read when scraped. `audio_bytes` gives PCM by door and direction."""

    def __init__(
        self, registry: CollectorRegistry, calls: Calls, audio_bytes: Callable[[], Tally[tuple[str, str]]]
    ) -> None:
        self._calls = calls
        self._audio_bytes = audio_bytes
        registry.register(self)
        self._fastrtc_active = Gauge("fastrtc_sessions_active", "Current active sessions.", registry=registry)
        self._fastrtc_requests = Counter(
            "fastrtc_requests_total", "Total voice requests processed.", registry=registry
        )
        self._fastrtc_latency = Histogram(
            "fastrtc_latency_seconds", "Request latency.", buckets=LATENCY_SECONDS, registry=registry
        )
        self._first_partial = Histogram(
            "voice_first_partial_ms",
            "From the first voice to the first partial transcript.",
            buckets=PARTIAL_MS,
            registry=registry,
        )
        self._first_audio = Histogram(
            "voice_first_audio_ms",
            "From the end of speech to the first audio.",
            buckets=AUDIO_MS,
            registry=registry,
        )
        self._sockets = Gauge(
            "webrtc_websocket_connections_total", "Active WebSocket connections.", registry=registry
        )
        self._active = Gauge("webrtc_active_sessions_total", "Active sessions.", registry=registry)
        self._messages = Counter(
            "webrtc_signaling_messages_total", "Signaling messages by type.", ["type"], registry=registry
        )
        for kind in KINDS:
            self._messages.labels(kind)  # an alert on a rate needs a zero to begin from
        self._signaling = Histogram(
            "webrtc_signaling_latency_seconds",
            "Signaling latency.",
            buckets=SIGNALING_SECONDS,
            registry=registry,
        )
        self._durations = Histogram(
            "webrtc_session_duration_seconds",
            "Session duration.",
            buckets=DURATION_SECONDS,
            registry=registry,
        )
        self._errors = Counter("webrtc_errors_total", "Errors by type.", ["type"], registry=registry)

    def __call__(self, record: Record) -> None:
        match record:
            case SignalHandled():
                self._messages.labels(record.type).inc()
                self._signaling.observe(record.seconds)
            case DrainBegan() | DrainEnded():
                """Of the process, and of no system's door."""
            case _ if record.door == FASTRTC.name:
                self._fastrtc(record)
            case _ if record.door == WEBRTC_OFFER.name:
                self._alice(record)
            case _ if record.door == WEBRTC_SIGNALING.name:
                self._webrtc(record)

    def collect(self) -> Iterable[Metric]:
        """What Parley counts anyway."""
        heard = self._audio_bytes()[FASTRTC.name, "heard"]
        # Prometheus's text has no counter whose name does not end in _total.
        yield UntypedMetricFamily("fastrtc_audio_bytes_processed", "Total audio bytes processed.", heard)
        living = self._calls.living()[WEBRTC_SIGNALING.name]
        yield GaugeMetricFamily("webrtc_peer_connections_total", "WebRTC peer connections.", living)
        counts = self._calls.counts().get(WEBRTC_SIGNALING.name, Tally())
        yield CounterMetricFamily(
            "webrtc_audio_frames_processed", "Audio frames processed.", counts["received_packets"]
        )

    def _fastrtc(self, record: Record) -> None:
        match record:
            case CallStarted():
                self._fastrtc_active.inc()
            case CallFinished():
                self._fastrtc_active.dec()
            case TurnStarted():
                self._fastrtc_requests.inc()
                self._fastrtc_latency.observe((record.stt_ms + record.llm_ms + record.tts_ms) / 1000)

    def _alice(self, record: Record) -> None:
        match record:
            case Transcribed():
                self._first_partial.observe(record.first_partial_ms)
            case TurnStarted():
                self._first_audio.observe(record.total_ms)

    def _webrtc(self, record: Record) -> None:
        match record:
            case SocketOpened():
                self._sockets.inc()
            case SocketClosed():
                self._sockets.dec()
            case CallStarted():
                self._active.inc()
            case CallFinished():
                self._active.dec()
                self._durations.observe(record.seconds)
                if record.reason in CONNECTION_ERRORS:
                    self._errors.labels(record.reason).inc()
            case ErrorSeen():
                self._errors.labels(record.code).inc()
