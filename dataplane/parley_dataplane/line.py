"""What the parts of one session share: the peer and the agent, the settings, and who is told what happens.

Rules: nothing is decided here. A task that is held is awaited before the session counts as gone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from parley_dataplane.agent import Agent
from parley_dataplane.doors import Door, DoorKind
from parley_dataplane.errors import ParleyError
from parley_dataplane.events import Event, Problem
from parley_dataplane.records import ErrorSeen, Observer
from parley_dataplane.session_metrics import SessionMetrics
from parley_dataplane.session_settings import SessionSettings


@dataclass(slots=True)
class Line:
    """`clock()` gives seconds of the loop's clock; `used` is when the call was last in use, on that clock."""

    id: str
    kind: DoorKind
    door: Door
    agent: Agent
    settings: SessionSettings
    observe: Observer
    clock: Callable[[], float]
    metrics: SessionMetrics = field(default_factory=SessionMetrics)
    used: float = 0.0
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def use(self) -> None:
        """The call is in use: it is not idle for a while."""
        self.used = self.clock()

    def emit(self, event: Event) -> None:
        self.door.send_event(event)

    def problem(self, error: ParleyError) -> None:
        """Tell the peer of what failed, and count it."""
        self.count(error.code)
        self.emit(Problem(error.code, error.detail))

    def count(self, code: str) -> None:
        self.observe(ErrorSeen(code, self.id, self.kind.name))

    def hold(self, task: asyncio.Task[None]) -> None:
        """Keep `task` until it is done; what it raises is counted, and goes where the loop's faults go."""
        self._tasks.add(task)
        task.add_done_callback(self._release)

    async def settled(self) -> None:
        """Wait for all tasks."""
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _release(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self.count("internal")
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"task {task.get_name()} of a session failed", "exception": task.exception()}
            )
