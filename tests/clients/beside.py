"""A call beside: `python -m tests.clients.beside URL SENTENCE` asks once and listens.

Each line on stdin is answered with one line of JSON: how the answer has arrived since the line before.

It is a process of its own, so that what a test does to the server cannot delay this client's own clock.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from dataclasses import asdict, dataclass

from tests import speech
from tests.clients.recording import Recording
from tests.clients.webrtc import OPUS_RATE, WebRtcClient


@dataclass(frozen=True)
class Report:
    """What arrived: packets, how many were lost or silent, the longest wait for the next in seconds.

    `late` is by how much this process itself was late at most meanwhile (`Pace.latest`).
    """

    packets: int
    lost: int
    silent: int
    longest_gap: float
    late: float


def report(heard: Recording, start: float, end: float, late: float) -> Report:
    arrived = heard.between(start, end)
    return Report(
        packets=len(arrived),
        lost=heard.lost(start, end),
        silent=sum(not arrival.audible for arrival in arrived),
        longest_gap=heard.longest_gap(start, end),
        late=late,
    )


async def main(url: str, sentence: str) -> None:
    async with WebRtcClient(url) as call:
        asked_at = await call.say(speech.say(sentence, OPUS_RATE)).ended()
        start = (await call.heard.first_audible(asked_at)).at
        print(call.session_id, flush=True)
        while await asyncio.to_thread(sys.stdin.readline):
            end = time.monotonic()
            print(json.dumps(asdict(report(call.heard, start, end, call.pace.latest))), flush=True)
            start, call.pace.latest = end, 0.0


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
