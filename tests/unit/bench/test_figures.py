"""Figures are made from times that can be; percentiles are samples that were measured."""

from __future__ import annotations

import pytest

from tests.bench.figures import (
    ImpossibleOrderError,
    Sample,
    answer_ms,
    connect_ms,
    interruption_ms,
    percentile,
    table,
)


def test_the_configured_silence_is_not_counted() -> None:
    assert answer_ms(10.0, 10.35, 0.2) == pytest.approx(150.0)


@pytest.mark.parametrize(
    "impossible",
    [
        lambda: answer_ms(10.0, 9.99, 0.2),
        lambda: answer_ms(0.0, 10.0, 0.2),
        lambda: interruption_ms(10.0, 9.0, 11.0),
        lambda: interruption_ms(10.0, 12.0, 11.0),
        lambda: connect_ms(10.0, 9.0, 11.0),
        lambda: connect_ms(10.0, 12.0, 11.0),
    ],
    ids=[
        "an answer before the question's end",
        "a question that never ended",
        "an answer that stopped before it was interrupted",
        "a next answer before the end of the one before",
        "an SDP answer before its offer",
        "connected before the SDP answer",
    ],
)
def test_an_impossible_order_of_times_raises(impossible: object) -> None:
    with pytest.raises(ImpossibleOrderError, match="does not follow"):
        impossible()  # type: ignore[operator]


@pytest.mark.parametrize(("percent", "rank"), [(50, 50), (95, 95), (99, 99), (100, 100), (0, 1)])
def test_a_percentile_is_a_sample_that_was_measured(percent: float, rank: int) -> None:
    assert percentile([float(n) for n in range(100, 0, -1)], percent) == rank


def test_p99_of_few_samples_is_their_maximum() -> None:
    assert percentile([3.0, 1.0, 2.0], 99) == 3.0


def test_no_samples_have_no_percentile() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 50)


def test_a_row_of_the_table_holds_one_figure_of_one_door_and_engines() -> None:
    lines = table([Sample("f", "instant", door, 0, i, 10.0 * i) for door in ("a", "b") for i in (1, 2, 3)])
    assert lines[2:] == [f"| f | instant | {door} | 3 | 20.0 | 30.0 | 30.0 |" for door in ("a", "b")]
