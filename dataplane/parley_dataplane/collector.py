"""Python's garbage collector in this process: what it need not look at, and for how long it has stopped the loop.

Nothing runs while it collects, so a full collection is a gap in every call's audio. Measured with thread time on an
EPYC core: the 85,000 objects of modules and engines would take 12 ms each time; 100 calls are 18,000 objects and take
1.8 ms (40 calls 0.7). So what is loaded before the first call is frozen, and nothing else is needed: the thresholds
stay Python's (a collection of the youngest takes 0.1 ms, of the second generation 0.3), since rarer ones would be
longer, and an ended call, a knot of 150 objects that refer to each other, is freed by the next full one, which keeps
memory flat.
"""

from __future__ import annotations

import gc
import time


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
