"""The HTTP server of one agent: every door on one port.

serve() starts the engines, then listens; on SIGINT or SIGTERM it says goodbye to the calls in progress before
it closes their connections. One process, one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from pathlib import Path

import uvicorn
from fastapi import FastAPI

from parley_api import VoiceAgent
from parley_dataplane import logs, routes
from parley_dataplane.agent import Agent
from parley_dataplane.process import Parley
from parley_dataplane.settings import Settings
from parley_dataplane.transports.connections import PatientHttp, PatientWebSocket

MAX_MESSAGE_BYTES = 16 * 1024 * 1024
"""One WebSocket message: 8 minutes of 16 kHz PCM; more is closed with 1009 (RFC 6455, 7.4.1)."""

GOODBYE_SECS = 2.0
"""How long connections may take to close after the goodbye."""


def create_app(parley: Parley) -> FastAPI:
    """The application of a started Parley."""
    app = FastAPI(title="Parley", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.state.parley = parley
    routes.mount(app, parley)
    return app


class _Server(uvicorn.Server):
    """Ends the calls before the connections, so that each caller is told."""

    def __init__(self, config: uvicorn.Config, parley: Parley, on_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._parley = parley
        self._on_ready = on_ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECS):
                await self._parley.sessions.close("server-stopping")
        await super().shutdown(sockets)


async def serve(
    voice_agent: VoiceAgent,
    base_dir: Path,
    host: str = "127.0.0.1",
    port: int = 9011,
    *,
    on_ready: Callable[[], None] = lambda: None,
    settings: Settings | None = None,
) -> None:
    """Serve `voice_agent` until a signal; `on_ready` is called once offers are taken.

    Raises EngineUnavailable when an engine can't be loaded, OSError when the port can't be bound.
    """
    settings = settings or Settings.from_environ()
    logs.configure(settings.log_level)
    listening = _bind(host, port)
    parley = Parley(Agent.load(voice_agent, base_dir, settings))
    try:
        await parley.start()
        config = uvicorn.Config(
            create_app(parley),
            log_config=None,
            access_log=False,
            http=PatientHttp,
            ws=PatientWebSocket,
            ws_max_size=MAX_MESSAGE_BYTES,
            ws_per_message_deflate=False,  # 16 KB can say 16 MB; audio hardly gets smaller
            ws_ping_interval=20.0,
            ws_ping_timeout=20.0,
            timeout_graceful_shutdown=int(GOODBYE_SECS),
            server_header=False,
        )
        await _Server(config, parley, on_ready).serve(sockets=[listening])
    finally:
        listening.close()
        await parley.close("server-stopping")


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening
