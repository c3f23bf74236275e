"""What is done to a voice before PocketSphinx hears it: its level, and a floor of noise."""

from __future__ import annotations

import numpy as np
import pytest

from parley_dataplane.engines.front_end import FrontEnd, pink_noise
from parley_dataplane.hearing.ear import PRE_ROLL_SECS
from parley_dataplane.media import HEARING_FRAME, HEARING_RATE, Pcm


def front_end(pcm: Pcm) -> list[Pcm]:
    end = FrontEnd()
    parts = [end.push(pcm[start : start + HEARING_FRAME]) for start in range(0, len(pcm), HEARING_FRAME)]
    return [part for part in [*parts, end.flush()] if len(part)]


@pytest.mark.parametrize("amplitude", [600, 6_000, 32_000])
def test_every_voice_gets_the_same_level_and_no_sample_is_lost(amplitude: int) -> None:
    tone = (amplitude * np.sin(np.arange(2 * HEARING_RATE) / 10)).astype(np.int16)
    heard = np.concatenate(front_end(tone))
    assert len(heard) == len(tone)
    assert np.abs(heard.astype(int)).max() == pytest.approx(16_384, rel=0.06)


def test_digital_silence_gets_a_floor_of_noise_at_minus_45_db() -> None:
    heard = np.concatenate(front_end(np.zeros(HEARING_RATE * 4, np.int16)))
    decibels = 20 * np.log10(np.sqrt(np.mean((heard / 32768.0) ** 2)))
    assert decibels == pytest.approx(-45, abs=0.5)
    octave = [np.sum(np.abs(np.fft.rfft(pink_noise()))[low : 2 * low] ** 2) for low in (4_000, 16_000)]
    assert octave[0] == pytest.approx(octave[1], rel=0.1), "pink: every octave holds the same power"


def test_there_is_one_write_per_80_ms_and_not_per_frame() -> None:
    after_a_second = front_end(np.zeros(HEARING_RATE * 2, np.int16))[16:]
    assert 12 <= len(after_a_second) <= 13


def test_what_the_ear_hands_on_at_once_is_heard_at_once_and_a_first_word_every_40_ms() -> None:
    pre_roll = int(PRE_ROLL_SECS * HEARING_RATE)
    assert len(FrontEnd().push(np.zeros(pre_roll, np.int16))) == pre_roll
    lengths = [len(part) for part in front_end(np.zeros(HEARING_RATE, np.int16))]
    assert lengths == [pre_roll, *[2 * HEARING_FRAME] * 15]


def test_a_burst_that_is_louder_than_what_came_before_does_not_clip() -> None:
    quiet, loud = (np.full(HEARING_RATE, level, np.int16) for level in (500, 30_000))
    assert np.abs(np.concatenate(front_end(np.concatenate([quiet, loud]))).astype(int)).max() < 32_767
