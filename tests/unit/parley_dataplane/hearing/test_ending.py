"""Speech ends at its last voiced 10 ms, whenever the detector notices."""

from parley_dataplane.hearing.ending import Ending
from parley_dataplane.hearing.scene import Scene

SILENCE = -70.0
VOICE = -20.0


def ended_at(
    levels: list[float], speech: list[bool], floor: float = -70.0, silence: int = 20
) -> tuple[int, int]:
    """(frame with which speech is over, its last voiced frame); `speech` is the detector's word each 30 ms."""
    scene, ending = Scene(), Ending()
    scene.floor = floor
    scene.voiced(VOICE)
    ending.begin(0, 0.0)
    for frame, level in enumerate(levels, 1):
        ending.hear(frame, level, frame / 100, scene)
        if frame % 3 == 0:
            is_speech = speech[frame // 3 - 1] if frame // 3 <= len(speech) else False
            ending.judge(frame - 2, frame, frame / 100, is_speech, frame)
        if ending.is_over(frame, silence):
            assert ending.spoke_until == ending.last_voiced / 100
            return frame, ending.last_voiced
    return -1, ending.last_voiced


def test_a_detector_that_is_late_delays_nothing() -> None:
    assert ended_at([VOICE] * 30 + [SILENCE] * 40, [True] * 12) == (50, 30)


def test_a_last_consonant_counts_though_the_detector_has_let_go() -> None:
    assert ended_at([VOICE] * 30 + [VOICE - 20] * 8 + [SILENCE] * 40, [True] * 10) == (58, 38)


def test_a_word_after_a_pause_goes_on() -> None:
    word = [True] * 10 + [False] * 7 + [True] * 2
    assert ended_at([VOICE] * 30 + [SILENCE] * 16 + [VOICE] * 10 + [SILENCE] * 40, word)[1] == 56


def test_a_word_that_begins_faintly_is_waited_for() -> None:
    levels = [VOICE] * 30 + [SILENCE] * 16 + [VOICE - 30] * 7 + [VOICE] * 20 + [SILENCE] * 40
    assert ended_at(levels, [True] * 11 + [False] * 7 + [True] * 6)[1] == 73


def test_a_sound_that_the_detector_does_not_confirm_is_waited_for_but_does_not_count() -> None:
    levels = [VOICE] * 30 + [SILENCE] * 17 + [VOICE] * 40 + [SILENCE] * 40
    assert ended_at(levels, [True] * 10) == (61, 30)


def test_in_noise_the_detector_decides() -> None:
    noise = VOICE - 12
    over, last = ended_at([VOICE] * 30 + [noise] * 100, [True] * 12, floor=noise - 2)
    assert last <= 39
    assert over <= last + 20 + 13


def test_speech_softer_than_the_threshold_counts_by_the_detector_s_word() -> None:
    levels = [VOICE] * 30 + [VOICE - 28] * 60 + [SILENCE] * 40
    assert ended_at(levels, [True] * 30)[1] >= 78
