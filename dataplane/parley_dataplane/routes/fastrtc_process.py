"""FastRTC Voice AI's HTTP fallback, `/api/v1/rtc/process`: one recording in; what was understood, the answer and its
sound out.

It is one turn of a session: of its own, which ends with it, or of one that waits and goes on to. Nothing is kept of the
recording, and the answer is made at the speed of the engines, not at the pace of speech.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import numpy as np
from fastapi import APIRouter, Request, Response

from parley_dataplane.doors import FASTRTC, FASTRTC_FILE, NoDoor
from parley_dataplane.errors import (
    AnswerOverdue,
    BadAudio,
    BadMessage,
    Busy,
    Draining,
    EndedSession,
    EngineCrashed,
    EngineError,
    EngineTimeout,
    EngineUnavailable,
    NoSpeech,
    TooBig,
    TooManySessions,
    UnknownSession,
    UnsupportedMedia,
)
from parley_dataplane.events import AgentHeard, Event, Problem, TurnTiming, UserTranscript
from parley_dataplane.hearing.ear import BACKLOG_SECS
from parley_dataplane.media import HEARING_RATE, SPEAKING_RATE, Pcm
from parley_dataplane.media.containers import AudioDecoder
from parley_dataplane.media.speaker import Chunk
from parley_dataplane.process import Parley
from parley_dataplane.protocols import fastrtc_http
from parley_dataplane.protocols.fastrtc import MAX_AUDIO_BYTES, Config
from parley_dataplane.routes import fastrtc, openapi
from parley_dataplane.routes.bodies import read_body
from parley_dataplane.routes.openapi import reads, refusals
from parley_dataplane.routes.problems import problem
from parley_dataplane.session import Session

LONGEST_ANSWER_SECS = 300.0
"""Of one answer, which is held in memory until it is complete; it is interrupted then."""

ANSWER_SECS = 60.0
"""From the end of the recording to the whole answer; whoever still waits then has been cut off by most proxies."""

_FAILURES = {kind.code: kind for kind in (EngineError, EngineUnavailable, EngineTimeout, EngineCrashed)}
_RAW_PIECE_BYTES = 32_000
_REFUSALS = (
    BadMessage,
    UnknownSession,
    EndedSession,
    TooBig,
    UnsupportedMedia,
    BadAudio,
    NoSpeech,
    *_FAILURES.values(),
    AnswerOverdue,
    Busy,
)


class _Door:
    """Keeps one answer, until all of the recording is heard and the session is at rest."""

    rests = True

    def __init__(self) -> None:
        self.session: Session | None = None
        self.over = asyncio.Event()
        self.heard: list[str] = []
        self.said: list[str] = []
        self.audio: list[Pcm] = []
        self.timing: TurnTiming | None = None
        self.failure: EngineError | None = None
        self.is_all_told = False
        self._samples = 0

    def send_audio(self, chunk: Chunk) -> None:
        self.audio.append(chunk.pcm)
        self._samples += len(chunk.pcm)
        if self._samples > LONGEST_ANSWER_SECS * SPEAKING_RATE and self.session is not None:
            asyncio.get_running_loop().call_soon(self.session.interrupt)

    def send_silence(self) -> None:
        """Nothing is due in this tick: it may be that nothing more will be."""
        if self.is_all_told and self.session is not None and self.session.is_at_rest:
            self.over.set()

    def send_event(self, event: Event) -> None:
        match event:
            case UserTranscript(_, text, True) if text:
                self.heard.append(text)
            case AgentHeard(_, heard) if heard:
                self.said.append(heard)
            case TurnTiming():
                self.timing = event
            case Problem(code, detail) if code in _FAILURES:
                self.failure = _FAILURES[code](detail)

    def close(self, reason: str) -> None:
        self.over.set()


class _Uploads:
    """Recordings that are in memory now: no more than there may be sessions."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def one_more(self, limit: int) -> Iterator[None]:
        if self._count >= limit:
            raise TooManySessions(f"{limit} recordings are being answered: try again in a moment")
        self._count += 1
        try:
            yield
        finally:
            self._count -= 1


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["FastRTC Voice AI"])
    uploads = _Uploads()

    @routes.post(
        "/api/v1/rtc/process",
        response_model=fastrtc_http.Processed,
        openapi_extra=reads(openapi.RECORDING, query=("session_id",)),
        responses=refusals(*_REFUSALS),
    )
    async def process(request: Request) -> fastrtc_http.Processed | Response:
        """A recording, as the body or as a file of a form -> {session_id, transcript, response, timing, audio}."""
        with uploads.one_more(parley.agent.spec.sessions.limit):
            return await _answer(parley, *await _read(request))

    return routes


