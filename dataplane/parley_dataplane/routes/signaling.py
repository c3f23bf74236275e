"""Voice AI Backend v2's door: WebRTC signaling over a WebSocket, and its list of sessions.

The media outlives its signaling: a lost socket ends only a session that never had a call, and whoever knows
the id may come back and signal again.
"""

from __future__ import annotations

import asyncio
from weakref import WeakValueDictionary

from fastapi import APIRouter, WebSocket

from parley_dataplane.doors import WEBRTC_SIGNALING
from parley_dataplane.errors import Busy
from parley_dataplane.process import Parley
from parley_dataplane.protocols import signaling
from parley_dataplane.protocols.alice import Offer
from parley_dataplane.records import SignalHandled, SocketClosed, SocketOpened
from parley_dataplane.routes import sockets
from parley_dataplane.routes.openapi import refusals
from parley_dataplane.routes.reservations import reserve
from parley_dataplane.routes.webrtc_door import WebRtcDoor
from parley_dataplane.transports.websocket import Peer

# By session id; a door lives as long as its session holds it.
Doors = WeakValueDictionary[str, WebRtcDoor]


NO_CALL = 1008


class _Connection:
    """One socket that signals for one session id; it is closed where neither it nor another brings a call to that
    within the idle timeout.
    """

    def __init__(self, parley: Parley, peer: Peer, session_id: str, doors: Doors) -> None:
        self._parley = parley
        self._peer = peer
        self._id = session_id
        self._doors = doors
        secs = float(parley.agent.spec.sessions.idle_timeout_seconds)
        self._patience = asyncio.get_running_loop().call_later(secs, self._is_there_a_call, secs)

    async def handle(self, raw: str | bytes) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            await self._obey(raw)
        finally:
            self._parley.observe(SignalHandled(signaling.kind_of(raw), clock() - began))

    async def _obey(self, raw: str | bytes) -> None:
        match signaling.parse(raw):
            case Offer(sdp):
                door = self._door()
                self._peer.send_text(signaling.render_answer(await door.answer(sdp), door.session.id))
            case signaling.Candidate() as candidate:
                if (known := self._doors.get(self._id)) is not None:
                    known.add_candidate(candidate.as_dict())
            case signaling.Ping():
                self._peer.send_text(signaling.render_pong())

    def closed(self) -> None:
        self._patience.cancel()
        door = self._doors.get(self._id)
        if door is not None and not door.has_call:
            door.session.end("peer-left")

    def _is_there_a_call(self, secs: float) -> None:
        if self._id not in self._doors:
            self._peer.close(NO_CALL, f"no offer within {secs:.0f} s")

    def _door(self) -> WebRtcDoor:
        door = self._doors.get(self._id)
        if door is None or door.session.ended is not None:
            door = self._doors[self._id] = WebRtcDoor(self._parley, WEBRTC_SIGNALING, self._id)
        door.on_close = lambda reason: self._peer.close(sockets.close_code(reason), reason)
        return door


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["Voice AI Backend v2"])
    doors: Doors = WeakValueDictionary()

    @routes.websocket("/ws/v2/{session_id}")
    async def signal(websocket: WebSocket, session_id: str) -> None:
        await websocket.accept()
        peer = Peer(websocket)
        connection = _Connection(parley, peer, session_id, doors)
        parley.observe(SocketOpened(WEBRTC_SIGNALING.name))
        try:
            await sockets.serve(parley, peer, connection.handle, WEBRTC_SIGNALING.name)
        finally:
            parley.observe(SocketClosed(WEBRTC_SIGNALING.name))
            connection.closed()

    @routes.get("/v2/sessions")
    async def sessions() -> signaling.Listing:
        """The sessions of this door alone: an id is all that it takes to read a conversation."""
        mine = [session for session in parley.sessions.active() if session.kind.name == WEBRTC_SIGNALING.name]
        return {
            "sessions": [{"session_id": session.id, "state": session.state} for session in mine],
            "count": len(mine),
        }

    @routes.post("/v2/sessions", responses=refusals(Busy))
    async def create() -> signaling.Waiting:
        """A session that waits for its peer at /ws/v2/{session_id}."""
        session = reserve(parley, WEBRTC_SIGNALING)
        return {
            "session_id": session.id,
            "state": session.state,
            "websocket_url": f"/ws/v2/{session.id}",
            "ice_servers": session.agent.ice_servers,
        }

    return routes
