"""The one clock that paces every call of the process: a tick each 20 ms per call, whatever the number of calls.

Rules: one timer, none per call; a call's tick is a plain function that must not wait; a call whose tick raises is
taken off the clock and told, and the others do not notice. Ticks carry their nominal time, so that a late loop does
not bend the audio's time: up to CATCH_UP ticks are made good at once, a longer stall is skipped and counted.

The 20 ms are cut into PHASES, and each call has its tick in one of them: a hundred calls at once would hold the loop
for all their ticks, and whoever spoke meanwhile would wait for the last. Ahead of each phase's ticks comes `before`,
for what is cheaper for many calls at once. A phase without calls costs nothing, not even waking up.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from typing import Protocol

from parley_dataplane.media import FRAME_SECS
from parley_dataplane.media.alarm import Alarm, LoopAlarm

CATCH_UP = 10
"""Ticks that a late loop makes good: 200 ms, which a receiver's jitter buffer still takes."""

PHASES = 4
"""Parts of the 20 ms, 5 ms each."""

_SLOT_SECS = FRAME_SECS / PHASES


class Paced(Protocol):
    def tick(self, now: float) -> None:
        """Send what is due at `now`."""


def _nothing() -> None:
    return None


class Pacer:
    """`on_failure(call, error)` is told of a call whose tick raised; `before()` is called ahead of each phase that has
    calls, and if it raises, the loop's exception handler is told and the calls have their ticks.
    """

    def __init__(
        self,
        on_failure: Callable[[Paced, Exception], None],
        before: Callable[[], None] = _nothing,
        alarm: Callable[[Callable[[], None]], Alarm] = LoopAlarm,
    ) -> None:
        self._on_failure = on_failure
        self._before = before
        self._new_alarm = alarm
        self._alarm: Alarm | None = None
        self._phases: list[tuple[Paced, ...]] = [
            ()
        ] * PHASES  # replaced as a whole: a tick may add and remove
        self._phase_of: dict[int, int] = {}
        self._origin = 0.0
        self._slot = 0  # the next one, counted from _origin; its phase is what is over of PHASES
        self._is_set = False  # whether the alarm will ring, or the loop come back by itself
        self.late_ticks = 0
        """Phases with calls whose ticks came over 10 ms late."""
        self.skipped_ticks = 0
        """Ticks of phases with calls that were given up."""

    def add(self, call: Paced) -> None:
        """Into the phase with the fewest calls, where it stays."""
        if id(call) in self._phase_of:
            return
        phase = min(range(PHASES), key=lambda number: len(self._phases[number]))
        self._phase_of[id(call)] = phase
        self._phases[phase] += (call,)
        if self._alarm is not None and not self._is_set:
            self._slot = max(
                self._slot, math.ceil((asyncio.get_running_loop().time() - self._origin) / _SLOT_SECS)
            )
            self._wait()

    def remove(self, call: Paced) -> None:
        phase = self._phase_of.pop(id(call), None)
        if phase is not None:
            self._phases[phase] = tuple(other for other in self._phases[phase] if other is not call)

    def start(self) -> None:
        """In the loop; the first tick is due now."""
        self._origin = asyncio.get_running_loop().time()
        self._slot = 0
        self._is_set = False
        self._alarm = self._new_alarm(self._ring)
        self._wait()

    async def close(self) -> None:
        if self._alarm is not None:
            self._alarm.close()
            self._alarm = None

    def tick(self, now: float) -> None:
        """One tick of every call, phase after phase."""
        for phase in range(PHASES):
            self._tick(phase, now)

    def _tick(self, phase: int, now: float) -> None:
        calls = self._phases[phase]
        if not calls:
            return
        try:
            self._before()
        except Exception as error:
            asyncio.get_running_loop().call_exception_handler(
                {"message": "what comes before the pacer's ticks failed", "exception": error}
            )
        for call in calls:
            try:
                call.tick(now)
            except Exception as error:
                self.remove(call)
                self._on_failure(call, error)

    def _ring(self) -> None:
        self._is_set = False
        if self._alarm is None:
            return
        try:
            due = self._origin + self._slot * _SLOT_SECS
            late = asyncio.get_running_loop().time() - due
            if late >= 0:
                self._work(due, late)
        finally:
            self._wait()

    def _work(self, due: float, late: float) -> None:
        occupied = sum(1 for calls in self._phases if calls)
        if late > CATCH_UP * FRAME_SECS:
            missed = int(late / FRAME_SECS)
            self.skipped_ticks += missed * occupied
            self._slot += missed * PHASES
            due += missed * FRAME_SECS
        phase = self._slot % PHASES
        self._slot += 1
        if late > FRAME_SECS / 2 and self._phases[phase]:
            self.late_ticks += 1
        self._tick(phase, due)

    def _wait(self) -> None:
        """For the next phase that has calls; while there is none, for add()."""
        if self._alarm is None or self._is_set or not self._phase_of:
            return
        while not self._phases[self._slot % PHASES]:
            self._slot += 1
        self._is_set = True
        loop = asyncio.get_running_loop()
        due = self._origin + self._slot * _SLOT_SECS
        if due > loop.time():
            self._alarm.set(due)
        else:
            # Ticks that are made good must not starve the sockets.
            loop.call_soon(self._ring)
