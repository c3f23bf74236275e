"""What every TTS engine promises, whichever it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from parley_dataplane.engines.base import SpeechRequest, TtsEngine
from parley_dataplane.engines.espeak import Espeak
from parley_dataplane.engines.piper import Piper
from parley_dataplane.engines.tone import Tone
from tests.unit.parley_dataplane.engines import tiny_piper
from tests.unit.parley_dataplane.engines.contract import alike, run, say, sound, started

CLAUSE = "We are open from eight in the morning, on every day but Sunday."

Make = Callable[[], TtsEngine]


@pytest.fixture(params=["espeak", "piper", "tone"])
def make(request: pytest.FixtureRequest, tmp_path: Path) -> Make:
    makers: dict[str, Make] = {
        "espeak": Espeak,
        "piper": lambda: Piper(tiny_piper.make(tmp_path)),
        "tone": lambda: Tone(1.0),
    }
    return makers[request.param]


def test_a_clause_becomes_sound_of_the_agreed_shape(make: Make) -> None:
    async def test() -> None:
        async with started(make()) as engine:
            pcm = sound(await say(engine, CLAUSE))
            assert pcm.dtype == np.int16
            assert pcm.ndim == 1
            assert len(pcm) > 12_000
            assert np.abs(pcm.astype(int)).max() > 3_000

    run(test())


def test_words_come_in_order_and_lie_within_text_and_sound(make: Make) -> None:
    async def test() -> None:
        async with started(make()) as engine:
            parts = await say(engine, CLAUSE)
            words = [word for part in parts for word in part.words]
            ends, samples = zip(*words, strict=True)
            assert list(ends) == sorted(set(ends))
            assert list(samples) == sorted(samples)
            assert len(words) >= 10
            assert all(not CLAUSE[end : end + 1].strip() for end in ends), (
                "a word ends before a blank or the end"
            )
            assert 0 <= samples[0] < samples[-1] < len(sound(parts))

    run(test())


def test_clauses_said_at_the_same_time_do_not_mix(make: Make) -> None:
    async def test() -> None:
        async with started(make()) as engine:
            texts = ["One." + " And one more." * number for number in range(4)]
            alone = [sound(await say(engine, text)) for text in texts]
            together = await asyncio.gather(*(say(engine, text) for text in texts))
            for one, other in zip(alone, together, strict=True):
                assert alike(one, sound(other))

    run(test())


def test_a_clause_that_is_given_up_does_not_disturb_the_next(make: Make) -> None:
    async def test() -> None:
        async with started(make()) as engine:
            expected = sound(await say(engine, CLAUSE))
            async with aclosing(engine.synthesize(SpeechRequest(CLAUSE * 20))) as speech:  # type: ignore[type-var]
                await anext(speech)
            assert alike(sound(await say(engine, CLAUSE)), expected)

    run(test())


def test_closing_twice_is_fine(make: Make) -> None:
    async def test() -> None:
        engine = make()
        await engine.start()
        await engine.close()
        await engine.close()

    run(test())
