"""The full-duplex agent's door, `/ws`: Int16 audio both ways on one WebSocket; connecting begins the session."""

from __future__ import annotations

import numpy as np
from fastapi import APIRouter, WebSocket

from parley_dataplane.doors import DUPLEX
from parley_dataplane.errors import BadAudio, ParleyError
from parley_dataplane.events import AgentHeard, Event
from parley_dataplane.media.speaker import Chunk
from parley_dataplane.process import Parley
from parley_dataplane.protocols import duplex
from parley_dataplane.protocols.talk import Interrupt, Text
from parley_dataplane.routes import sockets
from parley_dataplane.session import Session
from parley_dataplane.transports.websocket import Peer


class _Door:
    rests = True  # silence is not sent

    def __init__(self, peer: Peer) -> None:
        self._peer = peer

    def send_audio(self, chunk: Chunk) -> None:
        self._peer.send_bytes(duplex.render_audio(chunk.pcm))

    def send_silence(self) -> None:
        """A client that gets nothing plays nothing."""

    def send_event(self, event: Event) -> None:
        if isinstance(event, AgentHeard) and event.interrupted:
            self._peer.drop_audio()
        for text in duplex.render(event):
            self._peer.send_text(text)

    def close(self, reason: str) -> None:
        self._peer.close(sockets.close_code(reason), reason)


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["Full-duplex agent"])

    @routes.websocket("/ws")
    async def talk(websocket: WebSocket) -> None:
        await websocket.accept()
        peer = Peer(websocket)
        try:
            session = parley.sessions.open(DUPLEX, _Door(peer))
        except ParleyError as error:
            await sockets.refuse(parley, peer, error)
            return
        peer.send_text(duplex.render_session(session.id))
        session.start()

        async def handle(raw: str | bytes) -> None:
            _obey(session, duplex.parse(raw))

        try:
            await sockets.serve(parley, peer, handle, DUPLEX.name)
        finally:
            session.end("peer-left")

    return routes


def _obey(session: Session, message: duplex.Message) -> None:
    match message:
        case duplex.Audio(data):
            session.hear(np.frombuffer(data[: len(data) // 2 * 2], "<i2").astype(np.int16))
            if len(data) % 2:
                # The next message begins with a whole sample again, so that one wrong message can't turn
                # everything behind it into noise.
                raise BadAudio(f"{len(data)} bytes of Int16 audio: send whole samples, two bytes each")
        case Text(text):
            session.type_text(text)
        case Interrupt():
            session.interrupt()
