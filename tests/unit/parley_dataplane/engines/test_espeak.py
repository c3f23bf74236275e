"""eSpeak NG says clauses: fast, in the voice asked for, with fitting pauses, and from a worker that may die."""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import aclosing
from time import perf_counter

import numpy as np
import numpy.typing as npt
import pytest

from parley_dataplane.engines.base import Speech, SpeechRequest
from parley_dataplane.engines.espeak import MAX_TEXT, Espeak
from parley_dataplane.engines.spoken import spoken
from parley_dataplane.errors import EngineCrashed, EngineError, EngineUnavailable
from parley_dataplane.media import SPEAKING_RATE, Pcm
from tests.unit.parley_dataplane.engines.contract import alike, run, say, sound, started


def test_the_first_audio_of_a_clause_is_there_within_60_ms() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            took = []
            for _ in range(5):
                begin = perf_counter()
                async with aclosing(espeak.synthesize(SpeechRequest("Good morning. " * 30))) as speech:  # type: ignore[type-var]
                    assert len((await anext(speech)).pcm)
                    took.append(perf_counter() - begin)
            # The best of five: this tests the engine and not what else the machine does.
            assert min(took) < 0.060

    run(test())


ENDINGS = {
    ("Good morning.", ""): 0.45,
    ("Good morning?", ""): 0.45,
    ("**Good morning:**", ""): 0.35,
    ("Good morning —", ""): 0.35,
    ("Good morning,", ""): 0.25,
    ("Good morning", ""): 0.03,
    ("Good morning", "line"): 0.45,
    ("Good morning.", "line"): 0.45,
    ("Good morning.", "paragraph"): 0.8,
}
"""Text and what ends with it -> seconds of the pause that follows."""


def test_a_clause_begins_at_once_and_ends_with_the_pause_of_its_punctuation() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            for (text, after), pause in ENDINGS.items():
                pcm = sound(await say(espeak, text, after=after))
                loud = np.flatnonzero(np.abs(pcm.astype(int)) > 8)
                assert loud[0] == 0
                assert len(pcm) - 1 - loud[-1] == round(pause * SPEAKING_RATE), (text, after)

    run(test())


def test_a_pause_within_a_clause_is_as_long_as_one_at_its_end() -> None:
    """Bug: a comma within a clause was 0.17 s, at the end of one 0.15, at a slow rate 0.29 and 0.15: eSpeak's own pause
    follows the rate, ours did not, and where a clause was cut could be heard.
    """

    async def test() -> None:
        for words_per_minute in (165, 110):
            async with started(Espeak(words_per_minute=words_per_minute)) as espeak:
                for mark, pause in ((",", 0.25), (";", 0.35), ("?", 0.45)):
                    pcm = sound(await say(espeak, f"We are open in summer{mark} we are open{mark}"))
                    slower = 165 / words_per_minute
                    assert _pauses(pcm, least=0.2) == pytest.approx(2 * [pause * slower], abs=0.01)

    run(test())


def test_a_mark_without_a_word_is_no_pause_of_its_own() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            assert _pauses(sound(await say(espeak, "Yes, ... , ! no.")), least=0.1) == pytest.approx(
                [0.25, 0.45], abs=0.01
            )

    run(test())


CLAUSES = [
    "Good morning.",
    "I see,",
    "Hello!",
    "Sure.",
    "Parking is free for the first two hours,",
    "Please bring your insurance card, a photo identity card, and a list of the medicines that you take.",
    "What time would suit you?",
    "Call 020 7946 0958, or write to info@example.com.",
]


@pytest.mark.parametrize("voice", ["gmw/en-US", "gmw/en-GB-x-rp+f3", "gmw/en-US+m7"])
def test_clauses_join_without_a_click_at_the_same_level_and_nothing_clips(voice: str) -> None:
    """Of ten voices, a join jumped by 0.020 of full scale at most and a clause began at 0.039; the highest peak was
    0.97; the levels of one voice's clauses lay within 5.8 dB of each other, by what was said.
    """

    async def test() -> None:
        levels = []
        async with started(Espeak(voice)) as espeak:
            for text in CLAUSES:
                parts = [part.pcm / 32768 for part in await say(espeak, text)]
                wave = np.concatenate(parts)
                silent = np.abs(wave) <= 8 / 32768
                edges = np.flatnonzero(_in_pause(silent)[1:] != _in_pause(silent)[:-1])
                assert len(edges) >= 1
                assert np.abs(np.diff(wave))[edges].max() < 0.05
                assert abs(wave[0]) < 0.05
                assert np.abs(wave).max() < 0.9999
                levels.append(10 * np.log10(np.mean(wave[~_in_pause(silent)] ** 2)))
        assert max(levels) - min(levels) < 6.5

    run(test())


