"""Packets of many callers have the levels that each has alone."""

import numpy as np
import pytest

from parley_dataplane.hearing.levels import FRAME, measure, measure_all
from parley_dataplane.media import Pcm

CHANCE = np.random.default_rng(5)


def packet(samples: int, loudness: float) -> Pcm:
    return CHANCE.normal(0, loudness, samples).astype(np.int16)


def test_a_packet_measured_beside_others_has_the_levels_and_samples_that_it_has_alone() -> None:
    packets = [packet(size, loud) for size in (2 * FRAME, FRAME, 6 * FRAME) for loud in (1, 50, 9_000)]
    for pcm, together in zip(packets, measure_all(packets), strict=True):
        alone = measure(pcm)
        assert together is not None
        assert together.levels == pytest.approx(alone.levels, abs=0.001)
        assert np.array_equal(together.samples, alone.samples)


def test_what_is_no_whole_number_of_frames_is_left_to_its_own_ear() -> None:
    odd = packet(FRAME + 1, 100)
    assert measure_all([odd]) == [None]
    whole, none, more = measure_all([packet(FRAME, 100), odd, packet(FRAME, 100)])
    assert none is None
    assert whole is not None
    assert more is not None
    assert measure_all([]) == []
