"""The callers: ten voices, and no sentence whose inner pause could be taken for its end."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.voices import longest_pause, sentences


def test_ten_voices_speak_without_a_pause_and_the_seed_alone_decides() -> None:
    made = sentences(7)
    assert len({tape.name.partition(":")[0] for tape in made}) == 10
    assert [tape.packets for tape in made] == [tape.packets for tape in sentences(7)]
    assert [tape.packets for tape in made] != [tape.packets for tape in sentences(8)]
    assert all(1.0 < tape.seconds < 3.0 for tape in made)


def test_a_pause_is_the_longest_stretch_without_voice() -> None:
    loud, quiet = np.full(480, 1000, np.int16), np.zeros(960, np.int16)
    assert longest_pause(np.concatenate([loud, quiet, loud, quiet, quiet, loud])) == pytest.approx(
        0.04, abs=1e-4
    )
