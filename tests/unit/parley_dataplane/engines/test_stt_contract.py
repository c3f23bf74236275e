"""What every STT engine promises, whichever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from parley_dataplane.engines.base import Final, Likely, Partial, SttEngine
from parley_dataplane.engines.faster_whisper import FasterWhisper
from parley_dataplane.engines.instant import InstantStt
from parley_dataplane.engines.moonshine import Moonshine
from parley_dataplane.engines.pocketsphinx import PocketSphinx
from parley_dataplane.engines.scripted.words import words
from parley_dataplane.media import HEARING_RATE, Pcm
from tests.speech import say
from tests.unit.parley_dataplane.engines import tiny_whisper
from tests.unit.parley_dataplane.engines.contract import hear, run, started

TEXT = "where can i park my car"

Make = Callable[[], SttEngine]


@pytest.fixture(params=["moonshine", "pocketsphinx", "fasterWhisper", "instant"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    """An engine that hears TEXT; Whisper's model says it whatever it hears."""
    makers: dict[str, Make] = {
        "moonshine": lambda: Moonshine([TEXT]),
        "pocketsphinx": lambda: PocketSphinx([TEXT]),
        "fasterWhisper": lambda: FasterWhisper(tiny_whisper.make(tmp_path, TEXT)),
        "instant": lambda: InstantStt(TEXT),
    }
    return makers[request.param]


def plain(text: str) -> str:
    """Without what an engine may add: capitals, a question mark."""
    return " ".join(words(text))


def spoken(text: str = TEXT) -> Pcm:
    """As the ear hands it on: with what came before and after it."""
    pause = np.zeros(HEARING_RATE // 4, np.int16)
    return np.concatenate([pause, say(text, HEARING_RATE), pause])


def test_partials_come_before_the_one_final(make: Make) -> None:
    async def test() -> None:
        async with started(make()) as engine:
            *before, final = await hear(engine, spoken(), pace=0.01)
            assert isinstance(final, Final)
            assert plain(final.text) == TEXT
            assert final.text not in final.alternatives
            assert any(isinstance(event, Partial) for event in before)
            assert all(isinstance(event, Partial | Likely) for event in before)

    run(test())


def test_utterances_at_the_same_time_do_not_mix(make: Make) -> None:
    async def test() -> None:
        async with started(make()) as engine:
            alone = (await hear(engine, spoken()))[-1]
            together = await asyncio.gather(*(hear(engine, spoken()) for _ in range(4)))
            assert [events[-1].text for events in together] == [alone.text] * 4

    run(test())


def test_an_utterance_that_is_given_up_does_not_disturb_the_next(make: Make) -> None:
    async def test() -> None:
        async with started(make()) as engine:
            for _ in range(3):
                stream = engine.open("en-US")
                stream.push(spoken())
                await stream.aclose()
                await stream.aclose()
                stream.push(spoken())
                stream.end()
            final = (await hear(engine, spoken()))[-1]
            assert plain(final.text) == TEXT

    run(test())


def test_an_utterance_without_audio_ends(make: Make) -> None:
    async def test() -> None:
        async with started(make()) as engine:
            assert isinstance((await hear(engine, np.zeros(0, np.int16)))[-1], Final)

    run(test())


def test_closing_twice_is_fine(make: Make) -> None:
    async def test() -> None:
        engine = make()
        await engine.start()
        await engine.close()
        await engine.close()

    run(test())
