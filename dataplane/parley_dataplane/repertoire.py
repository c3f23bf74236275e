"""What an agent says word for word, again and again, as sound: made once, beside the calls, and shared by all of them.

Rules: the set sentences (greeting, apology, ...) are kept whole, of an answer its first clause alone, for the others
are made while that is heard; only the agent's own voice and language, since a caller's choice is one caller's;
MAX_BYTES in all. A call never waits for it: while one waits for the first sound of a clause, nothing is made here, and
what was being made is given up and begun again. What is kept needs no engine, so an apology is heard while the voice is
replaced.

    set sentences -> clauses -> TTS -> kept -> synthesize, as any TTS
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable
from contextlib import aclosing
from dataclasses import replace

import numpy as np
import structlog

from parley_dataplane.clauses import all_clauses
from parley_dataplane.engines.base import Speech, SpeechRequest, TtsEngine
from parley_dataplane.errors import EngineError
from parley_dataplane.media import SPEAKING_RATE
from parley_dataplane.patience import TTS_DEADLINE_SECS, Patience

MAX_BYTES = 16 << 20
"""Of sound in all: 5.8 minutes."""

BURST_SECS = 0.2
"""Sound that is taken before the loop turns to the calls."""

REST_SECS = 0.1
"""Between two clauses: a voice that is not asked for all its time has some for calls."""


class Repertoire:
    """A TTS engine that is `tts`, but for what rehearse() has kept. `whole` sentences come before first clauses of
    `answers`; where a text has a gap, it is {in braces}, and a clause with one is left out.
    """

    def __init__(self, tts: TtsEngine, language: str, whole: Iterable[str], answers: Iterable[str]) -> None:
        self.name = tts.name
        self.bytes = 0
        """Of what is kept."""
        self._tts = tts
        self._language = language
        self._wanted = _clauses(whole, answers)
        self._kept: dict[SpeechRequest, tuple[Speech, ...]] = {}
        self._waiting = 0
        """Calls that have asked for a clause and not heard of it."""
        self._calm = asyncio.Event()
        """None does."""
        self._calm.set()
        self._task: asyncio.Task[None] | None = None
        self._making: asyncio.Task[tuple[Speech, ...]] | None = None

    async def start(self) -> None:
        await self._tts.start()

    async def close(self) -> None:
        await self.rest()
        await self._tts.close()

    def rehearse(self) -> None:
        """Begin to make what is not kept yet; to be called once all that calls need is there."""
        if self._task is None:
            self._task = asyncio.create_task(self._rehearse(), name="rehearsal")

    async def rest(self) -> None:
        """Make no more; what is kept stays."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            await asyncio.wait((task,))

    def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Speech, None]:
        kept = self._kept.get(self._key(request))
        if kept is not None:
            return _again(kept)
        if self._task is None or self._task.done():
            return self._tts.synthesize(request)
        return self._first(request)

    def _key(self, request: SpeechRequest) -> SpeechRequest:
        """Alike for requests that sound alike."""
        language = None if request.language == self._language else request.language
        return SpeechRequest(request.text, request.voice, language, after=request.after)

    async def _first(self, request: SpeechRequest) -> AsyncGenerator[Speech, None]:
        """What a call asks for, ahead of what is made here."""
        self._wait(1)
        waits = True
        try:
            await asyncio.sleep(0)  # what was being made is given up before this is asked for
            async with aclosing(self._tts.synthesize(request)) as stream:
                async for speech in stream:
                    if waits:
                        waits = False
                        self._wait(-1)
                    yield speech
        finally:
            if waits:
                self._wait(-1)

    def _wait(self, more: int) -> None:
        self._waiting += more
        if self._waiting:
            self._calm.clear()
            if self._making is not None:
                self._making.cancel()
        else:
            self._calm.set()

    async def _rehearse(self) -> None:
        for number, wanted in enumerate(self._wanted):
            request = replace(wanted, language=self._language)
            try:
                while (made := await self._make(request)) is None:
                    pass
            except EngineError as error:
                structlog.get_logger().warning("set-sentence-left-out", number=number, code=error.code)
                continue
            size = sum(speech.pcm.nbytes for speech in made)
            if self.bytes + size <= MAX_BYTES:
                self._kept[wanted] = made
                self.bytes += size
            await asyncio.sleep(REST_SECS)

    async def _make(self, request: SpeechRequest) -> tuple[Speech, ...] | None:
        """The clause and its pause; None where a call came in between."""
        await self._calm.wait()
        making = self._making = asyncio.create_task(self._say(request), name="rehearsal-clause")
        try:
            await asyncio.wait((making,))
        finally:
            self._making = None
            making.cancel()
            await asyncio.wait((making,))
        return None if making.cancelled() else making.result()

    async def _say(self, request: SpeechRequest) -> tuple[Speech, ...]:
        made: list[Speech] = []
        burst = 0
        async with (
            aclosing(self._tts.synthesize(request)) as stream,
            Patience(stream, TTS_DEADLINE_SECS, "TTS") as patient,
        ):
            while (speech := await patient.next()) is not None:
                made.append(speech)
                burst += len(speech.pcm)
                if burst >= BURST_SECS * SPEAKING_RATE:
                    burst = 0
                    await asyncio.sleep(0)
        return tuple(
            _joined([speech for speech in made if speech.is_pause is is_pause], is_pause)
            for is_pause in (False, True)
            if any(speech.is_pause is is_pause for speech in made)
        )


def _clauses(whole: Iterable[str], answers: Iterable[str]) -> tuple[SpeechRequest, ...]:
    """Each once, as _key() has it."""
    clauses = [clause for text in whole for clause in all_clauses(text)]
    clauses += [clause for text in answers for clause in all_clauses(text)[:1]]
    requests = (
        SpeechRequest(clause.text, after=clause.after) for clause in clauses if "{" not in clause.text
    )
    return tuple(dict.fromkeys(requests))


def _joined(parts: list[Speech], is_pause: bool) -> Speech:
    pcm = np.concatenate([part.pcm for part in parts])
    pcm.flags.writeable = False
    return Speech(pcm, tuple(word for part in parts for word in part.words), is_pause)


async def _again(kept: tuple[Speech, ...]) -> AsyncGenerator[Speech, None]:
    for speech in kept:
        yield speech
