"""Hours of silence leave an ear as it was: on the clock of the audio."""

from __future__ import annotations

import pickle

import numpy as np

from parley_dataplane.hearing import FirstSign, SpeechEnded, SpeechStarted
from parley_dataplane.media import HEARING_RATE, Pcm
from tests.unit.parley_dataplane.hearing.test_ear import ear, live, of, silence, voice

MINUTES = 6
HOURS_UNSENT = 2


def quiet_room(seconds: float, seed: int = 0) -> Pcm:
    """Noise at -60 dBFS."""
    noise = np.random.default_rng(seed).standard_normal(round(seconds * HEARING_RATE))
    return np.rint(noise * 33).astype(np.int16)


def test_hours_of_silence_are_no_speech_and_leave_nothing_and_what_is_said_then_is_heard() -> None:
    """Six minutes of a quiet room, and two hours in which nothing is sent at all."""
    listener, minute, now = ear(), quiet_room(60), 0.0
    events, sizes = [], []
    for _ in range(MINUTES):
        for second in range(60):
            now += 1.0
            events += listener.push(minute[second * HEARING_RATE :][:HEARING_RATE], now)
            for _ in range(3):
                events += listener.tick(now)
        sizes.append(len(pickle.dumps(listener)))
    for _ in range(50 * 3_600 * HOURS_UNSENT):
        now += 0.02
        events += listener.tick(now)
    sizes.append(len(pickle.dumps(listener)))
    assert not any(isinstance(event, FirstSign | SpeechStarted) for event in events)
    assert max(sizes) <= min(sizes) * 1.05
    heard = live(listener, voice(1), silence(1), start=now)
    assert len(of(SpeechStarted, heard)) == len(of(SpeechEnded, heard)) == 1
