"""`python -m tests.bench.shares`: the share of one core that each embedded engine takes in a call of its own.

One caller asks, hears the answer, and asks again, for two minutes. What is told is CPU time over the time of the call:
other programs on the machine hardly change it. `parley cost` reckons with these shares.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import time
from pathlib import Path

from tests.bench import machine
from tests.calls.doors import OTHER_QUESTION, QUESTION, in_callers_voice
from tests.clients.webrtc import WebRtcClient
from tests.server import ParleyServer

WORKERS = {
    "moonshine_worker": "moonshine",
    "pocketsphinx_worker": "pocketsphinx",
    "meaning_worker": "scripted",
    "espeak_worker": "espeak",
}
"""What a worker process has in its command line, and the engine that works there."""

THE_REST = "server"
"""Media, signaling and silero: one process, in which the scripted answers are put together as well."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.shares", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="length of the call (120)")
    options = parser.parse_args()
    print(machine.description())
    for text in (QUESTION, OTHER_QUESTION):
        in_callers_voice(text, WebRtcClient.rate)  # made before the call, not during it
    with ParleyServer("examples/reception.yaml") as server:
        questions, shares = asyncio.run(_call(server, options.seconds))
    print(f"{questions} questions in {options.seconds:.0f} s")
    for engine, share in sorted(shares.items()):
        print(f"{engine:14}{share:.4f} of a core")


async def _call(server: ParleyServer, seconds: float) -> tuple[int, dict[str, float]]:
    """Hold the call; return how often was asked, and the shares."""
    async with WebRtcClient(server.url) as client:
        await client.heard.first_audible(0.0)
        await client.heard.quiet(1.0)
        before, begin, asked = _cpu_secs(server), time.monotonic(), 0
        for text in itertools.cycle((QUESTION, OTHER_QUESTION)):
            if time.monotonic() - begin > seconds:
                break
            server.private(text)
            asked += 1
            spoken = client.say(in_callers_voice(text, client.rate))
            await client.heard.first_audible(await spoken.ended())
            await client.heard.quiet(1.0)
        took, after = time.monotonic() - begin, _cpu_secs(server)
    return asked, {engine: (after[engine] - used) / took for engine, used in before.items()}


def _cpu_secs(server: ParleyServer) -> dict[str, float]:
    """CPU time of the server's processes by the engine that they are."""
    used = dict.fromkeys((THE_REST, *WORKERS.values()), 0.0)
    for pid in machine.tree(server.pid):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
        engine = next((name for worker, name in WORKERS.items() if worker in command), THE_REST)
        used[engine] += machine.cpu_secs([pid])
    return used


if __name__ == "__main__":
    main()
