"""The service itself: the talk page, health, readiness, metrics, in the words of every system that asks."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse
from prometheus_client import CONTENT_TYPE_LATEST
from typing_extensions import TypedDict

from parley_api import __version__
from parley_dataplane.engines import silero_weights
from parley_dataplane.errors import EngineUnavailable
from parley_dataplane.process import Parley
from parley_dataplane.routes.openapi import refusals
from parley_dataplane.routes.pages import page

ENDPOINTS = {
    "talk page": "GET /",
    "fastrtc page": "GET /fastrtc",
    "full-duplex page": "GET /duplex",
    "gateway test page": "GET /test_webrtc_gateway.html",
    "offer": "POST /api/webrtc/offer",
    "signaling": "WebSocket /ws/v2/{session_id}",
    "fastrtc": "WebSocket /api/v1/rtc/stream",
    "fastrtc, whole recordings": "WebSocket /api/v1/rtc/stream/full",
    "fastrtc recording": "POST /api/v1/rtc/process",
    "fastrtc session": "POST /api/v1/rtc/session",
    "fastrtc statistics": "GET /api/v1/rtc/stats",
    "full duplex": "WebSocket /ws",
    "session": "GET /v1/sessions/{session_id}",
    "agent": "GET /v1/agent",
    "status": "GET /v1/status",
    "health": "GET /health",
    "metrics": "GET /metrics",
}


class Health(TypedDict):
    status: str
    service: str
    version: str
    active_sessions: int
    max_sessions: int


class About(TypedDict):
    service: str
    version: str
    agent: str
    status: str
    endpoints: dict[str, str]


_PAGE: dict[int | str, dict[str, Any]] = {200: {"content": {"text/html": {"schema": {"type": "string"}}}}}
_WEIGHTS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}},
    **refusals(EngineUnavailable),
}
_NOT_READY: dict[int | str, dict[str, Any]] = {503: {"model": str, "description": "Draining"}}


def router(parley: Parley) -> APIRouter:
    routes = APIRouter(tags=["Service"])

    def health(service: str) -> Health:
        """The same words whichever system asks. Who asks whether it lives must not kill it while it drains: whether an
        offer would be taken is /readyz.
        """
        return {
            "status": "healthy" if parley.ready else "draining",
            "service": service,
            "version": __version__,
            "active_sessions": len(parley.sessions),
            "max_sessions": parley.agent.spec.sessions.limit,
        }

    @routes.get("/", response_model=About, responses=_PAGE)
    def root(request: Request) -> Response:
        """The talk page for a browser, information about the service for others."""
        if "text/html" in request.headers.get("accept", ""):
            return page("index", Vary="Accept")
        about: About = {
            "service": "Parley",
            "version": __version__,
            "agent": parley.agent.name,
            "status": "running" if parley.ready else "draining",
            "endpoints": ENDPOINTS,
        }
        return JSONResponse(about, headers={"Vary": "Accept", "Cache-Control": "no-cache"})

    @routes.get("/fastrtc", response_class=HTMLResponse)
    def fastrtc_page() -> Response:
        """FastRTC Voice AI's page."""
        return page("fastrtc")

    @routes.get("/duplex", response_class=HTMLResponse)
    def duplex_page() -> Response:
        """The full-duplex agent's page."""
        return page("duplex")

    @routes.get("/web/silero.weights", response_class=Response, responses=_WEIGHTS)
    def weights_of_silero() -> Response:
        """Silero's weights, for a page that runs it. In a thread: the first time they are read from a file."""
        headers = {"Cache-Control": "max-age=86400"}
        return Response(silero_weights.weights(), media_type="application/octet-stream", headers=headers)

    @routes.get("/health")
    async def overall_health() -> Health:
        return health("Parley")

    @routes.get("/api/v1/rtc/health")
    async def fastrtc_health() -> Health:
        return health("FastRTC")

    @routes.get("/healthz", response_class=PlainTextResponse)
    async def alive() -> Response:
        return PlainTextResponse("ok")

    @routes.get("/readyz", response_class=PlainTextResponse, responses=_NOT_READY)
    async def ready() -> Response:
        return PlainTextResponse("ok" if parley.ready else "draining", 200 if parley.ready else 503)

    @routes.get("/metrics", response_class=PlainTextResponse)
    async def metrics() -> Response:
        return Response(parley.metrics_text(), media_type=CONTENT_TYPE_LATEST)

    return routes
