"""The worker's resampler: eSpeak's 22,050 Hz at the 24,000 that is sent."""

from __future__ import annotations

import numpy as np
import pytest

from parley_dataplane.engines.workers.resampler import Resampler
from parley_dataplane.media import Pcm


@pytest.mark.parametrize("size", [1, 7, 441, 882, 22_050])
def test_resampling_does_not_depend_on_how_the_sound_is_cut(size: int) -> None:
    tone = (10_000 * np.sin(np.arange(4_410) / 5)).astype(np.int16)
    assert np.array_equal(resampled(tone, size), resampled(tone, len(tone)))
    assert len(resampled(tone, size)) == 4_800


@pytest.mark.parametrize("hertz", [100, 1_000, 5_000, 9_000])
def test_a_resampled_tone_is_the_tone_at_the_new_rate(hertz: int) -> None:
    tone = (10_000 * np.sin(2 * np.pi * hertz * np.arange(22_050) / 22_050)).astype(np.int16)
    wanted = 10_000 * np.sin(2 * np.pi * hertz * np.arange(24_000) / 24_000)
    difference = (resampled(tone, 1_323) - wanted)[200:-200]
    assert 20 * np.log10(np.sqrt(np.mean(difference**2)) / 7_071) < -65


def resampled(pcm: Pcm, size: int) -> Pcm:
    resampler = Resampler(22_050, 24_000)
    parts = [resampler.push(pcm[start : start + size]) for start in range(0, len(pcm), size)]
    return np.concatenate([*parts, resampler.flush()])