async def _read(request: Request) -> tuple[list[Pcm], str | None]:
    """The recording in pieces, and the session that it is for. Its bytes are not kept."""
    body = await read_body(request, MAX_AUDIO_BYTES)
    recording = fastrtc_http.parse_recording(
        request.headers.get("content-type", ""), body, request.query_params.get("session_id")
    )
    return [pcm async for pcm in _decoded(recording)], recording.session_id


async def _answer(
    parley: Parley, pieces: list[Pcm], waiting: str | None
) -> fastrtc_http.Processed | Response:
    door = _Door()
    with _session(parley, door, waiting) as session:
        door.session = session
        for pcm in pieces:
            session.hear(pcm)
            await asyncio.sleep(0)
        pieces.clear()
        session.end_of_audio()
        door.is_all_told = True
        await _complete(door)
        if door.failure is not None:
            return problem(door.failure)  # the session has counted it
        if session.ended is not None:
            raise _ended(session.ended)
    if not door.heard:
        raise NoSpeech("nobody was understood in the recording: send one in which somebody speaks")
    audio = "".join([piece async for piece in _encoded(door.audio)])
    return fastrtc_http.answer(session.id, " ".join(door.heard), " ".join(door.said), door.timing, audio)


async def _encoded(audio: list[Pcm]) -> AsyncIterator[str]:
    for piece in fastrtc_http.render_audio(np.concatenate([np.zeros(0, np.int16), *audio])):
        yield piece
        await asyncio.sleep(0)


async def _complete(door: _Door) -> None:
    try:
        async with asyncio.timeout(ANSWER_SECS):
            await door.over.wait()
    except TimeoutError:
        raise AnswerOverdue(
            f"the answer was not complete after {ANSWER_SECS:.0f} s: send a shorter recording, or try again later"
        ) from None


@contextmanager
def _session(parley: Parley, door: _Door, waiting: str | None) -> Iterator[Session]:
    """One that waits, which waits again afterwards, or one for this answer alone."""
    if waiting:
        session_id, settings = parley.sessions.get(waiting).id, None
    else:
        session_id, settings = fastrtc.new_id(), fastrtc.starting_settings(parley, Config())
    session = parley.sessions.open(FASTRTC_FILE, door, session_id=session_id, settings=settings)
    try:
        yield session
    finally:
        if not waiting:
            session.end(fastrtc.ENDED_BY_CALLER)
        elif session.ended is None:
            session.interrupt()
            session.attach(FASTRTC, NoDoor())


async def _decoded(recording: fastrtc_http.Recording) -> AsyncIterator[Pcm]:
    """All of it before any is heard, so that a broken one leaves no session in the middle of a sentence; bit by bit, so
    that a long one never holds up calls.
    """
    samples = 0
    for pcm in _raw(recording.data) if recording.is_raw else _contained(recording.data):
        samples += len(pcm)
        if samples > BACKLOG_SECS * HEARING_RATE:
            raise TooBig(f"a recording of more than {BACKLOG_SECS:.0f} s: send it in parts")
        if len(pcm):
            yield pcm
        await asyncio.sleep(0)


def _contained(data: bytes) -> Iterator[Pcm]:
    decoder = AudioDecoder()
    yield from decoder.pieces(data)
    yield decoder.finish()


def _raw(data: bytes) -> Iterator[Pcm]:
    if len(data) % 2:
        raise BadAudio(f"{len(data)} bytes of Int16 audio: send whole samples, two bytes each")
    for start in range(0, len(data), _RAW_PIECE_BYTES):
        yield np.frombuffer(data[start : start + _RAW_PIECE_BYTES], "<i2").astype(np.int16)


def _ended(reason: str) -> Draining | EndedSession:
    if reason == "server-stopping":
        return Draining("this server takes no new calls: it is about to stop")
    return EndedSession("the session ended before its answer was complete: open a new one")
