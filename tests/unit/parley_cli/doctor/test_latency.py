"""What is read from /metrics: percentiles by stage, and whether the server's clock kept up."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from parley_api.media import Media
from parley_cli.doctor import latency
from parley_dataplane import metrics as dataplane
from parley_dataplane.collector import Collector
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.records import TurnStarted
from parley_dataplane.transports.webrtc import Calls


def scraped(*turns: TurnStarted) -> latency.Scraped:
    """What the server tells once these answers have begun."""
    metrics = dataplane.Metrics(Pacer(lambda call, error: None), Calls(Media()), Collector(), list)
    for turn in turns:
        metrics(turn)
    told = latency.read(metrics.text().decode())
    assert told is not None
    return told


def turn(door: str = "offer", **stages: float) -> TurnStarted:
    """Milliseconds of each stage; 10 where none is told."""
    parts = dict.fromkeys(("endpointing", "stt", "llm", "tts", "send"), 10.0) | stages
    return TurnStarted("id", door, *parts.values(), sum(parts.values()))


def test_the_stages_are_those_of_the_server() -> None:
    assert latency.STAGES == dataplane.STAGES


def test_percentiles_lie_in_the_buckets_of_what_was_measured_over_all_doors() -> None:
    told = scraped(*[turn(tts=150.0)] * 10, *[turn("duplex", tts=700.0)] * 10)
    [_, found] = latency.findings(told, told, connected=True)
    assert (found.state, found.figures["n"]) == ("ok", 20)
    assert 100 <= (found.figures["tts_p50_ms"] or 0) <= 200
    assert 600 <= (found.figures["tts_p95_ms"] or 0) <= 800
    assert found.figures["stt_p95_ms"] == pytest.approx(9.5)
    assert "tts 200 / 780" in found.seen


@pytest.mark.parametrize(
    ("stage", "named"), [("stt", "recognition"), ("llm", "the LLM"), ("tts", "the voice")]
)
def test_the_stage_that_takes_most_is_named(stage: str, named: str) -> None:
    told = scraped(*[turn(**{stage: 1900.0})] * 5)
    [_, found] = latency.findings(told, told, connected=True)
    assert found.state == "warn"
    assert found.instead.startswith(f"most of it is {named}")


def test_silence_that_the_agent_asks_for_is_no_fault() -> None:
    told = scraped(turn(endpointing=1500.0))
    assert [finding.state for finding in latency.findings(told, told, connected=True)] == ["ok", "ok"]


def test_before_the_first_answer_there_is_nothing_to_judge() -> None:
    [_, found] = latency.findings(scraped(), scraped(), connected=True)
    assert (found.state, found.seen) == ("ok", "nobody has been answered since the server started")


@pytest.mark.parametrize(("late", "skipped", "state"), [(3, 0, "ok"), (4, 0, "warn"), (0, 1, "warn")])
def test_a_clock_that_fell_behind_during_the_call_is_told(late: float, skipped: float, state: str) -> None:
    before, after = latency.Scraped(100, 7, {}), latency.Scraped(100 + late, 7 + skipped, {})
    clock, _ = latency.findings(before, after, connected=True)
    assert (clock.check, clock.state) == ("clock", state)
    assert clock.figures == {"late_ticks": late, "skipped_ticks": skipped}


def test_without_a_call_the_clock_is_not_judged() -> None:
    told = latency.Scraped(0, 0, {})
    assert [finding.check for finding in latency.findings(told, told, connected=False)] == ["latency"]


def test_metrics_that_are_hidden_are_a_warning() -> None:
    [found] = latency.findings(None, latency.Scraped(0, 0, {}), connected=True)
    assert (found.check, found.state) == ("latency", "warn")


@pytest.mark.parametrize("text", ["<html>not found</html>", "other_total 1\n", ""])
def test_what_is_no_exposition_of_parleys_is_none(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(latency, "ask", lambda *_: SimpleNamespace(status=200, body=text.encode()))
    assert latency.scrape(SimpleNamespace()) is None  # type: ignore[arg-type]


def test_beyond_the_last_bucket_only_its_bound_is_known() -> None:
    assert latency.quantile(0.95, {1.0: 0.0, 8.0: 1.0, float("inf"): 10.0}) == 8000
    assert latency.quantile(0.5, {0.1: 0.0, 0.3: 10.0, float("inf"): 10.0}) == pytest.approx(200)
    assert latency.quantile(0.5, {}) is None
