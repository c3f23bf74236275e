"""Moonshine hears free English, weighs what the agent expects, and a dying worker costs one utterance."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from parley_api.load import load
from parley_dataplane.engines import moonshine, wheels
from parley_dataplane.engines.base import Final, Partial
from parley_dataplane.engines.expected import expected
from parley_dataplane.engines.moonshine import Moonshine
from parley_dataplane.engines.scripted.words import words, written_words
from parley_dataplane.errors import EngineCrashed, EngineUnavailable
from parley_dataplane.media import HEARING_FRAME, HEARING_RATE, Pcm
from tests.speech import CALLER_VOICE, say, trimmed
from tests.unit.parley_dataplane.engines.contract import hear, run, started

RECEPTION = load(Path(__file__).parents[4] / "examples" / "reception.yaml").spec.conversation
PHRASES = [
    "When are you open?",
    "Where can I park my car?",
    "I would like to book an appointment.",
    "Tell me a story about a dragon.",
    "What should I bring?",
    "Can I cancel my appointment?",
]


def spoken(text: str, voice: str = CALLER_VOICE, peak: float = 0.5, after: float = 0.25) -> Pcm:
    before, behind = np.zeros(HEARING_RATE // 4, np.int16), np.zeros(round(after * HEARING_RATE), np.int16)
    return np.concatenate([before, say(text, HEARING_RATE, voice=voice, peak=peak), behind])


async def understood(engine: Moonshine, pcm: Pcm) -> Final:
    final = (await hear(engine, pcm))[-1]
    assert isinstance(final, Final)
    return final


def test_the_agents_own_phrases_are_heard_and_written_as_people_write() -> None:
    async def test() -> None:
        async with started(Moonshine(PHRASES)) as engine:
            heard = [(await understood(engine, spoken(phrase))).text for phrase in PHRASES]
            right = sum(words(text) == words(phrase) for text, phrase in zip(heard, PHRASES, strict=True))
            assert right >= 5, heard
            assert "When are you open?" in heard

    run(test())


def test_words_that_the_agent_does_not_know_are_heard_too() -> None:
    async def test() -> None:
        async with started(Moonshine(PHRASES)) as engine:
            final = await understood(engine, spoken("My brother bought seven green apples yesterday."))
            assert len({"brother", "bought", "green", "apples", "yesterday"} & set(words(final.text))) >= 4

    run(test())


@pytest.mark.parametrize("peak", [0.02, 0.99], ids=["a whisper", "a shout"])
def test_a_quiet_voice_is_heard_as_a_loud_one(peak: float) -> None:
    async def test() -> None:
        async with started(Moonshine(PHRASES)) as engine:
            text = (await understood(engine, spoken(PHRASES[1], peak=peak))).text
            assert words(text) == words(PHRASES[1])

    run(test())


def test_silence_noise_and_a_cough_are_no_words() -> None:
    """A network that dreams words into silence would answer who has said nothing."""

    async def test() -> None:
        noise = np.random.default_rng(6).normal(0, 60, 2 * HEARING_RATE)
        cough = np.zeros(HEARING_RATE)
        cough[4_000:7_000] = 150 * noise[:3_000] * np.linspace(1, 0, 3_000)
        async with started(Moonshine(expected(RECEPTION))) as engine:
            for sound in (np.zeros(2 * HEARING_RATE), noise, cough):
                assert (await understood(engine, sound.astype(np.int16))).text == ""

    run(test())


def test_the_first_text_comes_while_the_first_words_are_spoken() -> None:
    async def test() -> None:
        pcm = spoken("I would like to book an appointment for Monday.")
        async with started(Moonshine(expected(RECEPTION))) as engine:
            stream = engine.open("en-US")
            stream.push(pcm[: HEARING_RATE + HEARING_RATE // 4])
            events = stream.events()
            first = await anext(events)
            assert isinstance(first, Partial)
            assert first.text
            await stream.aclose()

    run(test())


def test_a_word_that_was_stable_stays_at_the_pace_of_speech() -> None:
    async def test() -> None:
        said = "I would like to book an appointment for Monday at ten thirty in the morning please."
        async with started(Moonshine(expected(RECEPTION))) as engine:
            *partials, final = await hear(engine, spoken(said), pace=HEARING_FRAME / HEARING_RATE)
            stable = [event.text[: event.stable] for event in partials if isinstance(event, Partial)]
            assert isinstance(final, Final)
            told = [words(text) for text in (*stable, final.text)]
            assert any(stable)
            assert all(later[: len(earlier)] == earlier for earlier, later in pairwise(told))

    run(test())


def test_what_is_heard_does_not_depend_on_what_was_heard_before() -> None:
    async def test() -> None:
        async with started(Moonshine(PHRASES)) as engine:
            alone = await understood(engine, spoken(PHRASES[0]))
            await understood(engine, spoken("Something quite different, and rather loud.", peak=0.99))
            assert await understood(engine, spoken(PHRASES[0])) == alone

    run(test())


def test_half_a_minute_without_a_pause_is_heard_to_its_end() -> None:
    async def test() -> None:
        said = [
            "My daughter was born in the winter of the big storm",
            "and we lived in a small house beside the river",
            "every morning the farmer brought us fresh milk",
            "the school was seven miles away on a hill",
            "so we walked along the old railway tracks",
            "in summer we went fishing with our uncle",
            "he told us about the war and the black market",
            "on Sunday the whole family sat around the table",
            "now I would like to book an appointment for Monday",
        ]
        pcm = np.concatenate([trimmed(say(part, HEARING_RATE, voice=CALLER_VOICE)) for part in said])
        assert len(pcm) > 24 * HEARING_RATE
        async with started(Moonshine(PHRASES)) as engine:
            heard = (await understood(engine, pcm)).text
            spoken_words = {word for part in said for word in words(part)}
            assert len(spoken_words & set(written_words(heard))) >= 0.6 * len(spoken_words)
            assert "appointment" in heard[-60:]

    run(test())


def test_a_worker_that_dies_costs_one_utterance() -> None:
    async def test() -> None:
        async with started(Moonshine(PHRASES)) as engine:
            stream = engine.open("en-US")
            stream.push(spoken(PHRASES[0]))
            assert engine.worker.pid is not None
            os.kill(engine.worker.pid, signal.SIGKILL)
            with pytest.raises(EngineCrashed):
                async for _ in stream.events():
                    pass
            await stream.aclose()
            assert words((await understood(engine, spoken(PHRASES[0]))).text) == words(PHRASES[0])

    run(test())


def test_another_language_is_refused_by_name() -> None:
    async def test() -> None:
        async with started(Moonshine(PHRASES)) as engine:
            with pytest.raises(EngineUnavailable, match="language de-DE: moonshine hears English alone"):
                engine.open("de-DE")

    run(test())


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wheels, "find_spec", lambda name: None)
    with pytest.raises(EngineUnavailable, match="moonshine-voice is missing: pip install moonshine-voice"):
        asyncio.run(Moonshine(PHRASES).start())


def test_a_model_that_is_broken_is_told_without_a_path(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "tiny-en"
    folder.mkdir()
    (folder / "encoder_model.ort").write_bytes(b"no network")
    monkeypatch.setattr(moonshine, "_model_folder", lambda: folder)
    with pytest.raises(EngineUnavailable, match="Moonshine's model tiny-en can't be loaded") as refused:
        asyncio.run(Moonshine(PHRASES).start())
    assert str(tmp_path) not in refused.value.detail


def test_nothing_that_is_heard_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        async with started(Moonshine(PHRASES)) as engine:
            await understood(engine, spoken(PHRASES[1]))

    caplog.set_level(logging.DEBUG)
    run(test())
    assert "park" not in caplog.text


def test_an_agent_that_knows_a_megabyte_is_heard() -> None:
    """What it expects is more than one message to the worker holds."""

    async def test() -> None:
        known = [f"Section {number} of the house rules says so. " * 500 for number in range(60)]
        assert sum(map(len, known)) > 1 << 20
        async with started(Moonshine(PHRASES, known)) as engine:
            assert (await understood(engine, spoken(PHRASES[0]))).text

    run(test(), secs=90)
