"""Frames have levels that do not depend on packets, and times of their own; what is kept loses nothing."""

import numpy as np
import pytest

from parley_dataplane.hearing.echo import OwnVoice
from parley_dataplane.hearing.frames import Frames, Kept
from parley_dataplane.hearing.levels import FRAME, SILENT_DB
from parley_dataplane.media import HEARING_RATE, Pcm

NOISE: Pcm = np.random.default_rng(3).normal(0, 2_000, HEARING_RATE).astype(np.int16)


def frames_of_nobody() -> Frames:
    """The agent is silent."""
    return Frames(OwnVoice())


@pytest.mark.parametrize("size", [1, 159, 160, 320, 333, 16_000])
def test_levels_do_not_depend_on_how_the_audio_is_cut(size: int) -> None:
    whole, cut = frames_of_nobody(), frames_of_nobody()
    whole.push(NOISE, 1.0, -60.0)
    for start in range(0, len(NOISE), size):
        cut.push(NOISE[start : start + size], 1.0, -60.0)
    assert [frame.level for frame in cut.waiting] == pytest.approx([frame.level for frame in whole.waiting])
    assert len(cut.waiting) == 100


def test_full_scale_is_zero_and_digital_silence_has_a_level() -> None:
    frames = frames_of_nobody()
    full = np.resize(np.array([32_767, -32_768]), FRAME)
    frames.push(np.concatenate((full, np.zeros(FRAME))).astype(np.int16), 0.02, -60.0)
    assert [frame.level for frame in frames.waiting] == pytest.approx([0.0, SILENT_DB], abs=0.01)


def test_rumble_is_not_loud_and_a_deep_voice_is() -> None:
    time = np.arange(2 * FRAME) / HEARING_RATE
    levels = {}
    for hertz in (0, 30, 50, 100, 300, 400):
        frames = frames_of_nobody()
        frames.push((10_000 * np.cos(2 * np.pi * hertz * time + 0.3)).astype(np.int16), 0.02, -60.0)
        levels[hertz] = max(frame.level for frame in frames.waiting)
    assert max(levels[0], levels[30], levels[50], levels[100]) < -50
    assert min(levels[300], levels[400]) > -20


def test_each_frame_of_a_packet_has_its_own_time_and_those_of_a_recording_the_time_of_arrival() -> None:
    frames = frames_of_nobody()
    frames.push(NOISE[:320], 5.0, -60.0)
    assert [frame.at for frame in frames.waiting] == pytest.approx([4.99, 5.0])
    frames = frames_of_nobody()
    frames.push(NOISE, 5.0, -60.0)
    assert {frame.at for frame in frames.waiting} == {5.0}


@pytest.mark.parametrize("size", [100, 320, 16_000])
def test_what_is_kept_reaches_back_by_the_pre_roll_and_then_loses_nothing(size: int) -> None:
    kept = Kept(0.1)
    for start in range(0, len(NOISE), size):
        kept.push(NOISE[start : start + size])
        if start < 8_000:
            kept.forget(8_000)
    got = np.concatenate((kept.take(9_000), kept.take(9_001), kept.take(None), kept.take(None)))
    assert 1_600 <= 16_000 - 8_000 + 1_600 <= len(got) <= 16_000 - 8_000 + 1_600 + min(size, 320)
    assert np.array_equal(got, NOISE[-len(got) :])