def _in_pause(silent: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which samples lie in a silence of 100 ms or more."""
    found = np.zeros(len(silent), bool)
    for begin, end in _stretches(silent):
        found[begin:end] = end - begin >= SPEAKING_RATE // 10
    return found


def _pauses(pcm: Pcm, least: float) -> list[float]:
    """Seconds of each silence of `least` seconds or more."""
    secs = [(end - begin) / SPEAKING_RATE for begin, end in _stretches(np.abs(pcm.astype(int)) <= 8)]
    return [one for one in secs if one >= least]


def _stretches(which: npt.NDArray[np.bool_]) -> list[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], which, [False]))))
    return [(int(begin), int(end)) for begin, end in edges.reshape(-1, 2)]


def test_the_letter_of_a_time_is_no_article() -> None:
    """Bug: "9 a.m." was said "nine uh M". Cause: "a m" was asked for, which has an article."""

    async def test() -> None:
        async with started(Espeak()) as espeak:
            texts = [spoken(text).text for text in ("9 a.m.", "VAT", "221A Baker St.")]
            said = await espeak.pronounce(texts)
            assert [
                letter in ipa for letter, ipa in zip(("eɪˈɛm", "eɪtˈiː", "ˈeɪ b"), said, strict=True)
            ] == [True] * 3

    run(test())


def test_a_word_is_heard_where_it_is_said_to_be() -> None:
    """The same words with and without the last one: the sound is the same up to about where the last one begins."""

    async def test() -> None:
        async with started(Espeak()) as espeak:
            parts = await say(espeak, "Parking is free, thanks")
            starts = dict(word for part in parts for word in part.words)
            before_comma = sound(await say(espeak, "Parking is free,"))
            voiced = np.flatnonzero(np.abs(before_comma.astype(int)) > 8)[-1]
            last = starts[len("Parking is free, thanks")]
            assert voiced < last < voiced + 0.5 * SPEAKING_RATE

    run(test())


def test_numbers_are_captioned_as_written() -> None:
    async def test() -> None:
        text = "Call 555-0123 at 10:05 please"
        async with started(Espeak()) as espeak:
            ends = [end for part in await say(espeak, text) for end, _ in part.words]
            assert [text[:end].split()[-1] for end in ends] == text.split()

    run(test())


def test_another_voice_sounds_different_and_the_own_one_comes_back() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            text = "Good morning, and welcome to the clinic by the river."
            own = sound(await say(espeak, text))
            deep = sound(await say(espeak, text, voice="gmw/en-US+m3"))
            german = sound(await say(espeak, text, language="de"))
            assert not alike(own, deep)
            assert not alike(own, german)
            assert alike(own, sound(await say(espeak, text, language="en-GB")))

    run(test())


def test_an_unknown_voice_is_refused_with_some_that_exist() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            with pytest.raises(EngineUnavailable, match=r"voice 'nobody'.*use one of gmw/en"):
                await say(espeak, "Hello.", voice="nobody")
            assert len(await say(espeak, "Hello."))
        with pytest.raises(EngineUnavailable, match=r"voice 'nobody'"):
            await Espeak("nobody").start()

    run(test())


def test_a_clause_over_the_limit_is_refused() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            with pytest.raises(EngineError, match=f"at most {MAX_TEXT}"):
                await say(espeak, "a " * MAX_TEXT)

    run(test())


@pytest.mark.parametrize(
    "text", ["", " \n", "\x00\x07", "...", "<speak>hi</speak>", "[[h@l'oU]]", "\ud800", "🙂"]
)
def test_odd_text_is_no_failure(text: str) -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            await say(espeak, text)
            assert len(await say(espeak, "Hello."))

    run(test())


def test_markup_is_read_and_not_obeyed() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            quiet = sound(await say(espeak, "<break time='9s'/>"))
            assert len(quiet) < 6 * SPEAKING_RATE
            assert np.abs(quiet.astype(int)).max() > 1000

    run(test())


def test_a_worker_killed_in_the_middle_of_a_clause_fails_it_and_the_next_is_said() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            clause = espeak.synthesize(SpeechRequest("Good morning. " * 100))
            asking = asyncio.ensure_future(anext(clause))
            await asyncio.sleep(0)
            assert espeak.worker.pid
            os.kill(espeak.worker.pid, signal.SIGKILL)
            with pytest.raises(EngineCrashed):
                await asking
                async for _ in clause:
                    pass
            async with asyncio.timeout(1):
                assert len(await say(espeak, "Sorry, once more?"))

    run(test())


def test_a_clause_that_is_given_up_leaves_nothing_in_the_worker() -> None:
    async def test() -> None:
        async with started(Espeak()) as espeak:
            async with aclosing(espeak.synthesize(SpeechRequest("Good morning. " * 100))) as speech:  # type: ignore[type-var]
                await anext(speech)
                assert espeak.worker.load == 1
            assert espeak.worker.load == 0

    run(test())


def test_the_pause_after_a_clause_is_said_to_be_one() -> None:
    """The speaker's ledger counts on it: what follows the last word says nothing."""
    for clause in asyncio.run(_said("Good morning.")):
        assert clause.is_pause == (not np.any(np.abs(clause.pcm) > 8))


async def _said(text: str) -> list[Speech]:
    engine = Espeak()
    await engine.start()
    try:
        async with aclosing(engine.synthesize(SpeechRequest(text))) as speech:
            return [part async for part in speech]
    finally:
        await engine.close()
