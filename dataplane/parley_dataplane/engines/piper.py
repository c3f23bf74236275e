"""A voice of Piper's as a TTS engine: clauses to a worker process, speech and the places of its words back.

Rules: a voice is two files on this machine, and nothing is downloaded or installed: its network is run by onnxruntime,
and its phonemes are eSpeak NG's, both of which Parley has. What is said is plain text, English as spoken.py reads it
and other languages as eSpeak NG reads them; closing the generator stops the synthesis after the sentence in hand.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import struct
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import numpy as np

from parley_api.engine_files import voice_settings
from parley_dataplane.engines.base import Speech, SpeechRequest
from parley_dataplane.engines.spoken import Spoken, spoken
from parley_dataplane.engines.worker import Worker
from parley_dataplane.errors import EngineError, EngineUnavailable
from parley_dataplane.media import SPEAKING_RATE, Pcm

MAX_TEXT = 2_000
"""Characters of one clause: some two minutes."""

_MODULE = "parley_dataplane.engines.workers.piper_worker"

_START_SECS = 60.0

_LARGEST_SETTINGS = 512 * 1024
"""Bytes of a voice's JSON file; with some hundred speakers it has 20 KB."""

_PAUSES = {".": 0.2, "!": 0.2, "?": 0.2}
_NO_PAUSE = 0.05
"""Seconds of silence after a clause, by its last character; the voices breathe out by themselves."""


class Piper:
    """`voice` is an .onnx file, with its .onnx.json beside it; `speaker` one of a voice with several, by name or
    number; `speed` 1 the voice's own.
    """

    name = "piper"

    def __init__(self, voice: Path, speaker: str | None = None, speed: float = 1.0) -> None:
        self._voice = voice
        self._speaker = speaker
        self._speed = speed
        self._settings: dict[str, Any] = {}
        self._worker: Worker | None = None

    @property
    def worker(self) -> Worker:
        if self._worker is None:
            raise EngineUnavailable("piper is not started: await start() first")
        return self._worker

    async def start(self) -> None:
        """Raises EngineUnavailable for files that are no voice, and an unknown speaker (with those that there are)."""
        if self._worker:
            return
        self._settings = await asyncio.to_thread(_read, voice_settings(self._voice))
        self._number(self._speaker)
        config = {"model": str(self._voice), "settings": self._settings, "speed": self._speed}
        worker = Worker(self.name, _MODULE, config, start_secs=_START_SECS)
        await worker.start()
        self._worker = worker

    async def close(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            await worker.close()

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Speech, None]:
        """Raises EngineError for a text over MAX_TEXT, EngineUnavailable for an unknown speaker. A request's language
        is not looked at: a voice has one.
        """
        if len(request.text) > MAX_TEXT:
            raise EngineError(
                f"a clause of {len(request.text)} characters: at most {MAX_TEXT}; send it in parts"
            )
        said = self._spoken(request.text)
        speaker = self._number(request.voice or self._speaker)
        if not said.text.strip():
            return
        stream = self.worker.open({"text": said.text, "speaker": speaker})
        last_end = 0
        try:
            async for frame in stream.frames():
                places, pcm = _parse(frame.payload)
                words = []
                for place, sample in places:
                    # A word that is read in parts counts once.
                    if (end := said.end_of(place)) > last_end:
                        last_end = end
                        words.append((end, sample))
                yield Speech(pcm, tuple(words))
        finally:
            stream.close()
        yield Speech(_pause_after(request.text), is_pause=True)

    def _spoken(self, text: str) -> Spoken:
        language = self._settings.get("espeak", {}).get("voice", "")
        if language.startswith("en"):
            return spoken(text)
        words = list(re.finditer(r"\S+", text))
        return Spoken(text, tuple(word.start() for word in words), tuple(word.end() for word in words))

    def _number(self, speaker: str | None) -> int | None:
        if speaker is None:
            return None
        names: dict[str, int] = self._settings.get("speaker_id_map") or {}
        count = self._settings.get("num_speakers", 1)
        if speaker in names:
            return names[speaker]
        if speaker.isascii() and speaker.isdigit() and len(speaker) < 6 and int(speaker) < count:
            return int(speaker)
        some = ", ".join([*names][:12]) or f"0 to {count - 1}" if count > 1 else "one, which needs no name"
        raise EngineUnavailable(
            f"speaker {speaker[:40]!r}: this Piper voice has no such speaker; it has {some}"
        )


def _read(file: Path) -> dict[str, Any]:
    """A voice's JSON file. Raises EngineUnavailable."""
    try:
        with file.open("rb") as stream:
            raw = stream.read(_LARGEST_SETTINGS)
    except OSError as error:
        raise EngineUnavailable(
            f"{file.name}: {error.strerror}; put the voice's .onnx.json beside its .onnx"
        ) from error
    with contextlib.suppress(ValueError, LookupError, TypeError, AttributeError, RecursionError):
        settings: dict[str, Any] = json.loads(raw)
        if _is_voice(settings):
            return settings
    raise EngineUnavailable(
        f"{file.name} is not the JSON file of a Piper voice whose phonemes are eSpeak NG's or letters:"
        " copy the one that the voice came with"
    )


def _is_voice(settings: dict[str, Any]) -> bool:
    """May raise what the wrong shape of JSON raises."""
    rate, ids = settings["audio"]["sample_rate"], settings["phoneme_id_map"]
    by_letters = settings.get("phoneme_type") == "text"
    by_espeak = settings.get("phoneme_type", "espeak") == "espeak" and settings["espeak"]["voice"].strip()
    return (
        isinstance(rate, int)
        and 8_000 <= rate <= 48_000
        and {"_", "^", "$"} <= ids.keys()
        and bool(by_letters or by_espeak)
    )


def _parse(payload: bytes) -> tuple[list[tuple[int, int]], Pcm]:
    """(place in the text, first sample) of the words that begin in it, and audio."""
    (count,) = struct.unpack_from("<H", payload)
    places = [(place, sample) for place, sample in struct.iter_unpack("<II", payload[2 : 2 + 8 * count])]
    return places, np.frombuffer(payload, np.int16, offset=2 + 8 * count)


def _pause_after(text: str) -> Pcm:
    secs = _PAUSES.get(text.rstrip(" \"')")[-1:], _NO_PAUSE)
    return np.zeros(round(secs * SPEAKING_RATE), np.int16)
