"""What the person says, on its way: samples go in as they come, and leave 20 ms at a time at the pace of speech.

Rules: it never waits for more than one frame, and never holds more than a minute; a part of a frame stays until the
rest of it comes; what could not leave in time is made up for, but for at most `LATE_SECS`.
"""

from __future__ import annotations

import asyncio

UP_RATE = 16_000
"""Hz of what is said, over either transport."""
FRAME_SECS = 0.02
FRAME_SAMPLES = round(UP_RATE * FRAME_SECS)
LONGEST_SECS = 60
LATE_SECS = 0.1


class Voice:
    def __init__(self) -> None:
        self._waiting = bytearray()
        self._whole = asyncio.Event()

    @property
    def seconds(self) -> float:
        """How much waits."""
        return len(self._waiting) / 2 / UP_RATE

    def push(self, pcm: bytes) -> None:
        """16-bit mono, little endian, at 16 kHz. Raises ValueError for half a sample, or for too much at once."""
        if len(pcm) % 2:
            raise ValueError(f"{len(pcm)} bytes of 16-bit audio: give whole samples, two bytes each")
        if self.seconds + len(pcm) / 2 / UP_RATE > LONGEST_SECS:
            raise ValueError(
                f"{self.seconds:.1f} s of audio wait and {len(pcm) / 2 / UP_RATE:.1f} s more were given:"
                f" at most {LONGEST_SECS} s may wait, so give it as it is recorded"
            )
        self._waiting += pcm
        if len(self._waiting) >= 2 * FRAME_SAMPLES:
            self._whole.set()

    def frame(self) -> bytes:
        """The next 20 ms; nothing where there is not as much."""
        if len(self._waiting) < 2 * FRAME_SAMPLES:
            return b""
        frame = bytes(self._waiting[: 2 * FRAME_SAMPLES])
        del self._waiting[: 2 * FRAME_SAMPLES]
        if len(self._waiting) < 2 * FRAME_SAMPLES:
            self._whole.clear()
        return frame

    async def next_frame(self) -> bytes:
        """The next 20 ms, once there is as much."""
        await self._whole.wait()
        return self.frame()

    def clear(self) -> None:
        self._waiting.clear()
        self._whole.clear()


class Pace:
    """One tick for each 20 ms of speech; a pause of whoever ticks is no debt beyond `LATE_SECS`."""

    def __init__(self) -> None:
        self._due: float | None = None

    async def tick(self) -> None:
        clock = asyncio.get_running_loop().time
        self._due = clock() if self._due is None else max(self._due + FRAME_SECS, clock() - LATE_SECS)
        await asyncio.sleep(self._due - clock())
