"""What the dashboards of the four older systems find, under exactly their names."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from parley_api.media import Media
from parley_dataplane.collector import Collector
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.metrics import Metrics
from parley_dataplane.records import (
    CallFinished,
    CallStarted,
    ErrorSeen,
    Record,
    SignalHandled,
    SocketClosed,
    SocketOpened,
    Transcribed,
    TurnStarted,
)
from parley_dataplane.transports.webrtc import Calls


class Dashboard:
    """A scrape, read as plain text: nothing may tidy up the names."""

    def __init__(self, *records: Record, calls: Calls | None = None) -> None:
        metrics = Metrics(Pacer(lambda call, error: None), calls or Calls(Media()), Collector(), list)
        for record in records:
            metrics(record)
        lines = metrics.text().decode().splitlines()
        self._values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))

    def __getitem__(self, name: str) -> float:
        return float(self._values[name])


@pytest.mark.parametrize(
    "name",
    [
        "fastrtc_sessions_active",
        "fastrtc_requests_total",
        "fastrtc_latency_seconds_count",
        "fastrtc_audio_bytes_processed",
        "voice_first_partial_ms_count",
        "voice_first_audio_ms_count",
        "webrtc_websocket_connections_total",
        "webrtc_active_sessions_total",
        "webrtc_peer_connections_total",
        'webrtc_signaling_messages_total{type="offer"}',
        "webrtc_signaling_latency_seconds_count",
        "webrtc_session_duration_seconds_count",
        "webrtc_audio_frames_processed_total",
    ],
)
def test_every_name_is_there_before_anything_has_happened(name: str) -> None:
    assert Dashboard()[name] == 0


def turn(door: str) -> TurnStarted:
    return TurnStarted("id", door, 1_500, 250, 300, 200, 20, 2_270)


def test_fastrtc_counts_its_sessions_its_answers_and_what_it_has_heard() -> None:
    others = CallStarted("other", "duplex"), turn("duplex")
    began = CallStarted("a", "fastrtc"), CallStarted("b", "fastrtc"), turn("fastrtc"), *others
    assert Dashboard(*began)["fastrtc_sessions_active"] == 2
    found = Dashboard(*began, CallFinished("a", "fastrtc", "idle", 9.0, 1, 160_000, 5))
    assert found["fastrtc_sessions_active"] == 1
    assert found["fastrtc_requests_total"] == found["fastrtc_latency_seconds_count"] == 1
    assert found["fastrtc_audio_bytes_processed"] == 160_000


def test_fastrtc_latency_is_without_the_silence_that_the_caller_asked_for() -> None:
    """As in the timing of that system's own `response`."""
    found = Dashboard(turn("fastrtc"))
    assert found["fastrtc_latency_seconds_sum"] == 0.75
    assert found['fastrtc_latency_seconds_bucket{le="0.5"}'] == 0
    assert found['fastrtc_latency_seconds_bucket{le="0.85"}'] == 1


def test_alice_measures_in_milliseconds_with_its_targets_among_the_buckets() -> None:
    found = Dashboard(Transcribed("id", "offer", 280, 900), Transcribed("id", "ws", 1, 1), turn("offer"))
    assert found["voice_first_partial_ms_sum"] == 280
    assert found['voice_first_partial_ms_bucket{le="300.0"}'] == 1
    assert found["voice_first_audio_ms_sum"] == 2_270
    assert found['voice_first_audio_ms_bucket{le="600.0"}'] == 0


def test_what_webrtc_calls_totals_are_live_counts_that_go_down_again(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = Calls(Media())
    living: dict[Any, str] = {object(): "signaling", object(): "offer"}
    monkeypatch.setattr(calls, "_living", living)
    monkeypatch.setattr(calls, "counts", lambda: {"signaling": Counter(received_packets=50)})
    records: list[Record] = [SocketOpened("signaling"), CallStarted("id", "signaling")]
    found = Dashboard(*records, calls=calls)
    assert found["webrtc_websocket_connections_total"] == 1
    assert found["webrtc_active_sessions_total"] == 1
    assert found["webrtc_peer_connections_total"] == 1
    assert found["webrtc_audio_frames_processed_total"] == 50
    living.clear()
    records += [SocketClosed("signaling"), CallFinished("id", "signaling", "peer-left", 42.0, 1, 0, 0)]
    found = Dashboard(*records, calls=calls)
    assert found["webrtc_websocket_connections_total"] == 0
    assert found["webrtc_active_sessions_total"] == 0
    assert found["webrtc_peer_connections_total"] == 0
    assert found["webrtc_session_duration_seconds_sum"] == 42


def test_signaling_messages_are_counted_by_type_and_timed() -> None:
    found = Dashboard(
        SignalHandled("offer", 0.25), SignalHandled("unknown", 0.0), SignalHandled("offer", 0.5)
    )
    assert found['webrtc_signaling_messages_total{type="offer"}'] == 2
    assert found['webrtc_signaling_messages_total{type="unknown"}'] == 1
    assert found["webrtc_signaling_latency_seconds_count"] == 3
    assert found["webrtc_signaling_latency_seconds_sum"] == 0.75


def test_errors_are_those_of_the_door_and_of_its_connections() -> None:
    found = Dashboard(
        ErrorSeen("bad-sdp", "", "signaling"),
        ErrorSeen("bad-sdp", "", "offer"),
        CallFinished("id", "signaling", "connect-timeout", 30.0, 0, 0, 0),
        CallFinished("id", "signaling", "peer-left", 30.0, 0, 0, 0),
    )
    assert found['webrtc_errors_total{type="bad-sdp"}'] == 1
    assert found['webrtc_errors_total{type="connect-timeout"}'] == 1
    with pytest.raises(KeyError):
        found['webrtc_errors_total{type="peer-left"}']


@pytest.mark.parametrize(
    ("older", "ours"),
    [
        ("fastrtc_sessions_active", 'parley_sessions_active{door="fastrtc"}'),
        ("fastrtc_requests_total", 'parley_turn_latency_seconds_count{door="fastrtc",stage="total"}'),
        ("fastrtc_audio_bytes_processed", 'parley_audio_bytes_total{direction="heard",door="fastrtc"}'),
        ("voice_first_partial_ms_count", 'parley_first_partial_seconds_count{door="offer"}'),
        ("voice_first_audio_ms_count", 'parley_turn_latency_seconds_count{door="offer",stage="total"}'),
        ("webrtc_active_sessions_total", 'parley_sessions_active{door="signaling"}'),
    ],
)
def test_old_names_and_new_ones_tell_the_same(older: str, ours: str) -> None:
    records: list[Record] = []
    for number, door in enumerate(("offer", "signaling", "fastrtc", "duplex")):
        for _ in range(number + 2):
            records += [CallStarted("id", door), Transcribed("id", door, 1.0, 1.0), turn(door)]
        records.append(CallFinished("id", door, "idle", 9.0, 1, 1_000 + number, 5))
    found = Dashboard(*records)
    assert found[older] == found[ours] > 0
