"""What /metrics tells, from records, counts and nothing else."""

from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from parley_api.media import Media
from parley_dataplane.collector import Collector
from parley_dataplane.doors import FASTRTC
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.metrics import Metrics
from parley_dataplane.records import (
    CallFinished,
    CallStarted,
    ErrorSeen,
    PeerReported,
    Record,
    ReplyPaused,
    SignalHandled,
    SocketClosed,
    SocketOpened,
    Transcribed,
    TurnFinished,
    TurnStarted,
)
from parley_dataplane.session_metrics import SessionMetrics
from parley_dataplane.transports.webrtc import Calls
from parley_dataplane.transports.webrtc.port import PortCounts


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(Pacer(lambda call, error: None), Calls(Media()), Collector(), list)


def test_what_a_peer_reports_is_counted_and_a_round_trip_that_it_does_not_tell_is_none(
    metrics: Metrics,
) -> None:
    door = (("door", "offer"),)
    metrics(PeerReported("offer", None, 0.25))
    metrics(PeerReported("offer", 0.03, 0.0))
    found = samples(metrics)
    assert found["parley_media_round_trip_seconds_count", door] == 1
    assert found["parley_media_round_trip_seconds_sum", door] == 0.03
    assert found["parley_media_peer_loss_ratio_sum", door] == 0.25


def test_what_calls_have_counted_is_told_by_kind_and_what_the_port_has_seen(
    metrics: Metrics, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = Calls(Media())
    monkeypatch.setattr(calls, "counts", lambda: {"offer": Counter(forged_packets=3, dropped_texts=2)})
    port = SimpleNamespace(counts=PortCounts(strangers=7, looked_into=5, taken_over=1), claimed=4)
    monkeypatch.setattr(calls, "port", port)
    found = samples(Metrics(Pacer(lambda call, error: None), calls, Collector(), list))
    assert found["parley_media_packets_total", (("door", "offer"), ("kind", "forged"))] == 3
    assert found["parley_data_channel_messages_total", (("door", "offer"), ("kind", "dropped"))] == 2
    assert found["parley_udp_strangers_total", ()] == 7
    assert found["parley_udp_names_read_total", ()] == 5
    assert found["parley_udp_addresses_taken_over_total", ()] == 1
    assert found["parley_udp_addresses_claimed", ()] == 4


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(metrics.text().decode())
        for sample in family.samples
    }


def test_a_call_counts_as_active_until_it_has_ended(metrics: Metrics) -> None:
    door = (("door", "offer"),)
    metrics(CallStarted("id", "offer"))
    assert samples(metrics)["parley_sessions_active", door] == 1
    metrics(CallFinished("id", "offer", "hung-up", 3.0, 2, 1000, 2000))
    found = samples(metrics)
    assert found["parley_sessions_active", door] == 0
    assert found["parley_sessions_opened_total", door] == 1
    assert found["parley_sessions_ended_total", (*door, ("reason", "hung-up"))] == 1
    assert found["parley_audio_bytes_total", (("direction", "heard"), *door)] == 1000


def test_latency_is_counted_by_stage_in_seconds(metrics: Metrics) -> None:
    metrics(TurnStarted("id", "offer", 300, 20, 10, 5, 15, 350))
    found = samples(metrics)
    assert found["parley_turn_latency_seconds_sum", (("door", "offer"), ("stage", "total"))] == 0.35
    assert found["parley_turn_latency_seconds_sum", (("door", "offer"), ("stage", "stt"))] == 0.02


def test_pauses_are_counted_by_what_the_sound_was_with_the_time_until_that_was_known(
    metrics: Metrics,
) -> None:
    metrics(ReplyPaused("id", "offer", "revoked", 0.25))
    metrics(ReplyPaused("id", "offer", "revoked", 0.125))
    metrics(ReplyPaused("id", "duplex", "confirmed", 0.1))
    found = samples(metrics)
    assert found["parley_reply_pauses_total", (("door", "offer"), ("outcome", "revoked"))] == 2
    assert found["parley_reply_pause_seconds_sum", (("door", "offer"), ("outcome", "revoked"))] == 0.375
    assert found["parley_reply_pauses_total", (("door", "duplex"), ("outcome", "confirmed"))] == 1


def test_audio_is_counted_while_the_call_goes_on_and_once_when_it_has_ended() -> None:
    going_on: list[Any] = [
        SimpleNamespace(kind=FASTRTC, metrics=SessionMetrics(bytes_heard=300, bytes_said=20))
    ]
    metrics = Metrics(Pacer(lambda call, error: None), Calls(Media()), Collector(), lambda: going_on)
    metrics(CallFinished("before", "fastrtc", "idle", 1.0, 1, 1_000, 2_000))
    heard = ("parley_audio_bytes_total", (("direction", "heard"), ("door", "fastrtc")))
    assert samples(metrics)[heard] == 1_300
    going_on.clear()
    metrics(CallFinished("now", "fastrtc", "idle", 1.0, 1, 400, 20))
    assert samples(metrics)[heard] == 1_400


def test_the_first_words_are_counted_in_seconds(metrics: Metrics) -> None:
    metrics(Transcribed("id", "duplex", 250, 500))
    found = samples(metrics)
    assert found["parley_first_partial_seconds_sum", (("door", "duplex"),)] == 0.25
    assert found["parley_first_stable_word_seconds_sum", (("door", "duplex"),)] == 0.5


@pytest.mark.parametrize(("left", "found"), [(None, (0, 0)), (0.0, (1, 0)), (90.5, (1, 90.5))])
def test_whether_it_drains_is_told_with_the_seconds_that_are_left(
    left: float | None, found: tuple[float, float]
) -> None:
    metrics = Metrics(Pacer(lambda call, error: None), Calls(Media()), Collector(), list, lambda: left)
    told = samples(metrics)
    assert (told["parley_draining", ()], told["parley_drain_seconds_left", ()]) == found


RECORDS: list[Record] = [
    CallStarted("secret-id", "offer"),
    CallFinished("secret-id", "offer", "idle", 1.0, 1, 1, 1),
    TurnFinished("secret-id", "offer", "heard", 1.0),
    ReplyPaused("secret-id", "offer", "revoked", 0.2),
    Transcribed("secret-id", "offer", 200.0, 300.0),
    SocketOpened("signaling"),
    SignalHandled("offer", 0.01),
    SocketClosed("signaling"),
    ErrorSeen("bad-sdp", "secret-id", "offer"),
]


def test_no_id_becomes_a_label(metrics: Metrics) -> None:
    """An id per label would grow without bound, and is a key to the session's history."""
    for record in RECORDS:
        metrics(record)
    text = metrics.text().decode()
    assert "secret-id" not in text
    assert 'parley_errors_total{code="bad-sdp"} 1.0' in text
