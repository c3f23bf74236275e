"""How long a hole is waited for, after what the network has shown."""

from __future__ import annotations

import random

import pytest

from parley_dataplane.media.lateness import FIRST_SECS, LONGEST_SECS, SHORTEST_SECS, Lateness


def after(lateness: list[float], jitter: float = 0.0, rest: float = 0.0) -> float:
    """The patience after packets that were so late, one a second, and `rest` seconds of order."""
    subject = Lateness()
    subject.begin(100.0)
    for number, late in enumerate(lateness):
        subject.overtaken(late, 100.0 + number)
    return subject.patience(jitter, 100.0 + len(lateness) + rest)


def test_a_call_begins_in_the_middle_of_the_ordinary_range() -> None:
    assert after([]) == FIRST_SECS == 0.060


def test_a_network_that_keeps_order_is_trusted_after_a_while() -> None:
    assert after([], rest=19.0) == FIRST_SECS
    assert after([], rest=21.0) == SHORTEST_SECS


@pytest.mark.parametrize(
    ("jitter", "patience"),
    [(0.0, 0.020), (0.005, 0.040), (0.010, 0.060), (0.015, 0.080), (0.045, 0.200), (9.0, 0.200)],
)
def test_an_access_network_that_keeps_order_gets_40_to_80_ms(jitter: float, patience: float) -> None:
    assert after([], jitter, rest=60.0) == pytest.approx(patience)


@pytest.mark.parametrize(
    ("late", "patience"), [(0.012, 0.020), (0.045, 0.050), (0.119, 0.120), (0.199, 0.200)]
)
def test_packets_that_come_late_are_waited_for_as_long_as_they_take(late: float, patience: float) -> None:
    assert after([late] * 60) == pytest.approx(patience)


def test_19_of_20_that_were_overtaken_are_waited_for_and_the_rare_straggler_is_not() -> None:
    rng = random.Random(5)
    assert after([rng.uniform(0.0, 0.040) for _ in range(200)]) == pytest.approx(0.040)
    assert after([0.199 if number % 50 == 0 else 0.030 for number in range(1, 200)]) == pytest.approx(0.040)


def test_what_comes_after_the_longest_patience_is_not_waited_for_at_all() -> None:
    assert after([LONGEST_SECS, 0.5, 30.0, -1.0] * 10) == SHORTEST_SECS


def test_half_is_forgotten_in_20_s_so_that_a_network_that_got_better_is_believed() -> None:
    assert after([0.150] * 100 + [0.012] * 60) == pytest.approx(0.160)
    assert after([0.150] * 100 + [0.012] * 150) == pytest.approx(0.020)
