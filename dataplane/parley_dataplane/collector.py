"""Python's garbage collector in this process: what it need not look at, and for how long it has stopped the loop.

Nothing runs while it collects, so a full collection is a gap in every call's audio. Measured with thread time on an
EPYC core: the 85,000 objects of modules and engines would take 12 ms each time; 100 calls are 18,000 objects and take
1.8 ms (40 calls 0.7). So what is loaded before the first call is frozen.

An ended call is a knot of 150 objects that refer to each other, with 240 kB behind them, and old: only a full
collection frees it. Python's thresholds (700, 10, 10) bring one for some 400 calls, 100 MB; THRESHOLDS one for 50.
"""

from __future__ import annotations

import gc
import time

THRESHOLDS = (700, 5, 2)
"""gc.set_threshold: new objects for a collection of the youngest, such for one of the second generation, such for
a full one.
"""


class Collector:
    """settle() once all is loaded, close() at the end."""

    def __init__(self) -> None:
        self.longest_secs = 0.0
        """The longest single pause since settle()."""
        self.paused_secs = 0.0
        """All pauses since settle() together."""
        self._began = 0.0

    def settle(self) -> None:
        """Free what loading left behind, and never look again through what it made; then measure."""
        gc.collect()
        gc.freeze()
        # A full collection waits until a quarter of what the last one left has come anew: of calls, not of modules.
        gc.collect()
        gc.set_threshold(*THRESHOLDS)
        gc.callbacks.append(self._noted)

    def close(self) -> None:
        """Measure no more; again is no harm."""
        if self._noted in gc.callbacks:
            gc.callbacks.remove(self._noted)

    def _noted(self, phase: str, info: dict[str, int]) -> None:
        if phase == "start":
            self._began = time.perf_counter()
            return
        pause = time.perf_counter() - self._began
        self.paused_secs += pause
        self.longest_secs = max(self.longest_secs, pause)
