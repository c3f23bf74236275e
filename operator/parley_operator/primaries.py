"""kopf's part: the watch over what people write, whose raw events go to the caches and the queue, and nowhere else.

Rules: one raw handler a kind, which hands the event on. No finalizer, annotation, timer, daemon or index of kopf's is
ever made, and it posts no Events. It runs in a thread and a loop of its own, since it ends every task of its loop when
it ends; it is started again whenever it does, as when a kind that it watches is taken away. It looks for kinds when it
starts, and never again: it is given those that are served, and starts anew when another is. What kopf cannot say (that
everything has been listed; that something vanished while its watch was interrupted), a kind's `Sweep` finds out by
lists of its own: at the start, at every resync, and after each new list of kopf's.
"""

from __future__ import annotations

import asyncio
import dataclasses
import threading
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import kopf
import structlog

from parley_operator.api import SILENT_SECONDS, WATCH_SECONDS, ApiError, Unreachable
from parley_operator.backoff import delay
from parley_operator.connection import TOKEN_SECONDS, login
from parley_operator.kinds import Kind
from parley_operator.plan.plan import Object
from parley_operator.watch import LONGEST_PAUSE, Reflector

Take = Callable[[Kind, str | None, Object], None]
"""A kind, an event's type, None for what a list had, and the object."""


SETTLE_SECONDS = 2.0
"""A kind that has just come is listed before the API server names it among its kinds, which is where kopf looks."""


class Watch:
    """`take` is called in the loop that `run` runs in. `kinds`: asked each time that kopf starts, those that are served
    now. `namespace`: "" for all.
    """

    def __init__(
        self, take: Take, kinds: Callable[[], Awaitable[Sequence[Kind]]], namespace: str = ""
    ) -> None:
        self._take = take
        self._kinds = kinds
        self._namespace = namespace
        self._again = asyncio.Event()
        self._soon: asyncio.TimerHandle | None = None
        self._stop = threading.Event()
        self._log = structlog.get_logger()

    def again(self) -> None:
        """There is another kind to watch: kopf starts anew in a moment, once for all that come together."""
        if self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SETTLE_SECONDS, self._start_again)

    def _start_again(self) -> None:
        self._soon = None
        self._again.set()
        self._stop.set()

    async def run(self) -> None:
        """For ever, or until it is cancelled."""
        loop = asyncio.get_running_loop()
        failures = 0
        while True:
            self._again.clear()
            kinds = await self._kinds()
            if not kinds:
                await self._again.wait()
                continue
            stop = self._stop = threading.Event()
            ended = asyncio.Event()
            started = loop.time()
            facts = (kinds, loop, stop, ended)
            threading.Thread(target=self._watch, args=facts, name="kopf", daemon=True).start()
            try:
                await ended.wait()
            finally:
                stop.set()
            if self._again.is_set():
                failures = 0
                continue
            failures = 1 if loop.time() - started > 60 else failures + 1
            self._log.warning("kopf-ended", failures=failures)
            await asyncio.sleep(delay(failures))

    def _watch(
        self,
        kinds: Sequence[Kind],
        loop: asyncio.AbstractEventLoop,
        stop: threading.Event,
        ended: asyncio.Event,
    ) -> None:
        registry = kopf.OperatorRegistry()

        @kopf.on.login(registry=registry)
        def log_in(**_: Any) -> kopf.ConnectionInfo:
            info = login()
            if info.token is None:
                return info
            return dataclasses.replace(info, expiration=datetime.now(UTC) + timedelta(seconds=TOKEN_SECONDS))

        for kind in kinds:
            self._hand_on(kind, loop, registry)
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

    def _hand_on(self, kind: Kind, loop: asyncio.AbstractEventLoop, registry: kopf.OperatorRegistry) -> None:
        group, _, version = kind.api_version.partition("/")

        @kopf.on.event(group, version, kind.plural, registry=registry)
        async def seen(event: Any, **_: Any) -> None:
            loop.call_soon_threadsafe(self._take, kind, event["type"], event["object"])


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
    """Lists all of a kind: what is new is taken, what is gone is dropped. A kind that is not served, or not to us,
    counts as listed and empty, and is looked for again every few seconds: `appeared` is called once it is there. While
    some of it is known, that it is not served is no answer: those would all pass for gone.
    """

    def __init__(self, reflector: Reflector, every: float, appeared: Callable[[], None]) -> None:
        self._reflector = reflector
        self._every = every
        self._appeared = appeared
        self._absent = 0
        """How often in a row it was not served."""
        self._asked = asyncio.Event()
        self._log = structlog.get_logger().bind(kind=reflector.cache.kind.name)
        self.done = asyncio.Event()
        """Once everything has been listed for the first time."""

    def ask(self) -> None:
        """Soon, whatever the time is."""
        self._asked.set()

    async def now(self) -> None:
        """Once everything has been listed, however often that fails."""
        failures = 0
        while (error := await self.once()) is not None:
            failures += 1
            self._log.warning("not-listed", error=str(error)[:200], failures=failures)
            await asyncio.sleep(max(delay(failures, most=LONGEST_PAUSE), getattr(error, "retry_after", 0.0)))

    async def once(self) -> ApiError | Unreachable | None:
        """One try, and why it failed."""
        try:
            await self._reflector.list()
        except (ApiError, Unreachable) as error:
            if not self._is_absent(error):
                return error
        else:
            if self._absent:
                self._absent = 0
                self._appeared()
        self.done.set()
        return None

    def _is_absent(self, error: ApiError | Unreachable) -> bool:
        cache = self._reflector.cache
        if not isinstance(error, ApiError) or error.status not in (403, 404) or len(cache):
            return False
        if not self._absent:
            self._log.info("not-served", error=str(error)[:200])
            self.ask()  # from now on it is looked for every few seconds
        self._absent += 1
        self._reflector.not_served()
        return True

    async def run(self) -> None:
        """For ever."""
        while True:
            self._asked.clear()
            await self.now()
            pause = delay(self._absent, most=LONGEST_PAUSE) if self._absent else self._every
            try:
                async with asyncio.timeout(pause):
                    await self._asked.wait()
                await asyncio.sleep(2)  # for what else its list brings
            except TimeoutError:
                pass
