"""A sign comes within 30 ms of sound, once a sound, and is taken back when nothing follows."""

import pytest

from parley_dataplane.hearing.scene import Scene
from parley_dataplane.hearing.signs import Happened, Signs

SILENCE = -70.0


def happened(
    levels: list[float], voice: float | None = -25.0, silero_is_low: bool = True, wary: bool = False
) -> dict[int, Happened]:
    """What came with which frame."""
    scene, signs = Scene(), Signs()
    scene.voice = voice
    found: dict[int, Happened] = {}
    for number, level in enumerate([SILENCE] * 100 + levels):
        scene.hear(level, in_speech=False, learn=not signs.is_up)
        outcome = signs.hear(scene, level, silero_is_low, number / 100, wary=wary)
        if outcome is not Happened.NOTHING:
            found[number - 99] = outcome
    return found


def test_a_voice_is_a_sign_after_30_ms() -> None:
    assert happened([-25.0] * 20) == {3: Happened.SIGN}


@pytest.mark.parametrize("loud", [1, 2])
def test_a_click_is_none_however_loud(loud: int) -> None:
    click = [-10.0] * loud + [SILENCE] * 8
    assert happened((click + [-16.0] * loud + [SILENCE] * 30) * 10) == {}


def test_a_soft_sound_is_a_sign_once_it_has_lasted_longer_than_a_click_and_a_very_soft_one_is_none() -> None:
    assert happened([-40.0] * 3 + [SILENCE] * 20) == {}
    assert happened([-45.0] * 20) == {4: Happened.SIGN}
    assert happened([-54.0] * 50) == {}


def test_a_low_voice_is_a_sign_although_its_level_falls_between_two_pulses_of_its_pitch() -> None:
    """Bug: of one voice in ten (70 Hz) no word was a sign: each fall by over 8 dB, for 10 ms, began the count anew."""
    assert happened([-41.0, -45.0, -50.0, -33.0, -38.0, -42.0, -27.0, -38.0] + [-28.0] * 12) == {
        5: Happened.SIGN
    }


def test_a_low_voice_is_a_sign_although_it_falls_to_the_room_s_level_between_its_first_two_pulses() -> None:
    """Bug: one frame that was hardly louder than the room began the count anew; at 50 Hz a voice's first pulses leave
    such a frame, and its sign came 40 ms later, or was none.
    """
    assert happened([-39.0, -60.0, -42.0, -34.0, -47.0, -31.0] + [-28.0] * 12) == {6: Happened.SIGN}
    assert happened([-39.0, -60.0, -60.0, -42.0, -34.0, -47.0] + [SILENCE] * 12) == {}


def test_in_a_loud_room_only_what_is_louder_than_the_room_is_a_sign() -> None:
    room = [-40.0, -42.0, -39.0, -43.0] * 300
    assert happened(room + [-30.0] * 20, voice=None).popitem() == (1203, Happened.SIGN)
    assert max(happened(room + [-38.0] * 20)) < 200, "while the room was new"


def test_what_may_be_an_unknown_echo_must_be_nearly_as_loud_as_the_caller_but_only_where_there_was_sound_before() -> (
    None
):
    room = [-38.0, -54.0, -52.0] * 100
    softer, as_loud = (room + [level] * 20 for level in (-31.0, -28.0))
    assert max(happened(softer)) > len(room)
    assert max(happened(softer, wary=True), default=0) < len(room)
    assert max(happened(as_loud, wary=True)) > len(room)
    assert happened([-25.0] * 20, wary=True) == {3: Happened.SIGN}


def test_a_sound_from_before_speech_is_no_part_of_one_after_it() -> None:
    """Bug: frames that had sounded before a question still counted after it, and the first click in the answer made
    them a sign.
    """
    scene, signs = Scene(), Signs()
    scene.voice = -25.0
    for level in [SILENCE] * 100 + [-38.0, -54.0, -52.0] * 100 + [-31.0] * 5:
        scene.hear(level, in_speech=False, learn=True)
        assert signs.hear(scene, level, True, 1.0) is Happened.NOTHING
    signs.confirmed()
    for level in [-30.0] * 2:
        scene.hear(level, in_speech=False, learn=True)
        assert signs.hear(scene, level, True, 2.0) is Happened.NOTHING


def test_before_the_caller_s_level_is_known_a_soft_sound_is_none() -> None:
    assert happened([-55.0] * 50, voice=None) == {}
    assert happened([-45.0] * 20, voice=None) == {3: Happened.SIGN}


def test_a_long_noise_is_taken_back_within_300_ms_and_gives_no_second_sign() -> None:
    assert happened([-20.0] * 500) == {3: Happened.SIGN, 31: Happened.REVOKED}


def test_a_short_sound_is_taken_back_soon_after_its_end_unless_the_detector_hears_speech() -> None:
    sound = [-20.0] * 8 + [SILENCE] * 60
    assert happened(sound) == {3: Happened.SIGN, 18: Happened.REVOKED}
    assert happened(sound, silero_is_low=False) == {3: Happened.SIGN, 31: Happened.REVOKED}


def test_a_cough_of_burst_breath_and_voice_is_one_sign() -> None:
    cough = [-15.0] * 9 + [-50.0] * 10 + [-25.0] * 12 + [SILENCE] * 50
    assert [*happened(cough).values()] == [Happened.SIGN, Happened.REVOKED]


def test_after_a_pause_the_next_sound_is_a_sign_again() -> None:
    sound = [-20.0] * 8 + [SILENCE] * 80
    assert [*happened(sound * 2, silero_is_low=False).values()] == [Happened.SIGN, Happened.REVOKED] * 2


def test_where_there_was_sound_before_what_the_detector_takes_for_no_speech_must_last_longer_to_be_a_sign() -> (
    None
):
    room = [-38.0, -54.0, -52.0] * 100
    keys = room + [-28.0] * 8 + [SILENCE] * 10
    assert max(happened(keys), default=0) < len(room)
    assert max(happened(keys, silero_is_low=False)) > len(room)
    assert max(happened(room + [-28.0] * 20)) > len(room)


def test_a_peer_that_stops_sending_has_its_sign_taken_back_by_time() -> None:
    scene, signs = Scene(), Signs()
    for level in (-20.0, -20.0, -20.0):
        scene.hear(level, in_speech=False, learn=True)
        signs.hear(scene, level, True, 1.0)
    assert signs.is_up
    assert signs.tick(1.2) is Happened.NOTHING
    assert signs.tick(1.3) is Happened.REVOKED
