"""A call beside: `python -m tests.clients.beside URL SENTENCE PID` asks the server of that PID once and listens.

Each line on stdin is answered with one line of JSON: how the answer has arrived since the line before.

It is a process of its own, so that what a test does to the server cannot delay this client's own clock. A packet that
comes late because other programs had the CPUs is not the server's fault: the kernel says how long it had to wait.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from tests import speech
from tests.clients.recording import Recording
from tests.clients.webrtc import OPUS_RATE, WebRtcClient

LOOK_SECS = 0.01


class Waits:
    """How long a process has waited for a CPU: `looks` are when the kernel was asked, and what it had counted then."""

    def __init__(self) -> None:
        self.looks: list[tuple[float, float]] = []

    async def watch(self, pid: int) -> None:
        while True:
            # Nanoseconds on a CPU, and waiting for one, of the first thread, in which the event loop runs.
            counted = Path(f"/proc/{pid}/schedstat").read_text().split()[1]
            self.looks.append((time.monotonic(), int(counted) / 1e9))
            await asyncio.sleep(LOOK_SECS)

    def between(self, start: float, end: float) -> float:
        """Return the seconds of [start, end] that it waited."""
        before, after = np.interp([start, end], *zip(*self.looks, strict=True))
        return float(after - before)


@dataclass(frozen=True)
class Report:
    """What arrived: packets, how many were lost or silent, the longest wait for the next in seconds, less what the
    server waited for a CPU meanwhile.

    `late` is by how much this process itself was late at most meanwhile (`Pace.latest`).
    """

    packets: int
    lost: int
    silent: int
    longest_gap: float
    late: float


def report(heard: Recording, waits: Waits, start: float, end: float, late: float) -> Report:
    arrived = heard.between(start, end)
    return Report(
        packets=len(arrived),
        lost=heard.lost(start, end),
        silent=sum(not arrival.audible for arrival in arrived),
        longest_gap=max(gap[1] - gap[0] - waits.between(*gap) for gap in heard.gaps(start, end)),
        late=late,
    )


async def main(url: str, sentence: str, pid: str) -> None:
    waits = Waits()
    watching = asyncio.create_task(waits.watch(int(pid)))
    async with WebRtcClient(url) as call:
        asked_at = await call.say(speech.say(sentence, OPUS_RATE)).ended()
        start = (await call.heard.first_audible(asked_at)).at
        print(call.session_id, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            end = time.monotonic()
            told = report(call.heard, waits, start, end, call.pace.latest)
            print(json.dumps(asdict(told)), flush=True)
            start, call.pace.latest = end, 0.0
    watching.cancel()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
