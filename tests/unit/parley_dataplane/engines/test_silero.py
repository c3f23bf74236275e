"""Silero tells speech from silence, however the audio is cut, and brings no torch."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import numpy as np
import pytest

from parley_dataplane.engines.base import VadStream
from parley_dataplane.engines.silero import WINDOW, Silero
from parley_dataplane.errors import EngineUnavailable
from parley_dataplane.media import HEARING_RATE, Pcm
from tests.speech import pink_noise, say
from tests.tapes import VOICES


def stream() -> VadStream:
    silero = Silero()
    asyncio.run(silero.start())
    return silero.open()


def probabilities(stream: VadStream, pcm: Pcm) -> list[float]:
    stream.push(pcm)
    return stream.take()


def test_speech_is_told_from_silence_and_noise() -> None:
    speech = say("Where can I park my car?", HEARING_RATE)
    noise = np.random.default_rng(1).normal(0, 300, HEARING_RATE).astype(np.int16)
    assert np.median(probabilities(stream(), speech)) > 0.8
    assert max(probabilities(stream(), np.zeros(HEARING_RATE, np.int16))) < 0.2
    assert np.median(probabilities(stream(), noise)) < 0.3


@pytest.mark.parametrize("size", [1, 160, 320, 511, 513, 5000])
def test_probabilities_do_not_depend_on_how_the_audio_is_cut(size: int) -> None:
    speech = say("Hello there.", HEARING_RATE)[: WINDOW * 12]
    whole, cut = stream(), stream()
    parts = [probabilities(cut, speech[start : start + size]) for start in range(0, len(speech), size)]
    assert [p for part in parts for p in part] == pytest.approx(probabilities(whole, speech), abs=1e-5)


def test_there_is_one_probability_per_complete_window() -> None:
    vad = stream()
    assert len(probabilities(vad, np.zeros(WINDOW - 1, np.int16))) == 0
    assert len(probabilities(vad, np.zeros(1 + WINDOW, np.int16))) == 2


def test_callers_do_not_disturb_each_other() -> None:
    silero = Silero()
    asyncio.run(silero.start())
    speech = say("Good morning.", HEARING_RATE)[: WINDOW * 10]
    alone = probabilities(silero.open(), speech)
    one, other = silero.open(), silero.open()
    interleaved = []
    for start in range(0, len(speech), WINDOW):
        one.push(speech[start : start + WINDOW])
        other.push(np.zeros(WINDOW, np.int16))
        silero.work()
        interleaved += one.take()
        assert max(other.take()) < 0.2
    assert interleaved == pytest.approx(alone, abs=1e-5)


def test_more_callers_than_there_was_room_for_are_heard_alike_and_leave_their_room_behind() -> None:
    silero = Silero()
    asyncio.run(silero.start())
    speech = say("Good morning.", HEARING_RATE)[: WINDOW * 6]
    alone = probabilities(silero.open(), speech)
    for _ in range(3):  # the second and third time in rows that others have left
        callers = [silero.open() for _ in range(40)]
        for caller in callers:
            caller.push(speech)
        silero.work()
        assert all(caller.take() == pytest.approx(alone, abs=1e-5) for caller in callers)
        del callers, caller
    assert silero._state.shape[1] == 64, "rows for 40 callers, and no more"


def test_a_caller_who_has_left_in_the_middle_of_a_window_costs_nothing() -> None:
    silero = Silero()
    asyncio.run(silero.start())
    caller = silero.open()
    caller.push(np.zeros(WINDOW, np.int16))
    del caller
    silero.work()
    assert not silero._ready


class _Sleepless:
    """Nobody is ever left alone."""

    def grow(self, size: int) -> None: ...

    def reset(self, row: int) -> None: ...

    def awake(self, rows: list[int], windows: object) -> np.ndarray:
        return np.ones(len(rows), bool)


def test_a_voice_after_a_rest_is_found_as_soon_as_if_the_model_had_heard_all() -> None:
    def crossed(*, rests: bool, pcm: Pcm) -> int:
        silero = Silero()
        asyncio.run(silero.start())
        if not rests:
            silero._resting = _Sleepless()  # type: ignore[assignment]
        heard = np.array(probabilities(silero.open(), pcm)) >= 0.5
        return int(np.flatnonzero(heard[1:] & heard[:-1])[0])

    for number, voice in enumerate(VOICES):
        spoken = say(
            "Where can I park my car?",
            HEARING_RATE,
            voice=voice.voice,
            variant=voice.variant,
            words_per_minute=voice.words_per_minute,
            pitch=voice.pitch,
        )
        room = pink_noise(6 * HEARING_RATE + len(spoken), -50.0, number)
        room[6 * HEARING_RATE :] += spoken
        pcm = np.clip(np.rint(room), -32768, 32767).astype(np.int16)
        assert crossed(rests=True, pcm=pcm) <= crossed(rests=False, pcm=pcm) + 1, voice


def test_a_caller_who_is_quiet_costs_no_run_of_the_model() -> None:
    silero = Silero()
    asyncio.run(silero.start())
    caller = silero.open()
    probabilities(caller, np.zeros(HEARING_RATE, np.int16))
    model, silero._model = silero._model, None
    assert probabilities(caller, np.zeros(WINDOW * 10, np.int16)) == [0.0] * 10
    silero._model = model
    assert max(probabilities(caller, say("Good morning.", HEARING_RATE))) > 0.8


def test_torch_is_never_imported() -> None:
    program = """
import asyncio, sys
from parley_dataplane.engines.silero import Silero
silero = Silero()
asyncio.run(silero.start())
silero.open()
print([name for name in ("torch", "silero_vad") if name in sys.modules])
"""
    environment = {"PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path))}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_detector_that_is_not_started_says_so() -> None:
    with pytest.raises(EngineUnavailable, match=r"await start\(\) first"):
        Silero().open()
