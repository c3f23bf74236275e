"""Parley's own API: the agent, and one session by its id."""

from __future__ import annotations

from fastapi import APIRouter

from parley_dataplane.agent import AgentInfo
from parley_dataplane.errors import EndedSession, UnknownSession
from parley_dataplane.process import Parley
from parley_dataplane.routes.openapi import refusals
from parley_dataplane.session import SessionInfo


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["Parley"])

    @routes.get("/v1/agent")
    async def agent() -> AgentInfo:
        return parley.agent.info()

    @routes.get("/v1/sessions/{session_id}", responses=refusals(UnknownSession, EndedSession))
    async def session(session_id: str) -> SessionInfo:
        """Whoever knows the id may read the conversation; there is no list of ids."""
        return parley.sessions.get(session_id).info()

    return routes
