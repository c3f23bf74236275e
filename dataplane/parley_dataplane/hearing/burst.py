"""What several callers said in one moment: their levels are measured in one numpy pass, then each is heard in turn.

Rules: nothing waits longer than its burst, which is one reading of the socket; order is that of arrival. Whoever hears
apart from it what one caller said must flush() first. A caller whose hearing raises does not keep the others waiting.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from parley_dataplane.hearing.levels import Measured, measure_all
from parley_dataplane.media import Pcm

Hear = Callable[[Pcm, Measured | None], None]


class Burst:
    """begin(), any number of add(), end(). Outside a burst what is added is heard at once."""

    def __init__(self) -> None:
        self._is_open = False
        self._waiting: list[tuple[Hear, Pcm]] = []

    def begin(self) -> None:
        self._is_open = True

    def end(self) -> None:
        self._is_open = False
        self.flush()

    def add(self, hear: Hear, pcm: Pcm) -> None:
        """16 kHz audio of one caller, which `hear` gets with its levels, or without where it is no whole frames."""
        self._waiting.append((hear, pcm))
        if not self._is_open:
            self.flush()

    def flush(self) -> None:
        """Have heard what waits."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for (hear, pcm), measured in zip(waiting, measure_all([pcm for _, pcm in waiting]), strict=True):
            try:
                hear(pcm, measured)
            except Exception as error:
                asyncio.get_running_loop().call_exception_handler(
                    {"message": "a caller could not be heard", "exception": error}
                )
