"""The seeded network does what its value says: tests of media stand on it."""

from __future__ import annotations

import itertools

import pytest

from tests.network import Network

SENT = [(0.020 * number, number) for number in range(20_000)]


def test_a_perfect_network_adds_its_latency_and_nothing_else() -> None:
    assert Network(1).carry(SENT) == [(at + 0.030, number) for at, number in SENT]


def test_the_same_value_does_the_same_and_another_seed_something_else() -> None:
    weather = {"jitter": 0.010, "loss": 0.05, "overtaken": 0.02, "duplicates": 0.01}
    assert Network(1, **weather).carry(SENT) == Network(1, **weather).carry(SENT)
    assert Network(1, **weather).carry(SENT) != Network(2, **weather).carry(SENT)


@pytest.mark.parametrize("burst", [1.0, 4.0])
def test_loss_is_as_large_and_comes_in_runs_as_long_as_said(burst: float) -> None:
    arrived = {number for _, number in Network(3, loss=0.10, burst=burst).carry(SENT)}
    lost = [number not in arrived for _, number in SENT]
    runs = [len(list(run)) for is_lost, run in itertools.groupby(lost) if is_lost]
    assert sum(lost) / len(lost) == pytest.approx(0.10, rel=0.15)
    assert sum(runs) / len(runs) == pytest.approx(burst, rel=0.15)


def test_one_queue_keeps_order_under_any_jitter_and_two_ways_do_not() -> None:
    queue = [number for _, number in Network(4, jitter=0.040, in_order=True).carry(SENT)]
    ways = [number for _, number in Network(4, jitter=0.040).carry(SENT)]
    assert queue == sorted(queue)
    assert ways != sorted(ways)
    assert sorted(ways) == queue


def test_so_many_packets_are_overtaken_or_doubled_as_said() -> None:
    arrived = [number for _, number in Network(5, overtaken=0.05, duplicates=0.03).carry(SENT)]
    back = sum(later < earlier for earlier, later in itertools.pairwise(arrived))
    assert len(arrived) / len(SENT) == pytest.approx(1.03, abs=0.005)
    assert back / len(SENT) == pytest.approx(0.05, abs=0.01)
