"""A voice stands in a room whose noise is as loud as was asked for."""

import numpy as np
import pytest

from parley_cli.spoken_tests.caller import AFTER_SECS, BEFORE_SECS, in_room
from parley_dataplane.media import HEARING_RATE, Pcm

VOICE: Pcm = (3_000 * np.sin(np.arange(HEARING_RATE) * 0.2)).astype(np.int16)
BEFORE = round(BEFORE_SECS * HEARING_RATE)


def rms_db(pcm: Pcm) -> float:
    return float(10 * np.log10(np.mean((pcm / 32_768) ** 2)))


@pytest.mark.parametrize("snr_db", [0.0, 15.0, 30.0])
def test_the_noise_lies_so_far_under_the_voice(snr_db: float) -> None:
    heard = in_room(VOICE, snr_db)
    assert len(heard) == len(VOICE) + round((BEFORE_SECS + AFTER_SECS) * HEARING_RATE)
    clean = in_room(VOICE, None)[BEFORE : BEFORE + len(VOICE)]
    assert rms_db(heard[:BEFORE]) == pytest.approx(rms_db(clean) - snr_db, abs=1.5)


def test_a_quiet_room_is_not_digital_silence_and_the_voice_is_half_of_full_scale() -> None:
    heard = in_room(VOICE, None)
    assert rms_db(heard[:BEFORE]) == pytest.approx(-60, abs=1.5)
    assert np.abs(heard).max() == pytest.approx(16_384, rel=0.02)


def test_no_voice_at_all_is_a_room() -> None:
    assert rms_db(in_room(np.empty(0, np.int16), None)) == pytest.approx(-60, abs=1.5)
