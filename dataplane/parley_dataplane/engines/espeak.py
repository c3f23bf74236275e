"""eSpeak NG as a TTS engine: clauses to a worker process, speech and the places of its words back.

Rules: what is said is plain text (no SSML, no phoneme escapes); eSpeak's own silence at the ends of a
clause is cut and a pause that fits its punctuation put after it; closing the generator stops the
synthesis.
"""

from __future__ import annotations

import json
import struct
from collections.abc import AsyncGenerator, Sequence

import numpy as np

from parley_dataplane.engines.base import Speech, SpeechRequest
from parley_dataplane.engines.spoken import Spoken, spoken
from parley_dataplane.engines.worker import Worker
from parley_dataplane.engines.workers.frames import Kind
from parley_dataplane.errors import EngineError
from parley_dataplane.media import SPEAKING_RATE, Pcm

MAX_TEXT = 2_000
"""Characters of one clause: some two minutes, made in a tenth of a second."""

_PAUSES = {".": 0.3, "!": 0.3, "?": 0.3, ":": 0.2, ";": 0.2, ",": 0.15}
_NO_PAUSE = 0.03
"""Seconds of silence after a clause, by its last character."""

_SILENT = 8
"""Samples up to this much (-72 dBFS) are eSpeak's silence."""


class Espeak:
    """`voice` as eSpeak names it ("gmw/en-US", "gmw/en" for British), `pitch` 0 to 99."""

    name = "espeak"

    def __init__(self, voice: str = "gmw/en-US", words_per_minute: int = 165, pitch: int = 50) -> None:
        self._voice = voice
        self._words_per_minute = words_per_minute
        self._pitch = pitch
        self._worker = Worker("espeak", "parley_dataplane.engines.workers.espeak_worker", {"voice": voice})

    @property
    def worker(self) -> Worker:
        return self._worker

    async def start(self) -> None:
        """Raises EngineUnavailable when the wheel is missing or the voice unknown (with some that exist)."""
        await self._worker.start()

    async def close(self) -> None:
        await self._worker.close()

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Speech, None]:
        """Raises EngineError for a text over MAX_TEXT, EngineUnavailable for an unknown voice."""
        if len(request.text) > MAX_TEXT:
            raise EngineError(
                f"a clause of {len(request.text)} characters: at most {MAX_TEXT}; send it in parts"
            )
        said = spoken(request.text)
        if not said.text.strip():
            return
        stream = self._worker.open(
            {
                "text": said.text,
                "voice": self._voice_for(request),
                "rate": self._words_per_minute,
                "pitch": self._pitch,
            }
        )
        clause = _Clause(said)
        try:
            async for frame in stream.frames():
                if speech := clause.take(frame.payload):
                    yield speech
        finally:
            stream.close()
        yield Speech(_pause_after(request.text), is_pause=True)

    async def pronounce(self, words: Sequence[str]) -> list[str]:
        """The IPA of each word."""
        stream = self._worker.open({"pronounce": list(words), "voice": self._voice})
        try:
            async for frame in stream.frames():
                if frame.kind is Kind.RESULT:
                    return [str(ipa) for ipa in json.loads(frame.payload)]
        finally:
            stream.close()
        raise EngineError("eSpeak NG gave no pronunciation")

    def _voice_for(self, request: SpeechRequest) -> str:
        """A language counts where the spec's voice speaks another: en-US keeps a British voice."""
        if request.voice:
            return request.voice
        language = (request.language or "").lower()
        own = self._voice.rpartition("/")[2].lower()
        if not language or language.split("-")[0] == own.split("-")[0].split("+")[0]:
            return self._voice
        return language


class _Clause:
    """Cuts the silence off both ends of a clause while it streams, and finds its words in the text."""

    def __init__(self, said: Spoken) -> None:
        self._said = said
        self._lead: int | None = None
        self._held = np.zeros(0, np.int16)
        self._last_end = 0

    def take(self, payload: bytes) -> Speech | None:
        (count,) = struct.unpack_from("<H", payload)
        places = struct.iter_unpack("<II", payload[2 : 2 + 8 * count])
        words = [(self._said.end_of(place), sample) for place, sample in places]
        pcm = np.concatenate([self._held, np.frombuffer(payload, np.int16, offset=2 + 8 * count)])
        loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > _SILENT)
        voiced = pcm[: loud[-1] + 1] if len(loud) else pcm[:0]
        self._held = pcm[len(voiced) :]
        if self._lead is None and len(voiced):
            self._lead = int(loud[0])
            voiced = voiced[self._lead :]
        ready = self._new(words)
        return Speech(voiced, ready) if len(voiced) or ready else None

    def _new(self, words: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Words with their sample after the cut; one that eSpeak reads in parts counts once."""
        new = []
        for end, sample in words:
            if end > self._last_end:
                self._last_end = end
                new.append((end, max(0, sample - (self._lead or 0))))
        return tuple(new)


def _pause_after(text: str) -> Pcm:
    secs = _PAUSES.get(text.rstrip(" \"')")[-1:], _NO_PAUSE)
    return np.zeros(round(secs * SPEAKING_RATE), np.int16)
