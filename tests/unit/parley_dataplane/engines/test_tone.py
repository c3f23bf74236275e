"""The tone: exact pitch, level, length and frames, shared by all calls."""

from __future__ import annotations

import asyncio
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from parley_dataplane.engines.base import Speech, SpeechRequest
from parley_dataplane.engines.tone import Tone
from parley_dataplane.media import SPEAKING_FRAME, SPEAKING_RATE


def hum(seconds: float, reply: int = 0, text: str = "As long as it sounds.") -> list[Speech]:
    async def collect() -> list[Speech]:
        return [speech async for speech in Tone(seconds).synthesize(SpeechRequest(text, reply=reply))]

    return asyncio.run(collect())


def wave(spoken: list[Speech]) -> npt.NDArray[np.int16]:
    return np.concatenate([speech.pcm for speech in spoken])


@pytest.mark.parametrize(("reply", "hertz"), [(0, 440), (1, 660), (2, 440), (3, 660)])
def test_replies_hum_440_and_660_hertz_in_turn(reply: int, hertz: int) -> None:
    pcm = wave(hum(1.0, reply)).astype(float)
    assert np.argmax(np.abs(np.fft.rfft(pcm))) == hertz  # one second: one bin per hertz


def test_a_tone_of_one_pitch_keeps_it_in_every_reply() -> None:
    async def collect(reply: int) -> list[Speech]:
        tone = Tone(0.1, pitches=(440,))
        return [speech async for speech in tone.synthesize(SpeechRequest("Hm.", reply=reply))]

    assert np.array_equal(wave(asyncio.run(collect(0))), wave(asyncio.run(collect(1))))


@pytest.mark.parametrize("reply", [0, 1])
def test_the_phase_is_continuous_over_all_frames(reply: int) -> None:
    pcm = wave(hum(3.0, reply))
    time = np.arange(len(pcm)) / SPEAKING_RATE
    exact = 10 ** (-12 / 20) * 32767 * np.sin(2 * np.pi * (440, 660)[reply] * time)
    assert np.max(np.abs(pcm - exact)) <= 0.5 + 1e-6


@pytest.mark.parametrize("seconds", [0.02, 0.5, 3.0, 0.0301])
def test_a_tone_is_as_long_as_it_was_told_to_be(seconds: float) -> None:
    spoken = hum(seconds)
    assert len(wave(spoken)) == round(seconds * SPEAKING_RATE)
    assert all(len(speech.pcm) == SPEAKING_FRAME for speech in spoken[:-1])


def test_the_level_leaves_room() -> None:
    peak = np.max(np.abs(wave(hum(1.0)).astype(int)))
    assert 20 * np.log10(peak / 32767) == pytest.approx(-12, abs=0.01)


def test_every_word_begins_once_and_in_the_frame_that_names_it() -> None:
    spoken = hum(1.0, text="As long as it sounds.")
    words = [word for speech in spoken for word in speech.words]
    assert [end for end, _ in words] == [2, 7, 10, 13, 21]
    assert all(a[1] < b[1] for a, b in pairwise(words))
    for number, speech in enumerate(spoken):
        assert all(start // SPEAKING_FRAME == number for _, start in speech.words)


def test_frames_are_shared_and_can_not_be_written_to() -> None:
    first, again = hum(0.2)[0].pcm, hum(0.2)[0].pcm
    assert np.shares_memory(first, again)
    with pytest.raises(ValueError, match="read-only"):
        first[0] = 1


def test_a_long_tone_lets_others_have_their_turn() -> None:
    async def both() -> int:
        turns = 0

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(other())
        async for _ in Tone(60.0).synthesize(SpeechRequest("Hm.")):
            pass
        task.cancel()
        return turns

    assert asyncio.run(both()) >= 60 / 0.2 - 1
