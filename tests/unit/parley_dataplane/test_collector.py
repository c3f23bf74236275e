"""What the collector leaves alone, and what it says of its pauses."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from parley_dataplane.collector import Collector


@pytest.fixture
def collector() -> Iterator[Collector]:
    thresholds = gc.get_threshold()
    collector = Collector()
    collector.settle()
    yield collector
    collector.close()
    gc.unfreeze()
    gc.set_threshold(*thresholds)


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


class Call(Knot):
    """As many objects as a call has, which refer to each other."""

    def __init__(self) -> None:
        super().__init__()
        self.parts = [[self] for _ in range(180)]


def test_of_the_calls_that_have_ended_only_the_last_ones_still_take_memory(collector: Collector) -> None:
    """With Python's own thresholds all of them did, until there were 400."""
    calls = [Call() for _ in range(100)]
    ended = []
    for number in range(350):
        ended.append(weakref.ref(calls[number % 100]))
        calls[number % 100] = Call()
        kept = sum(1 for call in ended if call() is not None)
        assert kept <= 100


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
