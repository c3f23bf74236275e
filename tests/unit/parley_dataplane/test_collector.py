"""What the collector leaves alone, and what it says of its pauses."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from parley_dataplane.collector import ENDED_CALLS, Collector
from parley_dataplane.records import CallFinished
from tests import virtual_time


@pytest.fixture
def collector() -> Iterator[Collector]:
    collector = Collector()
    collector.settle()
    yield collector
    collector.close()
    gc.unfreeze()


class Knot:
    def __init__(self) -> None:
        self.itself = self


def test_what_was_there_before_is_never_looked_at_again(collector: Collector) -> None:
    assert gc.get_freeze_count() > 10_000
    assert len(gc.get_objects()) < 1_000


def test_what_comes_later_and_refers_to_itself_is_still_freed(collector: Collector) -> None:
    knot = weakref.ref(Knot())
    gc.collect()
    assert knot() is None


def ended(times: int, collector: Collector) -> int:
    """How many of so many calls, each gone with its end but for a knot, are left two seconds later."""

    async def main() -> int:
        knots = []
        for number in range(times):
            knot = Knot()
            knots.append(weakref.ref(knot))
            collector(CallFinished(str(number), "offer", "bye", 1.0, 0, 0, 0))
            del knot
        await asyncio.sleep(2.0)
        return sum(1 for knot in knots if knot() is not None)

    return virtual_time.run(main())


def test_when_a_few_calls_have_ended_their_memory_is_freed(collector: Collector) -> None:
    """Left to Python they stayed until there were 400 of them."""
    gc.disable()
    try:
        assert ended(ENDED_CALLS - 1, collector) == ENDED_CALLS - 1
        assert ended(1, collector) == 0
        assert ended(50, collector) == 0
    finally:
        gc.enable()


def test_calls_that_end_together_are_freed_by_one_collection(collector: Collector) -> None:
    before = gc.get_stats()[2]["collections"]
    ended(100, collector)
    assert gc.get_stats()[2]["collections"] == before + 1


def test_pauses_are_measured_and_the_longest_kept(collector: Collector) -> None:
    many = [[number] for number in range(200_000)]
    gc.collect()
    longest = collector.longest_secs
    assert longest > 0.0005
    del many
    gc.collect()
    gc.collect()
    assert collector.longest_secs >= longest
    assert collector.paused_secs > longest


def test_after_its_end_nothing_is_measured(collector: Collector) -> None:
    collector.close()
    collector.close()
    before = collector.paused_secs
    gc.collect()
    assert collector.paused_secs == before
