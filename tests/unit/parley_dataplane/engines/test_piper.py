"""A Piper voice says clauses by its phonemes: in its language, by the speaker asked for, from a worker that may die."""

from __future__ import annotations

import json
import os
import signal
from contextlib import aclosing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parley_dataplane.engines.base import SpeechRequest
from parley_dataplane.engines.piper import MAX_TEXT, Piper
from parley_dataplane.errors import EngineCrashed, EngineError, EngineUnavailable
from parley_dataplane.media import SPEAKING_RATE, Pcm
from tests.unit.parley_dataplane.engines import tiny_piper
from tests.unit.parley_dataplane.engines.contract import run, say, sound, started

PAUSE = round(0.2 * SPEAKING_RATE)


def pitches(pcm: Pcm) -> list[float]:
    """The pitch of each id, in Hz: what the voice hums in its 10 ms."""
    length = SPEAKING_RATE * tiny_piper.PER_ID / tiny_piper.RATE
    windows = [pcm[round(at) : round(at + length)] for at in np.arange(0, len(pcm) - length / 2, length)]
    spectra = [np.abs(np.fft.rfft(window * np.hanning(len(window)), 24_000)) for window in windows]
    return [float(spectrum.argmax()) for spectrum in spectra]


def hummed(phonemes: str, speaker: int = 0) -> list[float]:
    ids = [
        tiny_piper.IDS["^"],
        0,
        *(id_ for p in phonemes for id_ in (tiny_piper.IDS[p], 0)),
        tiny_piper.IDS["$"],
    ]
    return [tiny_piper.pitch(id_, speaker) for id_ in ids]


def assert_hums(pcm: Pcm, expected: list[float]) -> None:
    heard = pitches(pcm[:-PAUSE])
    assert len(heard) == len(expected)
    assert max(abs(one - other) for one, other in zip(heard, expected, strict=True)) < 19


@pytest.mark.parametrize(
    ("language", "text", "phonemes"),
    [
        ("en-us", "Hello there.", "həlˈoʊ ðˈɛɹ."),
        ("de", "Guten Tag.", "ɡˈuːtən tˈɑːk."),
        ("en-us", "Yes, sir!", "jˈɛs, sˌɜː!"),
    ],
    ids=["English", "German", "a comma within"],
)
def test_a_clause_is_said_by_the_phonemes_of_the_voices_language(
    language: str, text: str, phonemes: str, tmp_path: Path
) -> None:
    async def test() -> None:
        async with started(Piper(tiny_piper.make(tmp_path, language=language))) as piper:
            assert_hums(sound(await say(piper, text)), hummed(phonemes))

    run(test())


def test_a_voice_of_letters_is_given_letters(tmp_path: Path) -> None:
    async def test() -> None:
        async with started(Piper(tiny_piper.make(tmp_path, phoneme_type="text"))) as piper:
            assert_hums(sound(await say(piper, "Good day!")), hummed("good day!"))

    run(test())


def test_the_speaker_is_the_files_or_the_one_asked_for(tmp_path: Path) -> None:
    async def test() -> None:
        voice = tiny_piper.make(tmp_path, speakers=("anna", "ben"), phoneme_type="text")
        async with started(Piper(voice, "ben")) as piper:
            assert_hums(sound(await say(piper, "day.")), hummed("day.", 1))
            assert_hums(sound(await say(piper, "day.", voice="anna")), hummed("day.", 0))
            assert_hums(sound(await say(piper, "day.", voice="1")), hummed("day.", 1))
            with pytest.raises(
                EngineUnavailable, match="'carl': this Piper voice has no such speaker; it has anna, ben"
            ):
                await say(piper, "day.", voice="carl")

    run(test())


def test_a_faster_voice_is_shorter(tmp_path: Path) -> None:
    async def test() -> None:
        voice = tiny_piper.make(tmp_path)
        lengths = []
        for speed in (1.0, 2.0):
            async with started(Piper(voice, speed=speed)) as piper:
                lengths.append(len(sound(await say(piper, "Good morning."))) - PAUSE)
        assert lengths[1] == pytest.approx(lengths[0] / 2, abs=50)

    run(test())


def test_words_are_captioned_as_written_and_lie_where_their_sentence_is(tmp_path: Path) -> None:
    async def test() -> None:
        text = "Call 555-0123 at 10:05 please. Then wait."
        async with started(Piper(tiny_piper.make(tmp_path))) as piper:
            words = [word for part in await say(piper, text) for word in part.words]
            assert [text[:end].split()[-1] for end, _ in words] == text.split()
            first = len(sound(await say(piper, "Call 555-0123 at 10:05 please."))) - PAUSE
            assert [sample >= first - 50 for _, sample in words] == [False] * 5 + [True] * 2

    run(test())


