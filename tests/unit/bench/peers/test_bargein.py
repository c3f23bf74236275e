"""Where an interrupted answer ends: by its pitch, or by the silence after it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.bench.peers.bargein import RATE, Packet, change, pitch


def answer(start: float, packets: int, hertz: int) -> list[Packet]:
    return [(start + 0.02 * number, hertz) for number in range(packets)]


@pytest.mark.parametrize("hertz", [440, 660])
def test_twenty_milliseconds_tell_the_pitch(hertz: int) -> None:
    tone = np.sin(np.arange(RATE // 50) * (2 * np.pi * hertz / RATE) + 1.0).astype(np.float32)
    assert pitch(tone) == hertz


def test_an_answer_that_follows_without_a_gap_is_told_by_its_pitch() -> None:
    old, new = answer(10.0, 100, 440), answer(12.0, 50, 660)
    assert change([*old, *new], 11.0) == (old[-1][0], 12.0)


def test_an_answer_of_the_same_pitch_is_told_by_the_silence_before_it() -> None:
    old, new = answer(10.0, 100, 440), answer(13.0, 50, 440)
    assert change([*old, *new], 11.0) == (old[-1][0], 13.0)


def test_an_answer_that_goes_on_has_not_changed() -> None:
    assert change(answer(10.0, 100, 440), 11.0) is None


def test_who_speaks_into_silence_interrupts_nobody() -> None:
    with pytest.raises(ValueError, match="no answer was under way"):
        change(answer(10.0, 10, 440), 11.0)
