"""Python's garbage collector in this process: what it need not look at, and for how long it has stopped the loop.

Nothing runs while it collects, so a full collection is a gap in every call's audio. Measured with thread time on an
EPYC core: the 85,000 objects of modules and engines would take 12 ms each time, 100 connected calls are 24,000 and take
4.4 ms. So what is loaded before the first call is frozen.

An ended call is a knot of 150 objects that refer to each other, with 240 kB behind them, and old: only a full
collection frees it. Left to Python one comes for some 400 calls, 100 MB, and freeing takes its time too: 16 dead
ones beside 100 living made 7 ms. So there is one whenever a few calls have ended: 4.6 ms at most while three of 100
calls were replaced each second, and memory that grows by 25 kB a call instead of 240.
"""

from __future__ import annotations

import asyncio
import gc
import time

from parley_dataplane.records import CallFinished, Record

ENDED_CALLS = 4
"""How many must have ended for a collection."""

GOODBYE_SECS = 1.0
"""Before it: what an ended call still has to do takes a moment, and until then nothing of it can be freed."""


class Collector:
    """settle() once all is loaded, close() at the end. It is an observer, which counts the calls that end."""

    def __init__(self) -> None:
        self.longest_secs = 0.0
        """The longest single pause since settle()."""
        self.paused_secs = 0.0
        """All pauses since settle() together."""
        self._began = 0.0
        self._ended = 0
        self._timer: asyncio.TimerHandle | None = None

    def settle(self) -> None:
        """Free what loading left behind, and never look again through what it made; then measure."""
        gc.collect()
        gc.freeze()
        gc.callbacks.append(self._noted)

    def __call__(self, record: Record) -> None:
        if isinstance(record, CallFinished):
            self._ended += 1
            if self._ended >= ENDED_CALLS and self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(GOODBYE_SECS, self._free)

    def close(self) -> None:
        """Measure and collect no more; again is no harm."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._noted in gc.callbacks:
            gc.callbacks.remove(self._noted)

    def _free(self) -> None:
        self._timer, self._ended = None, 0
        gc.collect()

    def _noted(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
            return
        pause = time.perf_counter() - self._began
        self.paused_secs += pause
        self.longest_secs = max(self.longest_secs, pause)