def test_the_first_sentence_is_heard_while_the_others_are_not_made_yet(tmp_path: Path) -> None:
    async def test() -> None:
        async with started(Piper(tiny_piper.make(tmp_path))) as piper:
            async with aclosing(piper.synthesize(SpeechRequest("One more. " * 150))) as speech:  # type: ignore[type-var]
                first = await anext(speech)
                assert 0 < len(first.pcm) <= SPEAKING_RATE
                assert piper.worker.load == 1
            assert piper.worker.load == 0

    run(test())


@pytest.mark.parametrize(
    "text", ["word " * 390, "x" * MAX_TEXT, "Wait, " * 300], ids=["words", "no blank", "commas"]
)
def test_a_text_without_an_end_of_a_sentence_is_said_in_pieces(text: str, tmp_path: Path) -> None:
    async def test() -> None:
        async with started(Piper(tiny_piper.make(tmp_path, phoneme_type="text"))) as piper:
            parts = await say(piper, text)
            letters = len(text.split()) - 1 + sum(map(len, text.split()))
            assert len(sound(parts)) / SPEAKING_RATE == pytest.approx(letters * 0.02, rel=0.1)

    run(test())


def test_what_has_no_sound_is_silence(tmp_path: Path) -> None:
    async def test() -> None:
        async with started(Piper(tiny_piper.make(tmp_path))) as piper:
            for text in ("", "  ", "...", "-", "\u200b"):
                assert all(part.is_pause or not len(part.pcm) for part in await say(piper, text))
            assert not np.any(sound([*await say(piper, text), *await say(piper, "x")])[:-PAUSE][:0])
            assert all(part.is_pause or not len(part.pcm) for part in await say(piper, text))

    run(test())


def test_too_long_a_clause_is_refused(tmp_path: Path) -> None:
    async def test() -> None:
        async with started(Piper(tiny_piper.make(tmp_path))) as piper:
            with pytest.raises(EngineError, match=f"at most {MAX_TEXT}"):
                await say(piper, "x" * (MAX_TEXT + 1))

    run(test())


def test_a_worker_that_dies_costs_one_clause(tmp_path: Path) -> None:
    async def test() -> None:
        async with started(Piper(tiny_piper.make(tmp_path))) as piper:
            pid = piper.worker.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            with pytest.raises(EngineCrashed):
                await say(piper, "One more. " * 150)
            assert len(sound(await say(piper, "Good morning."))) > PAUSE

    run(test())


def broken(settings: dict[str, Any], **changes: Any) -> str:
    return json.dumps({name: value for name, value in {**settings, **changes}.items() if value is not None})


@pytest.mark.parametrize(
    "change",
    [{"audio": None}, {"audio": {"sample_rate": "fast"}}, {"phoneme_id_map": {"a": [1]}}, {"phoneme_type": "pinyin"},
     {"espeak": {}}, {"phoneme_id_map": []}],
    ids=["no rate", "a rate that is none", "no pad", "pinyin", "no language", "a map that is a list"],
)  # fmt: skip
def test_a_json_file_that_is_no_voices_is_told_at_the_start(change: dict[str, Any], tmp_path: Path) -> None:
    async def test() -> None:
        voice = tiny_piper.make(tmp_path)
        beside = tmp_path / "hum.onnx.json"
        beside.write_text(broken(json.loads(beside.read_text()), **change))
        with pytest.raises(EngineUnavailable, match=r"hum\.onnx\.json is not the JSON file of a Piper voice"):
            await Piper(voice).start()

    run(test())


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (
            lambda folder: (folder / "hum.onnx").write_bytes(b"no network"),
            "can't be loaded: copy its .onnx file again",
        ),
        (
            lambda folder: (folder / "hum.onnx.json").unlink(),
            r"No such file .*put the voice's .onnx.json beside",
        ),
        (lambda folder: (folder / "hum.onnx.json").write_text("{"), "is not the JSON file"),
        (lambda folder: tiny_piper.make(folder, language="xx"), "eSpeak NG has no such voice"),
    ],
    ids=["no network", "no JSON file", "no JSON", "a language that eSpeak lacks"],
)
def test_a_file_that_can_not_be_used_is_told_at_the_start(damage: Any, told: str, tmp_path: Path) -> None:
    async def test() -> None:
        voice = tiny_piper.make(tmp_path)
        damage(tmp_path)
        with pytest.raises(EngineUnavailable, match=told):
            await Piper(voice).start()

    run(test())


def test_a_speaker_that_the_voice_lacks_is_told_at_the_start(tmp_path: Path) -> None:
    async def test() -> None:
        with pytest.raises(EngineUnavailable, match="it has one, which needs no name"):
            await Piper(tiny_piper.make(tmp_path), "anna").start()

    run(test())
