"""What a door has answered, from the pipeline's own records."""

from __future__ import annotations

from parley_dataplane.pipeline_stats import PipelineStats
from parley_dataplane.records import CallStarted, TurnStarted


def answered(
    door: str = "fastrtc", stt: float = 100.4, llm: float = 300.4, tts: float = 200.4
) -> TurnStarted:
    return TurnStarted("s", door, 1_500.0, stt, llm, tts, 20.0, 1_500.0 + stt + llm + tts + 20.0)


def test_before_the_first_request_everything_is_nought() -> None:
    stats = PipelineStats("fastrtc")
    assert (stats.requests, stats.total_latency_ms, stats.average_latency_ms, stats.last_minute) == (
        0,
        0,
        0,
        0,
    )


def test_a_request_of_the_door_counts_without_the_silence_that_ended_it_and_others_do_not() -> None:
    stats = PipelineStats("fastrtc")
    for record in (answered(), answered(llm=500.4), answered("duplex"), CallStarted("s", "fastrtc")):
        stats(record)
    assert (stats.requests, stats.total_latency_ms, stats.average_latency_ms) == (2, 600 + 800, 700)


def test_a_request_is_in_the_throughput_for_a_minute() -> None:
    now = 0.0
    stats = PipelineStats("fastrtc", clock=lambda: now)
    stats(answered())
    now = 30.0
    stats(answered())
    assert stats.last_minute == 2
    now = 60.0
    assert stats.last_minute == 1
    now = 100.0
    assert (stats.last_minute, stats.requests) == (0, 2)
