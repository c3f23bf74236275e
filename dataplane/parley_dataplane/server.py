"""The HTTP server of one agent: every door on one port, or on several.

serve() starts the engines, then listens; on SIGINT or SIGTERM it says goodbye to the calls in progress before
it closes their connections. Where the settings give calls time to end by themselves, the first SIGTERM only begins the
drain; the next signal is the goodbye. One process, one event loop.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from pathlib import Path
from types import FrameType

import structlog
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
"""How long connections may take to close after the goodbye that was spoken."""

LAST_ANSWERS_SECS = 20
"""How long answers to requests may take to be read once the last call has ended: a recording's is up to 20 MB."""


def create_app(parley: Parley) -> FastAPI:
    """The application of a started Parley."""
    app = FastAPI(title="Parley", docs_url=None, redoc_url=None, openapi_url="/openapi.json")
    app.state.parley = parley
    routes.mount(app, parley)
    app.openapi()  # kept from now on: it takes 0.1 s, in which no call would hear anything
    return app


class _Server(uvicorn.Server):
    """Ends the calls before the connections, so that each caller is told. A second Ctrl-C does not wait for the
    goodbye. Made in the loop that serves.
    """

    def __init__(
        self, config: uvicorn.Config, parley: Parley, on_ready: Callable[[], None], drain_seconds: float
    ) -> None:
        super().__init__(config)
        self._loop = asyncio.get_running_loop()
        self._parley = parley
        self._on_ready = on_ready
        self._drain_seconds = drain_seconds
        self._drains = False
        self._draining: asyncio.Task[None] | None = None
        self.signalled = False

    def stop(self, _: object) -> None:
        """As a signal does; calls that drain go on without what has asked for it."""
        if not self._drains:
            self.should_exit = True

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Called between any two instructions of the loop's."""
        is_first, self.signalled = not self.signalled, True
        if is_first and sig == signal.SIGTERM and self._drain_seconds and not self.should_exit:
            self._drains = True
            self._loop.call_soon_threadsafe(self._begin_to_drain)
        else:
            super().handle_exit(sig, frame)

    def _begin_to_drain(self) -> None:
        self._draining = asyncio.create_task(self._drain(), name="drain")

    async def _drain(self) -> None:
        try:
            if await self._parley.drain.run(self._drain_seconds):
                self.config.timeout_graceful_shutdown = LAST_ANSWERS_SECS
        except Exception:
            structlog.get_logger().exception("drain-failed")
        finally:
            self.should_exit = True

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._parley.settle()
            self._on_ready()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """serve() has done so already, and for longer. uvicorn would raise all of them again at its end, and the
        second one would come in the middle of closing the engines.
        """
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self._draining is not None:
            self._draining.cancel()  # by another signal: else it is done
        goodbye = asyncio.create_task(self._parley.sessions.leave("server-stopping"), name="goodbye")
        while not goodbye.done() and not self.force_exit:
            await asyncio.wait((goodbye,), timeout=0.1)
        goodbye.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(GOODBYE_SECS):
                await self._parley.sessions.close("server-stopping")
        await super().shutdown(sockets)


async def serve(
    voice_agent: VoiceAgent,
    base_dir: Path,
    host: str = "127.0.0.1",
    ports: Sequence[int] = (9011,),
    *,
    on_ready: Callable[[], None] = lambda: None,
    beside: Callable[[Parley], Coroutine[None, None, None]] | None = None,
    settings: Settings | None = None,
    digest: str = "",
) -> bool:
    """Serve `voice_agent` on all of `ports` until a signal; `on_ready` is called once offers are taken. `beside` runs
    meanwhile, and when it returns, the server stops as by a signal. Returns whether it was that. `digest` is told of
    the agent: the SHA-256 of its file.

    Raises EngineUnavailable when an engine can't be loaded, OSError when a port can't be bound, and what `beside` does.
    """
    settings = settings or Settings.from_environ()
    logs.configure(settings.log_level)
    listening = _bind_all(host, ports)
    parley = Parley(Agent.load(voice_agent, base_dir, settings, digest), settings.media_address)
    companion: asyncio.Task[None] | None = None
    stack = contextlib.ExitStack()
    try:
        await parley.start()
        config = uvicorn.Config(
            create_app(parley),
            lifespan="off",  # serve() is it; uvicorn's would end in a traceback after a second Ctrl-C
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
        server = _Server(config, parley, on_ready, settings.drain_seconds or 0.0)
        stack.enter_context(_signals(server))
        if beside is not None:
            companion = asyncio.create_task(beside(parley), name="beside")
            companion.add_done_callback(server.stop)
        await server.serve(sockets=listening)
        if companion is None or not companion.done():
            return False
        companion.result()
        return not server.signalled
    finally:
        for one in listening:
            one.close()
        if companion is not None:
            companion.cancel()
            await asyncio.wait((companion,))
        await parley.close("server-stopping")
        stack.close()


@contextlib.contextmanager
def _signals(server: uvicorn.Server) -> Iterator[None]:
    """SIGINT and SIGTERM stop the server until the last engine is closed."""
    if threading.current_thread() is not threading.main_thread():  # no other can be told of signals
        yield
        return
    taken = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, server.handle_exit) for number in taken}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _bind_all(host: str, ports: Sequence[int]) -> list[socket.socket]:
    """On each port or, where one can't be had, on none."""
    with contextlib.ExitStack() as bound:
        sockets = [bound.enter_context(_bind(host, port)) for port in ports]
        bound.pop_all()
        return sockets


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
