"""docs/metrics.md against /metrics: every metric that is scraped is there with its type and labels, and no other."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import get_args

import pytest
from prometheus_client.parser import text_string_to_metric_families

from parley_api.media import Media
from parley_dataplane import records
from parley_dataplane.collector import Collector
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.metrics import STAGES, Metrics
from parley_dataplane.older_metrics import CONNECTION_ERRORS
from parley_dataplane.protocols.signaling import KINDS
from parley_dataplane.transports.webrtc import Calls
from parley_dataplane.transports.webrtc.calls import COUNTED
from parley_dataplane.transports.webrtc.port import PortCounts

PAGE = (Path(__file__).parents[3] / "docs/metrics.md").read_text()
ROWS = {
    name: (kind, labels, meaning)
    for name, kind, labels, meaning in re.findall(
        r"^\| `(\w+)` \| (\w+) \|(.*?)\|(.*)\|$", PAGE, re.MULTILINE
    )
}
CLIENTS_OWN = re.compile(r"(process|python)_|.*_created$")

HAPPENED: list[records.Record] = [
    record
    for door in ("offer", "signaling", "fastrtc")
    for record in (
        records.CallStarted("id", door),
        records.Transcribed("id", door, 200.0, 300.0),
        records.TurnStarted("id", door, 1.0, 1.0, 1.0, 1.0, 1.0, 5.0),
        records.ReplyPaused("id", door, "revoked", 0.1),
        records.PeerReported(door, 0.1, 0.0),
        records.TurnFinished("id", door, "heard", 1.0),
        records.SocketOpened(door),
        records.SignalHandled("offer", 0.01),
        records.ErrorSeen("bad-sdp", "id", door),
        records.SocketClosed(door),
        records.CallFinished("id", door, "idle", 1.0, 1, 1, 1),
        records.DrainBegan(1, 60.0),
        records.DrainEnded("last-call-ended", 0, 1.0),
    )
]


@pytest.fixture
def scraped(monkeypatch: pytest.MonkeyPatch) -> str:
    """What /metrics answers once everything has happened that is counted."""
    calls = Calls(Media())
    monkeypatch.setattr(calls, "counts", lambda: {"offer": Counter(dict.fromkeys(COUNTED, 1))})
    monkeypatch.setattr(calls, "port", SimpleNamespace(counts=PortCounts(), claimed=0))
    metrics = Metrics(Pacer(lambda call, error: None), calls, Collector(), list)
    for record in HAPPENED:
        metrics(record)
    return metrics.text().decode()


def test_all_that_can_happen_has_happened_here() -> None:
    assert {type(record) for record in HAPPENED} == set(get_args(records.Record))


def test_every_metric_is_on_the_page_with_its_type_and_no_other_is(scraped: str) -> None:
    found = dict(re.findall(r"^# TYPE (\w+) (\w+)$", scraped, re.MULTILINE))
    found = {name: kind for name, kind in found.items() if not CLIENTS_OWN.match(name)}
    assert len(found) > 30
    assert {name: kind for name, (kind, _, _) in ROWS.items()} == found


def test_every_label_is_on_the_page_and_no_other_is(scraped: str) -> None:
    labels: dict[str, set[str]] = {name: set() for name in ROWS}
    for family in text_string_to_metric_families(scraped):
        for sample in family.samples:
            name = sample.name if sample.name in ROWS else re.sub(r"_(bucket|count|sum)$", "", sample.name)
            if name in ROWS:
                labels[name] |= sample.labels.keys() - {"le"}
    said = {name: set(re.findall(r"`(\w+)`", row[1].partition(":")[0])) for name, row in ROWS.items()}
    assert said == labels


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("webrtc_signaling_messages_total", KINDS),
        ("webrtc_errors_total", CONNECTION_ERRORS),
        ("parley_turn_latency_seconds", STAGES),
        (
            "parley_media_packets_total",
            [name.removesuffix("_packets") for name in COUNTED if name.endswith("_packets")],
        ),
    ],
)
def test_every_value_of_a_label_that_the_code_lists_is_on_the_page(name: str, values: Sequence[str]) -> None:
    _, labels, meaning = ROWS[name]
    assert [value for value in values if f"`{value}`" not in labels + meaning] == []
