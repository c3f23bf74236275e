"""The older systems' figures stand beside their limits; what could not be a sample is told, and never counted."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.doors import seeds
from tests.bench.doors.seeds import AUDIO, LATE, LIMITS_MS, PARTIAL, STABLE, table
from tests.bench.figures import FAILED


def samples(figure: str, *milliseconds: float) -> list[dict[str, Any]]:
    return [{"figure": figure, "door": "/ws", "milliseconds": value} for value in milliseconds]


@pytest.mark.parametrize(
    ("milliseconds", "verdict"),
    [((100.0, 299.9), "| 300 | holds |"), ((100.0, 300.0), "| 300 | DOES NOT HOLD |")],
    ids=["below the limit", "at the limit"],
)
def test_a_figure_holds_when_its_p95_is_under_the_limit(
    milliseconds: tuple[float, ...], verdict: str
) -> None:
    assert table(samples(PARTIAL, *milliseconds))[2].endswith(verdict)


def test_a_figure_without_a_limit_is_not_judged() -> None:
    assert STABLE not in LIMITS_MS
    assert table(samples(STABLE, 9_000.0))[2].endswith("| 9000.0 |  |  |")


def test_what_is_no_sample_is_told_beside_the_row_and_does_not_move_it() -> None:
    lines = table([*samples(AUDIO, 400.0), {"figure": AUDIO, "door": "/ws", "early": True}])
    assert lines[2].startswith(f"| {AUDIO} | /ws | 1 | 400.0 |")
    assert lines[3:] == [f"no sample of {AUDIO!r}, /ws: 1 times answered before the question was over"]


def test_failures_and_a_client_that_was_late_are_told() -> None:
    lines = table(
        [
            {"figure": FAILED, "door": "/ws", "why": "TimeoutError: no response"},
            {"figure": LATE, "milliseconds": 1.0},
            {"figure": LATE, "milliseconds": 7.5},
        ]
    )
    assert lines[2:] == [
        "1 questions failed, /ws; the first: TimeoutError: no response",
        "the client's own clock was late at worst: 7.5 ms",
    ]


def test_every_figure_of_the_issue_has_its_limit() -> None:
    assert sorted(LIMITS_MS.values()) == [50, 100, 120, 300, 600, 800, 2_000, 2_000, 2_000]
    assert [stage.name for stage in seeds.stages(3, 30)] == [
        "offer",
        "session",
        "answer",
        "barge-in",
        "perceived",
        "whole",
        "recordings",
    ]
