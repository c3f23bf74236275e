"""Everything that one data-plane process holds: the agent, the clock, the sessions, the observers."""

from __future__ import annotations

import asyncio

import structlog

from parley_dataplane.agent import Agent
from parley_dataplane.collector import Collector
from parley_dataplane.doors import FASTRTC
from parley_dataplane.drain import Drain
from parley_dataplane.errors import ParleyError
from parley_dataplane.hearing import Burst
from parley_dataplane.logs import log_record
from parley_dataplane.media.alarm import exact_alarm
from parley_dataplane.media.pacer import Paced, Pacer
from parley_dataplane.metrics import Metrics
from parley_dataplane.pipeline_stats import PipelineStats
from parley_dataplane.records import ErrorSeen, to_all
from parley_dataplane.session import Session
from parley_dataplane.sessions import Sessions
from parley_dataplane.transports.webrtc import Calls


class Parley:
    """start() before the first call, close() after the last. `agent` is that of calls which begin now."""

    def __init__(self, agent: Agent, media_address: str = "") -> None:
        """`media_address`: Settings.media_address."""
        self.agent = agent
        self._agents = [agent]
        """Those that calls have, or may have."""
        self._retiring: set[asyncio.Task[None]] = set()
        self.pacer = Pacer(self._tick_failed, before=self._detect, alarm=exact_alarm)
        self.burst = Burst()
        """What callers' packets bring in one reading of the socket."""
        self.calls = Calls(agent.spec.media, self.burst, media_address)
        self._collector = Collector()
        self._metrics = Metrics(self.pacer, self.calls, self._collector, self._in_progress, self._drain_left)
        self.fastrtc_stats = PipelineStats(FASTRTC.name)
        self.observe = self.calls.observe = to_all(
            self._metrics, log_record, self._collector, self.fastrtc_stats
        )
        self.sessions = Sessions(agent, self.pacer, self.observe, self.calls.make_room)
        self.drain = Drain(self.sessions, self.observe)
        self._started = False

    @property
    def ready(self) -> bool:
        """Whether an offer would be taken, apart from the session limit."""
        return self._started and not self.sessions.draining

    async def start(self) -> None:
        """Bind the calls' UDP port, load the engines and start the clock; raises EngineUnavailable, or ParleyError
        where the UDP port of the spec can't be had.
        """
        self.calls.open()
        await self.agent.start()
        self.pacer.start()
        self._started = True

    async def take(self, agent: Agent) -> None:
        """Calls that begin from here on are `agent`'s; those in progress keep theirs, whose engines are freed after the
        last of them. Raises EngineUnavailable, and then nothing has changed. The UDP port stays what it is.
        """
        try:
            await agent.start()
        except BaseException:
            await agent.close()
            raise
        before, self.agent = self.agent, agent
        agent.rehearse()
        self._agents.append(agent)
        self.sessions.agent = agent
        self.calls.take(agent.spec.media)
        task = asyncio.create_task(self._retire(before), name="agent-retires")
        self._retiring.add(task)
        task.add_done_callback(self._retiring.discard)

    def settle(self) -> None:
        """To be called once all that lasts is loaded, the application too."""
        self._collector.settle()
        self.agent.rehearse()

    async def close(self, reason: str) -> None:
        """End every call with `reason`, then free the engines."""
        await self.sessions.close(reason)
        await asyncio.gather(*self._retiring)
        await self.pacer.close()
        await self.agent.close()
        self.calls.close()
        self._collector.close()

    def metrics_text(self) -> bytes:
        """The Prometheus exposition."""
        return self._metrics.text()

    def count_error(self, error: ParleyError, door: str = "") -> None:
        """An error that a door answered by itself; `door` is "" for requests, which are no door's alone."""
        self.observe(ErrorSeen(error.code, "", door))

    def _detect(self) -> None:
        for agent in self._agents:
            agent.engines.vad.work()

    async def _retire(self, agent: Agent) -> None:
        await agent.rest()
        await self.sessions.last_of(agent)
        self._agents.remove(agent)
        await agent.close()

    def _drain_left(self) -> float | None:
        return self.drain.seconds_left

    def _in_progress(self) -> list[Session]:
        return self.sessions.active()

    def _tick_failed(self, call: Paced, error: Exception) -> None:
        structlog.get_logger().error("tick-failed", exc_info=error)
        if isinstance(call, Session):
            self.observe(ErrorSeen("internal", call.id, call.kind.name))
            call.end("internal-error")
