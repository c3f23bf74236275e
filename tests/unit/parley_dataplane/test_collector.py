"""What the collector leaves alone, and what it says of its pauses."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from parley_dataplane.collector import Collector


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


def test_after_its_end_nothing_is_measured() -> None:
    collector = Collector()
    collector.settle()
    collector.close()
    collector.close()
    before = collector.paused_secs
    gc.collect()
    gc.unfreeze()
    assert collector.paused_secs == before
