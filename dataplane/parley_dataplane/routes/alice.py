"""Alice's door: a WebRTC call by one HTTP request, what one may ask of it afterwards, and the page that tests both."""

from __future__ import annotations

from weakref import WeakValueDictionary

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from parley_dataplane.doors import WEBRTC_OFFER
from parley_dataplane.errors import (
    BadMessage,
    BadSdp,
    Busy,
    EndedSession,
    ParleyError,
    TooBig,
    UnknownSession,
)
from parley_dataplane.process import Parley
from parley_dataplane.protocols import alice
from parley_dataplane.routes import openapi
from parley_dataplane.routes.bodies import read_body
from parley_dataplane.routes.openapi import reads, refusals
from parley_dataplane.routes.pages import page
from parley_dataplane.routes.webrtc_door import WebRtcDoor
from parley_dataplane.session import SessionInfo


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["Alice"])
    # By session id; a door lives as long as its session holds it.
    doors: WeakValueDictionary[str, WebRtcDoor] = WeakValueDictionary()

    def door_of(session_id: str) -> WebRtcDoor:
        """The door of a call that comes back. Raises UnknownSession, EndedSession or BadMessage."""
        door = doors.get(parley.sessions.get(session_id).id)
        if door is None:
            raise BadMessage('the session of this id came through another door: offer without "resume"')
        return door

    @routes.post(
        "/api/webrtc/offer",
        openapi_extra=reads(openapi.OFFER),
        responses=refusals(BadMessage, BadSdp, TooBig, Busy, UnknownSession, EndedSession),
    )
    async def offer(request: Request) -> alice.Answer:
        """{sdp, type: "offer", test_tone, resume} -> {sdp, type: "answer", session_id}. The answer holds all
        candidates. `resume`, the session id of a call that lost its connection, goes on with that conversation.
        """
        wanted = alice.parse_offer(await read_body(request))
        if wanted.resume is not None:
            back = door_of(wanted.resume)
            return alice.answer(await back.answer(wanted.sdp), back.session.id)
        door = WebRtcDoor(parley, WEBRTC_OFFER, test_tone=wanted.test_tone)
        doors[door.session.id] = door
        try:
            sdp = await door.answer(wanted.sdp)
        except BaseException as error:
            door.session.end(error.code if isinstance(error, ParleyError) else "offer-failed")
            raise
        return alice.answer(sdp, door.session.id)

    @routes.get("/api/voice/sessions/{session_id}", responses=refusals(UnknownSession, EndedSession))
    async def session(session_id: str) -> SessionInfo:
        return parley.sessions.get(session_id).info()

    @routes.post(
        "/api/voice/stop-tts",
        openapi_extra=reads(openapi.STOP),
        responses=refusals(BadMessage, TooBig, UnknownSession, EndedSession),
    )
    async def stop_tts(request: Request) -> alice.Stopped:
        """{session_id} -> {session_id, stopped}: whether there was an answer to stop."""
        wanted = alice.parse_stop(await read_body(request))
        return {
            "session_id": wanted.session_id,
            "stopped": parley.sessions.get(wanted.session_id).interrupt(),
        }

    @routes.get("/test_webrtc_gateway.html", response_class=HTMLResponse)
    def test_page() -> Response:
        """A page with every part of such a call in hand."""
        return page("gateway")

    return routes
