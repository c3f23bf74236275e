"""FastRTC Voice AI's doors, `/api/v1/rtc/stream` and `/stream/full`: JSON and audio files both ways on one WebSocket.

A connection holds one session at a time, from start_session to end_session. On a stream a recording that is complete
by itself is a turn at once, everything else ends by silence; on the full one each message with audio is a recording,
and a turn. A connection without a session is closed after a while.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Iterator
from itertools import chain

from fastapi import APIRouter, WebSocket

from parley_dataplane.doors import FASTRTC, FASTRTC_FULL, DoorKind
from parley_dataplane.errors import BadMessage, PeerError
from parley_dataplane.events import AgentHeard, Event
from parley_dataplane.media import Pcm
from parley_dataplane.media.containers import AudioDecoder
from parley_dataplane.media.speaker import Chunk
from parley_dataplane.process import Parley
from parley_dataplane.protocols import fastrtc
from parley_dataplane.protocols.talk import Interrupt
from parley_dataplane.routes import sockets
from parley_dataplane.session import Session
from parley_dataplane.session_settings import SessionSettings
from parley_dataplane.transports.websocket import Peer

ENDED_BY_CALLER = "end-session"

NO_SESSION = 1008


def new_id() -> str:
    """A session id as this system prints them, of 48 random bits."""
    return f"rtc_{secrets.token_hex(6)}"


def starting_settings(parley: Parley, config: fastrtc.Config) -> SessionSettings:
    """What a session begins with where the caller wants `config`."""
    settings = SessionSettings.of(parley.agent.spec)
    return settings.changed(**fastrtc.DEFAULTS.settings()).changed(**config.settings())


class _Door:
    rests = True  # silence is not sent

    def __init__(self, peer: Peer, session_id: str, on_end: Callable[[], None]) -> None:
        self._peer = peer
        self._on_end = on_end
        self._renderer = fastrtc.Renderer(session_id)

    def send_audio(self, chunk: Chunk) -> None:
        for file in fastrtc.render_audio(chunk.pcm):
            self._peer.send_bytes(file)

    def send_silence(self) -> None:
        """A client that gets nothing plays nothing."""

    def send_event(self, event: Event) -> None:
        if isinstance(event, AgentHeard) and event.interrupted:
            self._peer.drop_audio()
        for text in self._renderer.render(event):
            self._peer.send_text(text)

    def close(self, reason: str) -> None:
        """A caller who has ended a session may start the next one on the same connection."""
        if reason == ENDED_BY_CALLER:
            self._on_end()
        else:
            self._peer.close(sockets.close_code(reason), reason)


class _Connection:
    """One WebSocket, from accept to close: sessions one after the other."""

    def __init__(self, parley: Parley, peer: Peer, kind: DoorKind) -> None:
        self._parley = parley
        self._peer = peer
        self._kind = kind
        self._session: Session | None = None
        self._decoder = AudioDecoder()
        self._patience: asyncio.TimerHandle | None = None
        self._wait_for_start()

    async def handle(self, raw: str | bytes) -> None:
        match fastrtc.parse(raw):
            case fastrtc.StartSession(_, config, session_id):
                self._start(config, session_id)
            case fastrtc.Audio(data):
                hear = self._hear_whole if self._kind.whole_recordings else self._hear
                await hear(self._running(), data)
            case fastrtc.Config() as config:
                session = self._running()
                session.configure(**config.settings())
                self._peer.send_text(fastrtc.render_config(fastrtc.Config.of(session.settings)))
            case Interrupt():
                self._running().interrupt()
            case fastrtc.EndSession():
                self._end(self._running())

    def closed(self) -> None:
        self._stop_waiting()
        if self._session is not None:
            self._session.end("peer-left")

    def _running(self) -> Session:
        if self._session is None or self._session.ended is not None:
            raise BadMessage("no session on this connection: send start_session first")
        return self._session

    def _start(self, config: fastrtc.Config, waiting: str | None) -> None:
        if self._session is not None and self._session.ended is None:
            raise BadMessage("a session is running on this connection: send end_session first")
        sessions = self._parley.sessions
        session_id = sessions.get(waiting).id if waiting else new_id()
        door = _Door(self._peer, session_id, self._wait_for_start)
        settings = starting_settings(self._parley, config)
        session = sessions.open(self._kind, door, session_id=session_id, settings=settings)
        if waiting and config != fastrtc.Config():
            session.configure(**config.settings())
        self._session, self._decoder = session, AudioDecoder()
        self._stop_waiting()
        self._peer.send_text(fastrtc.render_started(session_id, fastrtc.Config.of(session.settings)))
        session.start()

    async def _hear(self, session: Session, data: bytes) -> None:
        """Bit by bit, so that a long recording in one message never holds up other calls."""
        for pcm in self._decoder.pieces(data):
            if len(pcm):
                session.hear(pcm)
            if self._decoder.complete:
                session.end_of_audio()
            await asyncio.sleep(0)

    async def _hear_whole(self, session: Session, data: bytes) -> None:
        """One message is one recording, and ends even where it is broken: no silence would end it."""
        decoder, samples = AudioDecoder(), 0
        try:
            for pcm in chain(decoder.pieces(data), _rest(decoder)):
                if len(pcm):
                    session.hear(pcm)
                samples += len(pcm)
                await asyncio.sleep(0)
        except PeerError:
            if samples:
                session.end_of_audio()
            raise
        session.end_of_audio()

    def _end(self, session: Session) -> None:
        try:
            self._decoder.finish()
        finally:
            session.end(ENDED_BY_CALLER)

    def _wait_for_start(self) -> None:
        secs = float(self._parley.agent.spec.sessions.idle_timeout_seconds)
        self._stop_waiting()
        self._patience = asyncio.get_running_loop().call_later(
            secs, self._peer.close, NO_SESSION, f"no start_session within {secs:.0f} s"
        )

    def _stop_waiting(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["FastRTC Voice AI"])

    @routes.websocket("/api/v1/rtc/stream")
    async def stream(websocket: WebSocket) -> None:
        await _serve(parley, websocket, FASTRTC)

    @routes.websocket("/api/v1/rtc/stream/full")
    async def full(websocket: WebSocket) -> None:
        await _serve(parley, websocket, FASTRTC_FULL)

    return routes


async def _serve(parley: Parley, websocket: WebSocket, kind: DoorKind) -> None:
    await websocket.accept()
    peer = Peer(websocket)
    connection = _Connection(parley, peer, kind)
    try:
        await sockets.serve(parley, peer, connection.handle, kind.name)
    finally:
        connection.closed()


def _rest(decoder: AudioDecoder) -> Iterator[Pcm]:
    """What the decoder held back, once it has been asked for all the rest."""
    yield decoder.finish()
