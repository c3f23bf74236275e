"""FastRTC Voice AI over HTTP: sessions and their metrics, and the statistics of the service."""

from __future__ import annotations

from fastapi import APIRouter, Request

from parley_api import __version__
from parley_dataplane.doors import FASTRTC
from parley_dataplane.errors import BadMessage, Busy, EndedSession, TooBig, UnknownSession
from parley_dataplane.process import Parley
from parley_dataplane.protocols import fastrtc_http
from parley_dataplane.routes import fastrtc, openapi
from parley_dataplane.routes.bodies import read_body
from parley_dataplane.routes.openapi import reads, refusals
from parley_dataplane.routes.reservations import reserve
from parley_dataplane.session import Session


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(prefix="/api/v1/rtc", tags=["FastRTC Voice AI"])

    @routes.post(
        "/session",
        openapi_extra=reads(openapi.CREATE, required=False),
        responses=refusals(BadMessage, TooBig, Busy),
    )
    async def create(request: Request) -> fastrtc_http.ShownSession:
        """{user_id, config}, both optional -> a session that start_session may name."""
        wanted = fastrtc_http.parse_create(await read_body(request))
        settings = fastrtc.starting_settings(parley, wanted.config)
        return _info(reserve(parley, FASTRTC, fastrtc.new_id(), settings))

    @routes.get("/session/{session_id}", responses=refusals(UnknownSession, EndedSession))
    async def session(session_id: str) -> fastrtc_http.ShownSession:
        """Whoever knows the id may read and end the session; there is no list of ids."""
        return _info(parley.sessions.get(session_id))

    @routes.delete("/session/{session_id}", responses=refusals(UnknownSession, EndedSession))
    async def end(session_id: str) -> fastrtc_http.Ended:
        found = parley.sessions.get(session_id)
        found.end(fastrtc.ENDED_BY_CALLER)
        return fastrtc_http.ended(found.id, found.metrics)

    @routes.get("/stats")
    async def stats() -> fastrtc_http.Stats:
        """Sessions are those of all doors, as the limit is; requests are those of this system."""
        return fastrtc_http.stats(
            __version__,
            running=parley.ready,
            active=len(parley.sessions),
            limit=parley.agent.spec.sessions.limit,
            pipeline=parley.fastrtc_stats,
        )

    return routes


def _info(session: Session) -> fastrtc_http.ShownSession:
    return fastrtc_http.session(
        session.id, session.state, session.created_at, session.settings, session.metrics
    )
