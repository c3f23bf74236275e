"""Parley's own API: the agent, and one session by its id."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from parley_dataplane.process import Parley


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["Parley"])

    @routes.get("/v1/agent")
    async def agent() -> dict[str, Any]:
        return parley.agent.info()

    @routes.get("/v1/sessions/{session_id}")
    async def session(session_id: str) -> dict[str, Any]:
        """Whoever knows the id may read the conversation; there is no list of ids."""
        return parley.sessions.get(session_id).info()

    return routes
