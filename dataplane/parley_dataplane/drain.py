"""The end of a process that calls are still on: it takes no new one, and ends with the last, or when its time is over.

    SIGTERM -> run(seconds) -> Sessions.draining -> every door refuses what is new
                   `- returns -> the server says goodbye to those who are left, and stops

Rules: a call in progress does not notice: whatever it or its signaling asks for is served as before. A session that
waits for its peer is a call, which its idle timeout bounds. Time is the loop's.
"""

from __future__ import annotations

import asyncio

from parley_dataplane.records import DrainBegan, DrainEnded, Observer
from parley_dataplane.sessions import Sessions

LAST_WORDS_SECS = 0.3
"""What a caller is told last, that the call has ended, is still on its way (webrtc_door.GOODBYE_SECS)."""


class Drain:
    """One of a process; `run` it once."""

    def __init__(self, sessions: Sessions, observe: Observer) -> None:
        self._sessions = sessions
        self._observe = observe
        self._until: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """Until those who are still on the line are told goodbye: 0 where that is now, None where calls are taken."""
        if not self._sessions.draining:
            return None
        if self._until is None:
            return 0.0
        return max(0.0, self._until - asyncio.get_running_loop().time())

    async def run(self, seconds: float) -> bool:
        """Return once the last call has ended, or after `seconds`: whether all had ended by then."""
        clock = asyncio.get_running_loop().time
        began = clock()
        self._sessions.draining = True
        self._until = began + seconds
        self._observe(DrainBegan(len(self._sessions), seconds))
        outcome = "cut-short"
        try:
            async with asyncio.timeout_at(self._until):
                await self._sessions.emptied()
            outcome = "last-call-ended"
        except TimeoutError:
            outcome = "time-over"
        finally:
            self._until = None
            self._observe(DrainEnded(outcome, len(self._sessions), clock() - began))
        if outcome == "time-over":
            return False
        await asyncio.sleep(LAST_WORDS_SECS)
        return True
