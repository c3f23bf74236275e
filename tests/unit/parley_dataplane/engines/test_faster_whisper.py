"""Whisper hears from a folder on this machine: growing texts, then one; and what is wrong is told at the start."""

from __future__ import annotations

import asyncio
import os
import signal
from importlib import util
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from parley_dataplane.engines import faster_whisper
from parley_dataplane.engines.base import Final, Partial
from parley_dataplane.engines.faster_whisper import FasterWhisper, code
from parley_dataplane.errors import EngineCrashed, EngineError, EngineUnavailable
from parley_dataplane.media import HEARING_RATE, Pcm
from tests.unit.parley_dataplane.engines import tiny_whisper
from tests.unit.parley_dataplane.engines.contract import hear, run, started

TEXT = "it was a short|long one"


def voice(secs: float) -> Pcm:
    noise = np.random.default_rng(round(1_000 * secs)).standard_normal(round(secs * HEARING_RATE))
    return (3_000 * noise).astype(np.int16)


def test_what_is_heard_depends_on_the_utterances_own_audio_also_when_several_are_mixed(
    tmp_path: Path,
) -> None:
    async def test() -> None:
        async with started(FasterWhisper(tiny_whisper.make(tmp_path, TEXT))) as whisper:
            lengths = [0.5, 4.0, 0.7, 3.0]
            said = await asyncio.gather(*(hear(whisper, voice(secs)) for secs in lengths))
            heard = [events[-1].text.split()[3] for events in said]
            assert heard == ["short", "long", "short", "long"]

    run(test())


def test_what_two_decodings_agree_on_stays(tmp_path: Path) -> None:
    """While the utterance grows, its fourth word changes: once two decodings in a row have it, it is not taken back."""

    async def test() -> None:
        async with started(FasterWhisper(tiny_whisper.make(tmp_path, TEXT))) as whisper:
            *partials, final = await hear(whisper, voice(4.0), pace=0.02)
            stable = [event.text[: event.stable] for event in partials if isinstance(event, Partial)]
            assert len(stable) == len(partials) >= 1
            assert isinstance(final, Final)
            assert all(later.startswith(earlier) for earlier, later in pairwise([*stable, final.text]))
            assert stable[-1].startswith("it was a")
            assert final.text in ("it was a short one", "it was a long one")
            assert final.confidence is not None
            assert 0.5 < final.confidence <= 1

    run(test())


def test_an_utterance_given_up_in_the_middle_is_forgotten(tmp_path: Path) -> None:
    async def test() -> None:
        async with started(FasterWhisper(tiny_whisper.make(tmp_path, TEXT))) as whisper:
            for _ in range(20):
                stream = whisper.open("en-US")
                stream.push(voice(0.4))
                await stream.aclose()
            assert whisper.worker.load == 0
            assert (await hear(whisper, voice(0.5)))[-1].text == "it was a short one"

    run(test())


def test_a_worker_that_dies_costs_one_utterance(tmp_path: Path) -> None:
    async def test() -> None:
        async with started(FasterWhisper(tiny_whisper.make(tmp_path, TEXT))) as whisper:
            stream = whisper.open("en-US")
            stream.push(voice(0.5))
            assert whisper.worker.pid is not None
            os.kill(whisper.worker.pid, signal.SIGKILL)
            with pytest.raises(EngineCrashed):
                [event async for event in stream.events()]
            assert (await hear(whisper, voice(0.5)))[-1].text == "it was a short one"

    run(test())


def test_a_language_that_the_model_does_not_hear_is_told_at_the_start_and_in_a_call(tmp_path: Path) -> None:
    async def test() -> None:
        folder = tiny_whisper.make(tmp_path, TEXT)
        told = "language de: this Whisper model hears English alone"
        with pytest.raises(EngineUnavailable, match=told):
            await FasterWhisper(folder, language="de-DE").start()
        async with started(FasterWhisper(folder)) as whisper:
            with pytest.raises(EngineUnavailable, match=told):
                [event async for event in whisper.open("de-DE").events()]

    run(test())


def test_an_utterance_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    async def test() -> None:
        async with started(FasterWhisper(tiny_whisper.make(tmp_path, "yes"))) as whisper:
            stream = whisper.open("en-US")
            silence = np.zeros(HEARING_RATE, np.int16)

            async def push() -> None:
                for _ in range(200):
                    stream.push(silence)
                    await asyncio.sleep(0.01)

            pushing = asyncio.create_task(push())
            with pytest.raises(EngineError, match="more than 150 s without a pause"):
                [event async for event in stream.events()]
            pushing.cancel()

    run(test())


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "model.bin").write_bytes(b"no model"),
        lambda folder: (folder / "tokenizer.json").write_text("{"),
        lambda folder: (folder / "vocabulary.json").unlink(),
    ],
    ids=["no model", "no tokenizer", "no vocabulary"],
)
def test_a_model_that_can_not_be_loaded_is_told_at_the_start(damage: Any, tmp_path: Path) -> None:
    async def test() -> None:
        folder = tiny_whisper.make(tmp_path / "small", TEXT)
        damage(folder)
        with pytest.raises(
            EngineUnavailable, match=r"the Whisper model small can't be loaded \(.+\): convert"
        ) as told:
            await FasterWhisper(folder).start()
        assert str(tmp_path) not in told.value.detail

    run(test())


def test_without_the_package_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = util.find_spec
    monkeypatch.setattr(
        faster_whisper, "find_spec", lambda name: None if name == "faster_whisper" else there(name)
    )

    async def test() -> None:
        with pytest.raises(
            EngineUnavailable, match=r"missing: .venv/bin/python -m pip install faster-whisper$"
        ):
            await FasterWhisper(tmp_path).start()

    run(test())


@pytest.mark.parametrize(
    ("language", "own"), [("de-DE", "de"), ("EN", "en"), ("nb-NO", "no"), ("fil", "tl"), ("yue-Hant", "yue")]
)
def test_a_language_has_whispers_own_name(language: str, own: str) -> None:
    assert code(language) == own
