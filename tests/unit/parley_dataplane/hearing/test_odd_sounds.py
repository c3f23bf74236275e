"""The ear with the real detector, on what callers send that is no plain question."""

from __future__ import annotations

import asyncio

import pytest

from parley_dataplane.engines.silero import Silero
from parley_dataplane.hearing import Ear, SpeechEnded, SpeechStarted
from parley_dataplane.media import HEARING_RATE
from tests.bench.sturdy.sounds import SOUNDS
from tests.unit.parley_dataplane.hearing.test_ear import live, of

NO_SPEECH = ("silence", "a quiet room", "music", "a cough")


@pytest.fixture(scope="module")
def detector() -> Silero:
    silero = Silero()
    asyncio.run(silero.start())
    return silero


def ear(detector: Silero) -> Ear:
    return Ear(detector.open(), detector.window, 0.5, 300, 30_000)


@pytest.mark.parametrize("name", NO_SPEECH)
def test_what_nobody_says_is_no_turn(name: str, detector: Silero) -> None:
    assert of(SpeechStarted, live(ear(detector), SOUNDS[name](HEARING_RATE, 3))) == []


@pytest.mark.parametrize("name", [name for name in SOUNDS if name not in NO_SPEECH])
def test_what_somebody_says_is_one_turn_whatever_it_means(name: str, detector: Silero) -> None:
    events = live(ear(detector), SOUNDS[name](HEARING_RATE, 3))
    assert len(of(SpeechStarted, events)) == 1
    endless = name in ("shouting without a pause", "a sentence of a minute")
    assert len(of(SpeechEnded, events)) == (0 if endless else 1)
