"""What odd callers send is as long as it says, the same for a seed, and what its name claims."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.sturdy.sounds import SECONDS, SOUNDS, Sound
from tests.speech import Pcm

RATE = 16_000
FRAME = RATE // 50


def levels(pcm: Pcm) -> list[float]:
    """RMS of each 20 ms."""
    frames = pcm[: len(pcm) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    return [float(level) for level in np.sqrt(np.mean(frames**2, axis=1))]


@pytest.mark.parametrize("sound", SOUNDS.values(), ids=SOUNDS)
def test_a_sound_is_as_long_as_a_call_and_the_same_again(sound: Sound) -> None:
    pcm = sound(RATE, 3)
    assert pcm.dtype == np.int16
    assert len(pcm) == SECONDS * RATE
    assert np.array_equal(pcm, sound(RATE, 3))


def test_shouting_has_no_pause_that_would_end_a_turn() -> None:
    """No 200 ms that are 30 dB under the rest."""
    found = levels(SOUNDS["shouting without a pause"](RATE, 1))
    quiet = [level < max(found) / 32 for level in found]
    assert not any(all(quiet[start : start + 10]) for start in range(len(quiet) - 9))


def test_whoever_speaks_leaves_time_for_an_answer() -> None:
    for name in ("two people at once", "a foreign language", "words that are none"):
        assert max(levels(SOUNDS[name](RATE, 1))[-50:]) == 0.0, name
