"""The scene knows the room's floor and its usual sounds, and how loud the caller is."""

import numpy as np
import pytest

from parley_dataplane.hearing.scene import FALSE_UNDER_VOICE, FIRST_BACKGROUND, Scene


def hear(scene: Scene, levels: list[float], *, in_speech: bool = False, learn: bool = True) -> Scene:
    for level in levels:
        scene.hear(level, in_speech=in_speech, learn=learn)
    return scene


def fan(seconds: float, level: float) -> list[float]:
    return list(np.random.default_rng(1).normal(level, 1.5, int(seconds * 100)))


def test_the_floor_finds_a_fan_in_some_seconds_and_leaves_it_in_a_blink() -> None:
    scene = hear(Scene(), fan(6, -40))
    assert scene.floor == pytest.approx(-42, abs=2)
    hear(scene, fan(0.4, -70))
    assert scene.floor < -60


def test_speech_lifts_the_floor_by_little() -> None:
    scene = hear(Scene(), fan(5, -60))
    before = scene.floor
    hear(scene, [-25.0] * 200, in_speech=True, learn=False)
    assert scene.floor - before < 4


def test_the_background_lies_over_a_fan_and_clicks_do_not_lift_it() -> None:
    quiet = fan(20, -40)
    clicks = [-10.0 if n % 25 == 0 else level for n, level in enumerate(quiet)]
    assert hear(Scene(), quiet).background == pytest.approx(-38.5, abs=1.5)
    assert hear(Scene(), clicks).background < -31


def test_the_background_does_not_hold_the_last_half_second() -> None:
    scene = hear(Scene(), fan(5, -40))
    before = scene.background
    hear(scene, [-20.0] * 40)
    assert scene.background == pytest.approx(before, abs=1.5)


def test_the_caller_s_level_rises_at_once_and_falls_slowly() -> None:
    scene = Scene()
    for level, expected in ((-30.0, -30.0), (-20.0, -20.0), (-30.0, -23.0)):
        scene.begin_speech(0.0)
        for _ in range(50):
            scene.voiced(level)
        assert scene.utterance == pytest.approx(level)
        scene.end_speech()
        assert scene.voice == pytest.approx(expected)


def test_a_word_that_is_too_short_tells_no_level() -> None:
    scene = Scene()
    scene.begin_speech(0.0)
    scene.voiced(-20.0)
    scene.end_speech()
    assert scene.voice is None


def test_a_click_is_not_as_loud_as_its_loudest_10_ms() -> None:
    assert hear(Scene(), [-70.0, -70.0, -10.0]).sustained == pytest.approx(-65.0)
    assert hear(Scene(), [-20.0, -20.0, -20.0]).sustained == pytest.approx(-20.0)


def test_what_sounds_beneath_a_known_echo_is_the_room_s_but_never_as_loud_as_the_caller() -> None:
    backgrounds = []
    for beneath in (-80.0, -45.0, -22.0):
        scene = Scene()
        scene.voice = -25.0
        for _ in range(400):
            scene.hear(-75.0, in_speech=False, learn=True, is_echo=True, under_echo=beneath)
        backgrounds.append(scene.background)
    assert backgrounds[0] < FIRST_BACKGROUND
    assert backgrounds[1] == pytest.approx(-45.0, abs=1.0)
    assert backgrounds[2] == pytest.approx(-25.0 - FALSE_UNDER_VOICE, abs=1.0)
