"""Parley's own API: the agent, the process, and one session by its id."""

from __future__ import annotations

from fastapi import APIRouter
from typing_extensions import TypedDict

from parley_api import __version__
from parley_dataplane.agent import AgentInfo
from parley_dataplane.errors import EndedSession, UnknownSession
from parley_dataplane.process import Parley
from parley_dataplane.routes.openapi import refusals
from parley_dataplane.session import SessionInfo


class Status(TypedDict):
    """What who runs the process must know: counts, and which agent file calls that begin now have; of nobody anything.
    `agent_digest` is the SHA-256 of the file's bytes, in hex.
    """

    calls: int
    draining: bool
    agent_digest: str
    version: str


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["Parley"])

    @routes.get("/v1/agent")
    async def agent() -> AgentInfo:
        return parley.agent.info()

    @routes.get("/v1/status")
    async def status() -> Status:
        return {
            "calls": len(parley.sessions),
            "draining": not parley.ready,
            "agent_digest": parley.agent.digest,
            "version": __version__,
        }

    @routes.get("/v1/sessions/{session_id}", responses=refusals(UnknownSession, EndedSession))
    async def session(session_id: str) -> SessionInfo:
        """Whoever knows the id may read the conversation; there is no list of ids."""
        return parley.sessions.get(session_id).info()

    return routes
