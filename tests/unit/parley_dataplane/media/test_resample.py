"""What the resampler promises: the same sound, the right length, however the stream is cut."""

from __future__ import annotations

import numpy as np
import pytest

from parley_dataplane.errors import UnsupportedMedia
from parley_dataplane.media import Pcm
from parley_dataplane.media.resample import Resampler

RATES = [8_000, 11_025, 12_000, 16_000, 22_050, 22_051, 24_000, 32_000, 44_100, 48_000]


def tone(hertz: float, rate: int, seconds: float) -> Pcm:
    return (10_000 * np.sin(2 * np.pi * hertz * np.arange(int(rate * seconds)) / rate)).astype(np.int16)


def resampled(pcm: Pcm, rate: int, wanted: int = 16_000) -> Pcm:
    resampler = Resampler(rate, wanted)
    return np.concatenate((resampler.push(pcm), resampler.flush()))


@pytest.mark.parametrize("rate", RATES)
def test_a_tone_is_the_same_tone_without_delay(rate: int) -> None:
    heard = resampled(tone(1_000, rate, 0.5), rate)
    wanted = tone(1_000, 16_000, 0.5)
    middle = slice(400, 7_600)
    error = (heard[middle].astype(float) - wanted[middle]).std()
    assert error < wanted.std() * 10 ** (-60 / 20)


@pytest.mark.parametrize("rate", RATES)
def test_a_second_stays_a_second(rate: int) -> None:
    assert len(resampled(tone(440, rate, 1.0), rate)) == pytest.approx(16_000, abs=2)


@pytest.mark.parametrize("rate", [8_000, 22_050, 44_100, 48_000])
def test_how_a_stream_is_cut_changes_no_sample(rate: int) -> None:
    pcm = np.random.default_rng(5).integers(-20_000, 20_000, rate // 2).astype(np.int16)
    whole = resampled(pcm, rate)
    resampler = Resampler(rate)
    sizes = np.random.default_rng(6).integers(0, 700, 2_000).cumsum()
    parts = [resampler.push(part) for part in np.split(pcm, sizes[sizes < len(pcm)])]
    assert np.array_equal(np.concatenate([*parts, resampler.flush()]), whole)


@pytest.mark.parametrize("rate", [24_000, 44_100, 48_000])
def test_what_16_khz_can_not_hold_does_not_come_back_as_another_tone(rate: int) -> None:
    heard = resampled(tone(10_000, rate, 0.5), rate)
    assert np.abs(heard[400:-400]).max() < 10_000 * 10 ** (-60 / 20)


@pytest.mark.parametrize("rate", RATES)
def test_a_push_holds_back_no_more_than_2_ms(rate: int) -> None:
    assert len(Resampler(rate).push(tone(440, rate, 1.0))) >= 16_000 - 33


def test_the_loudest_samples_are_clipped_and_do_not_wrap() -> None:
    square = np.tile(np.repeat(np.array([32_767, -32_768], np.int16), 24), 200)
    heard = resampled(square, 48_000)
    assert heard.max() == 32_767
    assert heard.min() == -32_768
    assert np.sign(heard[8:-8:8]).tolist() == np.sign(resampled(square // 4, 48_000)[8:-8:8]).tolist()


@pytest.mark.parametrize("rate", [0, -1, 7_999, 48_001, 96_000])
def test_another_rate_is_refused_with_what_is_allowed(rate: int) -> None:
    with pytest.raises(UnsupportedMedia, match="8000 to 48000"):
        Resampler(rate)
