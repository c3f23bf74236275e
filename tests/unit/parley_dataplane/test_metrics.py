"""What /metrics tells, from records alone."""

import pytest
from prometheus_client.parser import text_string_to_metric_families

from parley_dataplane.media.pacer import Pacer
from parley_dataplane.metrics import Metrics
from parley_dataplane.records import (
    CallFinished,
    CallStarted,
    ErrorSeen,
    Record,
    ReplyPaused,
    TurnFinished,
    TurnStarted,
)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(Pacer(lambda call, error: None))


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


RECORDS: list[Record] = [
    CallStarted("secret-id", "offer"),
    CallFinished("secret-id", "offer", "idle", 1.0, 1, 1, 1),
    TurnFinished("secret-id", "offer", "heard", 1.0),
    ReplyPaused("secret-id", "offer", "revoked", 0.2),
    ErrorSeen("bad-sdp", "secret-id", "offer"),
]


def test_no_id_becomes_a_label(metrics: Metrics) -> None:
    """An id per label would grow without bound, and is a key to the session's history."""
    for record in RECORDS:
        metrics(record)
    text = metrics.text().decode()
    assert "secret-id" not in text
    assert 'parley_errors_total{code="bad-sdp"} 1.0' in text
