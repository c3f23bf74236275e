"""kopf's part: the watch over VoiceAgents, whose raw events go to the caches and the queue, and nowhere else.

Rules: one raw handler, which hands the event on. No finalizer, annotation, timer, daemon or index of kopf's is ever
made, and it posts no Events. It runs in a thread and a loop of its own, since it ends every task of its loop when it
ends; it is started again whenever it does. What kopf cannot say (that everything has been listed; that something
vanished while its watch was interrupted), `Sweep` finds out by lists of its own: at the start, at every resync, and
after each new list of kopf's.
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import kopf
import structlog

from parley_operator.api import SILENT_SECONDS, WATCH_SECONDS, ApiError, Unreachable
from parley_operator.backoff import delay
from parley_operator.connection import TOKEN_SECONDS, login
from parley_operator.kinds import AGENTS
from parley_operator.plan.plan import Object
from parley_operator.watch import LONGEST_PAUSE, Reflector

Take = Callable[[str | None, Object], None]
"""An event's type, None for what a list had, and the object."""


class Watch:
    """`take` is called in the loop that `run` runs in. `namespace`: "" for all."""

    def __init__(self, take: Take, namespace: str = "") -> None:
        self._take = take
        self._namespace = namespace
        self._log = structlog.get_logger()

    async def run(self) -> None:
        """For ever, or until it is cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            stop = threading.Event()
            ended = asyncio.Event()
            started = loop.time()
            thread = threading.Thread(target=self._watch, args=(loop, stop, ended), name="kopf", daemon=True)
            thread.start()
            try:
                await ended.wait()
            finally:
                stop.set()
            failures = 1 if loop.time() - started > 60 else failures + 1
            self._log.warning("kopf-ended", failures=failures)
            await asyncio.sleep(delay(failures))

    def _watch(self, loop: asyncio.AbstractEventLoop, stop: threading.Event, ended: asyncio.Event) -> None:
        registry = kopf.OperatorRegistry()
        group, _, version = AGENTS.api_version.partition("/")

        @kopf.on.login(registry=registry)
        def log_in(**_: Any) -> kopf.ConnectionInfo:
            info = login()
            if info.token is None:
                return info
            return dataclasses.replace(info, expiration=datetime.now(UTC) + timedelta(seconds=TOKEN_SECONDS))

        @kopf.on.event(group, version, AGENTS.plural, registry=registry)
        async def seen(event: Any, **_: Any) -> None:
            loop.call_soon_threadsafe(self._take, event["type"], event["object"])

        where: dict[str, Any] = (
            {"namespaces": [self._namespace]} if self._namespace else {"clusterwide": True}
        )
        try:
            asyncio.run(
                kopf.operator(
                    registry=registry,
                    settings=_settings(),
                    standalone=True,
                    stop_flag=stop,
                    **where,
                )
            )
        except Exception as error:
            self._log.warning("kopf-failed", error=f"{type(error).__name__}: {error}"[:300])
        finally:
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(ended.set)


class _Forever:
    """kopf gives up, and ends, after as many failures as there are pauses."""

    def __iter__(self) -> Iterator[float]:
        failures = 0
        while True:
            failures += 1
            yield delay(failures, first=0.5, most=LONGEST_PAUSE)


def _settings() -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.posting.loggers = False
    settings.scanning.disabled = True  # no watch over CRDs and namespaces
    settings.networking.error_backoffs = _Forever()
    settings.networking.request_timeout = 30
    settings.watching.server_timeout = WATCH_SECONDS
    settings.watching.inactivity_timeout = SILENT_SECONDS
    settings.watching.chunk_size = 500
    settings.queueing.idle_timeout = 0.1  # else a task for each of 10,000 objects lives for 5 s
    return settings


class Sweep:
    """Lists all agents: what is new is taken, what is gone is dropped."""

    def __init__(self, reflector: Reflector, every: float) -> None:
        self._reflector = reflector
        self._every = every
        self._asked = asyncio.Event()
        self._log = structlog.get_logger()
        self.done = asyncio.Event()
        """Once everything has been listed for the first time."""

    def ask(self) -> None:
        """Soon, whatever the time is."""
        self._asked.set()

    async def now(self) -> None:
        """Once everything has been listed, however often that fails."""
        failures = 0
        while True:
            try:
                await self._reflector.list()
            except (ApiError, Unreachable) as error:
                failures += 1
                self._log.warning("agents-not-listed", error=str(error)[:200], failures=failures)
                await asyncio.sleep(
                    max(delay(failures, most=LONGEST_PAUSE), getattr(error, "retry_after", 0.0))
                )
            else:
                self.done.set()
                return

    async def run(self) -> None:
        """For ever."""
        while True:
            self._asked.clear()
            await self.now()
            try:
                async with asyncio.timeout(self._every):
                    await self._asked.wait()
                await asyncio.sleep(2)  # for what else its list brings
            except TimeoutError:
                pass
