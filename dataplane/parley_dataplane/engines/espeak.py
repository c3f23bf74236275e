"""eSpeak NG as a TTS engine: clauses to a worker process, speech and the places of its words back.

    clause -> as it is said -> parts, cut where it pauses -> worker -> each without the silence at its ends, and a pause

Rules: what is said is plain text (no SSML, no phoneme escapes); each pause is that of PAUSES alone, for eSpeak's own is
cut, so a comma is as long within a clause as at its end; closing the generator stops the synthesis.
"""

from __future__ import annotations

import json
import re
import struct
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

import numpy as np

from parley_dataplane.engines.base import Break, Speech, SpeechRequest
from parley_dataplane.engines.spoken import Spoken, spoken
from parley_dataplane.engines.worker import Worker
from parley_dataplane.engines.workers.frames import Kind
from parley_dataplane.errors import EngineError
from parley_dataplane.media import SPEAKING_RATE, Pcm

MAX_TEXT = 2_000
"""Characters of one clause: some two minutes, made in a tenth of a second."""

_SENTENCE_SECS, _PHRASE_SECS, _COMMA_SECS, _PARAGRAPH_SECS = 0.45, 0.35, 0.25, 0.8
PAUSES = dict.fromkeys(".!?", _SENTENCE_SECS) | dict.fromkeys(":;…—–", _PHRASE_SECS) | {",": _COMMA_SECS}
"""Seconds of silence by the last character before it, at PAUSES_WPM; a faster voice pauses less.

eSpeak's own are 0.33, 0.25 and 0.17 s there, and none after a paragraph (measured, 1.52): those of a hasty reader.
Listeners find English the most natural with 0.6 s at commas and 0.6 to 1.2 s at full stops (Liu and others 2022,
Frontiers in Psychology 13:778018); readers leave 0.2 to 1.4 s between sentences and 0.4 to 1.8 s between paragraphs
(Kazlauskienė and Kalašinskaitė 2020, Respectus Philologicus 37). That is read aloud, to people who can't answer: who
talks with one keeps to the shorter end, since a longer silence is taken for the other's turn, and who answers within
the last one has interrupted.
"""

PAUSES_WPM = 165

NO_PAUSE_SECS = 0.03
"""Where a clause ends without punctuation, in the middle of a long sentence."""

_PART_END = re.compile(r"[,;:!?…—–]+[\"')\]”’]*\s+")
"""Where eSpeak pauses too; at a full stop within a clause it alone knows whether that is one."""

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
        voice = self._voice_for(request)
        said = spoken(request.text, voice.rpartition("/")[2])
        parts = list(_parts(said.text))
        clause = _Clause(said)
        for number, (place, part) in enumerate(parts):
            if number:
                yield Speech(clause.pause(self._pause(_secs_after(parts[number - 1][1]))))
            clause.begin_part(place)
            async with aclosing(self._say(part, voice, clause)) as speeches:
                async for speech in speeches:
                    yield speech
        if parts:
            yield Speech(self._pause(_secs_after(request.text, request.after)), is_pause=True)

    async def _say(self, text: str, voice: str, clause: _Clause) -> AsyncGenerator[Speech, None]:
        stream = self._worker.open(
            {"text": text, "voice": voice, "rate": self._words_per_minute, "pitch": self._pitch}
        )
        try:
            async for frame in stream.frames():
                if speech := clause.take(frame.payload):
                    yield speech
        finally:
            stream.close()

    def _pause(self, secs: float) -> Pcm:
        return np.zeros(round(secs * PAUSES_WPM / self._words_per_minute * SPEAKING_RATE), np.int16)

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
    """Cuts the silence off both ends of each part while it streams, and finds its words in the clause's text."""

    def __init__(self, said: Spoken) -> None:
        self._said = said
        self._samples = 0
        """Of the clause so far."""
        self._last_end = 0
        self.begin_part(0)

    def begin_part(self, place: int) -> None:
        """What is taken from now on was said at `place` of what is said."""
        self._place = place
        self._begin = self._samples
        self._lead: int | None = None
        self._held = np.zeros(0, np.int16)

    def pause(self, silence: Pcm) -> Pcm:
        """Between two parts."""
        self._samples += len(silence)
        return silence

    def take(self, payload: bytes) -> Speech | None:
        (count,) = struct.unpack_from("<H", payload)
        places = struct.iter_unpack("<II", payload[2 : 2 + 8 * count])
        words = [(self._said.end_of(self._place + place), sample) for place, sample in places]
        pcm = np.concatenate([self._held, np.frombuffer(payload, np.int16, offset=2 + 8 * count)])
        loud = np.flatnonzero(np.abs(pcm.astype(np.int32)) > _SILENT)
        voiced = pcm[: loud[-1] + 1] if len(loud) else pcm[:0]
        self._held = pcm[len(voiced) :]
        if self._lead is None and len(voiced):
            self._lead = int(loud[0])
            voiced = voiced[self._lead :]
        self._samples += len(voiced)
        ready = self._new(words)
        return Speech(voiced, ready) if len(voiced) or ready else None

    def _new(self, words: list[tuple[int, int]]) -> tuple[tuple[int, int], ...]:
        """Words with their sample after the cut; one that eSpeak reads in parts counts once."""
        new = []
        for end, sample in words:
            if end > self._last_end:
                self._last_end = end
                new.append((end, self._begin + max(0, sample - (self._lead or 0))))
        return tuple(new)


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """(Place in the text, words up to where it pauses), each with a word."""
    begin = 0
    for match in _PART_END.finditer(text):
        if _has_word(text[begin : match.end()]) and _has_word(text[match.end() :]):
            yield begin, text[begin : match.end()].rstrip()
            begin = match.end()
    if text[begin:].strip():
        yield begin, text[begin:]


def _has_word(text: str) -> bool:
    return any(letter.isalnum() for letter in text)


def _secs_after(text: str, after: Break = "") -> float:
    """The pause after a text that ends so, at PAUSES_WPM."""
    secs = PAUSES.get(text.rstrip(" \"')]}”’*_`")[-1:], NO_PAUSE_SECS)
    least = {"": 0.0, "line": _SENTENCE_SECS, "paragraph": _PARAGRAPH_SECS}
    return max(secs, least[after])
