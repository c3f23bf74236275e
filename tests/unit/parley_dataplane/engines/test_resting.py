"""Who is as quiet as the room is left alone, and awake with the first sound."""

from __future__ import annotations

import numpy as np
import pytest

from parley_dataplane.engines.resting import AWAKE, Resting
from tests.speech import pink_noise

WINDOW = 512


def windows(decibels: float, count: int, seed: int = 0) -> list[np.ndarray]:
    noise = pink_noise(count * WINDOW, decibels, seed) / 32768
    return list(noise.astype(np.float32).reshape(count, 1, WINDOW))


def states(resting: Resting, heard: list[np.ndarray], row: int = 0) -> list[bool]:
    return [bool(resting.awake([row], window)[0]) for window in heard]


@pytest.mark.parametrize("decibels", [-80.0, -60.0, -45.0, -30.0])
def test_a_rooms_noise_is_left_alone_after_half_a_second_however_loud_it_is(decibels: float) -> None:
    heard = states(Resting(1), windows(decibels, 400))
    assert all(heard[: AWAKE - 1])
    assert np.mean(heard[4 * AWAKE :]) < 0.05


def test_the_first_window_that_is_louder_is_listened_to_and_half_a_second_more() -> None:
    resting = Resting(1)
    states(resting, windows(-60.0, 100))
    sound = states(resting, windows(-48.0, 1, seed=1))
    after = states(resting, windows(-60.0, 60, seed=2))
    assert sound == [True]
    assert after[: AWAKE - 1] == [True] * (AWAKE - 1)
    assert not any(after[AWAKE:])


def test_digital_silence_and_the_dither_of_a_muted_microphone_are_both_rest() -> None:
    resting = Resting(1)
    states(resting, [np.zeros((1, WINDOW), np.float32)] * 50)
    assert not any(states(resting, windows(-80.0, 50)))


def test_a_fan_that_is_switched_on_is_the_room_after_some_seconds() -> None:
    resting = Resting(1)
    states(resting, windows(-60.0, 100))
    fan = states(resting, windows(-50.0, 600, seed=3))
    assert fan[0]
    assert not any(fan[400:])


def test_rows_are_judged_apart_and_a_new_caller_is_listened_to() -> None:
    resting = Resting(2)
    quiet, loud = windows(-60.0, 60), windows(-30.0, 60, seed=4)
    for still, speaks in zip(quiet, loud, strict=True):
        # Louder and louder, as no room is.
        both = resting.awake([0, 1], np.concatenate((still, speaks)))
    resting.reset(0)
    assert states(resting, quiet[:1]) == [True]
    assert not both[0]


def test_rows_that_are_added_leave_the_others_as_they_were() -> None:
    resting = Resting(1)
    states(resting, windows(-60.0, 100))
    resting.grow(4)
    assert states(resting, windows(-60.0, 1, seed=5)) == [False]
    assert states(resting, windows(-60.0, 1, seed=5), row=3) == [True]
