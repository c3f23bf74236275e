"""PocketSphinx hears an agent's own phrases, the same whatever came before, and a dying worker costs one utterance."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest

from parley_api.load import load
from parley_dataplane.engines.base import Final, Partial
from parley_dataplane.engines.espeak import Espeak
from parley_dataplane.engines.expected import expected
from parley_dataplane.engines.pocketsphinx import PocketSphinx
from parley_dataplane.engines.workers.resampler import Resampler
from parley_dataplane.errors import EngineCrashed, EngineUnavailable
from parley_dataplane.media import HEARING_FRAME, HEARING_RATE, SPEAKING_RATE, Pcm
from tests.speech import CALLER_VOICE, say, trimmed
from tests.unit.parley_dataplane.engines.contract import hear, run, sound, started
from tests.unit.parley_dataplane.engines.contract import say as say_clause

RECEPTION = load(Path(__file__).parents[4] / "examples" / "reception.yaml").spec.conversation
PHRASES = [
    "When are you open?",
    "Where can I park my car?",
    "I would like to book an appointment.",
    "Tell me a story about a dragon.",
    "What should I bring?",
    "Can I cancel my appointment?",
]


def spoken(text: str, voice: str = "gmw/en-US", peak: float = 0.5) -> Pcm:
    pause = np.zeros(HEARING_RATE // 4, np.int16)
    return np.concatenate([pause, say(text, HEARING_RATE, voice=voice, peak=peak), pause])


async def understood(engine: PocketSphinx, pcm: Pcm) -> Final:
    final = (await hear(engine, pcm))[-1]
    assert isinstance(final, Final)
    return final


def plain(text: str) -> str:
    return text.lower().strip(".?")


def test_the_agents_own_phrases_are_heard() -> None:
    async def test() -> None:
        async with started(PocketSphinx(PHRASES)) as engine:
            heard = [(await understood(engine, spoken(phrase))).text for phrase in PHRASES]
            right = sum(text == plain(phrase) for text, phrase in zip(heard, PHRASES, strict=True))
            assert right >= 5, heard

    run(test())


def test_a_first_syllable_that_fits_another_word_better_is_not_the_end_of_the_sentence() -> None:
    """With PocketSphinx's own beams "tell me a story about a dragon" became "delete all real october i come"."""

    async def test() -> None:
        said = "tell me a story about a dragon"
        async with started(PocketSphinx(expected(RECEPTION))) as engine:
            assert (await understood(engine, spoken(said, voice=CALLER_VOICE))).text == said

    run(test())


@pytest.mark.parametrize("peak", [0.02, 0.99], ids=["a whisper", "a shout"])
def test_a_quiet_voice_is_heard_as_a_loud_one(peak: float) -> None:
    async def test() -> None:
        async with started(PocketSphinx(PHRASES)) as engine:
            assert (await understood(engine, spoken(PHRASES[1], peak=peak))).text == plain(PHRASES[1])

    run(test())


def test_what_espeak_says_pocketsphinx_hears() -> None:
    async def test() -> None:
        async with started(PocketSphinx(PHRASES)) as engine, started(Espeak()) as espeak:
            said = sound(await say_clause(espeak, PHRASES[1]))
            resampler = Resampler(SPEAKING_RATE, HEARING_RATE)
            assert (
                await understood(engine, np.concatenate([resampler.push(said), resampler.flush()]))
            ).text == (plain(PHRASES[1]))

    run(test())


def test_what_is_heard_does_not_depend_on_what_came_before() -> None:
    async def test() -> None:
        sound = {phrase: spoken(phrase) for phrase in PHRASES[:3]}
        async with started(PocketSphinx(PHRASES)) as engine:
            there = {phrase: await understood(engine, sound[phrase]) for phrase in PHRASES[:3]}
            back = {phrase: await understood(engine, sound[phrase]) for phrase in reversed(PHRASES[:3])}
            assert there == back

    run(test())


def test_a_name_that_is_in_no_dictionary_is_heard() -> None:
    async def test() -> None:
        async with started(PocketSphinx(["where is doctor zumbrunnen"])) as engine:
            assert "zumbrunnen" in (await understood(engine, spoken("where is doctor zumbrunnen"))).text

    run(test())


def test_another_language_is_refused_with_what_is_heard_instead() -> None:
    async def test() -> None:
        async with started(PocketSphinx(PHRASES)) as engine:
            with pytest.raises(EngineUnavailable, match="language de-DE: pocketsphinx hears en-US alone"):
                engine.open("de-DE")

    run(test())


def test_a_worker_killed_in_the_middle_of_an_utterance_loses_that_one_alone() -> None:
    async def test() -> None:
        async with started(PocketSphinx(PHRASES)) as engine:
            stream = engine.open("en-US")
            stream.push(spoken(PHRASES[0]))
            assert engine.worker.pid
            os.kill(engine.worker.pid, signal.SIGKILL)
            with pytest.raises(EngineCrashed):
                async for _ in stream.events():
                    pass
            await stream.aclose()
            async with asyncio.timeout(2):
                assert (await understood(engine, spoken(PHRASES[1]))).text == plain(PHRASES[1])

    run(test())


def test_closing_leaves_no_file_and_nothing_that_was_heard_is_logged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    caplog.set_level(logging.DEBUG)

    async def test() -> None:
        async with started(PocketSphinx(PHRASES)) as engine:
            assert list(tmp_path.iterdir())
            assert (await understood(engine, spoken(PHRASES[1]))).text
            assert engine.worker.load == 0
        assert not list(tmp_path.iterdir())

    run(test())
    assert not any(word in caplog.text for word in ("park", "car", "appointment"))


def test_an_engine_that_is_not_started_says_so() -> None:
    with pytest.raises(EngineUnavailable, match=r"await start\(\) first"):
        PocketSphinx(PHRASES).open("en-US")


@pytest.mark.parametrize("phrase", [PHRASES[1], PHRASES[3], PHRASES[4]])
def test_something_of_it_can_be_read_once_260_ms_of_a_voice_have_been_heard(phrase: str) -> None:
    """It was 340 ms and more: 100 were waited for to learn the level, 50 to look ahead, and 40 for a batch to fill."""

    async def test() -> None:
        async with started(PocketSphinx(expected(RECEPTION))) as engine:
            voice = trimmed(say(phrase, HEARING_RATE, voice=CALLER_VOICE))[: round(0.26 * HEARING_RATE)]
            stream = engine.open("en-US")
            stream.push(
                np.concatenate(
                    [np.zeros(round(0.3 * HEARING_RATE), np.int16), voice[: round(0.1 * HEARING_RATE)]]
                )
            )
            for start in range(round(0.1 * HEARING_RATE), len(voice), HEARING_FRAME):
                stream.push(voice[start : start + HEARING_FRAME])
            async with asyncio.timeout(10), aclosing(stream.events()) as events:
                assert isinstance(await anext(events), Partial)
            await stream.aclose()

    run(test())
