"""`python -m tests.bench.turns`: voice to voice with the engines built in, by stage, for callers who talk at once.

Each caller asks the reception the same questions in an order of its own, over WebRTC, hears the answer out, and asks
the next; all callers begin each question together. The whole is measured at the wire; its stages are what the server
tells of each turn.
"""

from __future__ import annotations

import argparse
import asyncio
import random

from tests.bench import machine
from tests.bench.calls import EMBEDDED
from tests.bench.figures import percentile
from tests.bench.results import code_of
from tests.clients.webrtc import WebRtcClient
from tests.server import ROOT, ParleyServer
from tests.speech import CALLER_VOICE, Pcm, say

WHOLE = "voice to voice"
STAGES = ("endpointing_ms", "stt_ms", "llm_ms", "tts_ms", "send_ms")

Turn = dict[str, float]
"""Milliseconds of each stage, and of the whole."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.turns", description=__doc__)
    parser.add_argument("--callers", type=int, nargs="+", default=[1, 4], metavar="N", help="at once (1 4)")
    parser.add_argument("--rounds", type=int, default=4, help="of all questions (4)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    print(machine.description())
    print(f"commit {code_of(ROOT).name}, seed {options.seed}")
    for callers in options.callers:
        with ParleyServer(EMBEDDED.file) as server:
            turns = asyncio.run(_calls(server, callers, options.rounds, options.seed))
        print(f"\n{callers} at once, {len(turns)} turns: p50 / p95 / p99 in ms")
        for name in (*STAGES, WHOLE):
            told = [turn[name] for turn in turns]
            print(f"  {name:16}" + " / ".join(f"{percentile(told, share):6.0f}" for share in (50, 95, 99)))


async def _calls(server: ParleyServer, callers: int, rounds: int, seed: int) -> list[Turn]:
    spoken = [
        say(text, WebRtcClient.rate, voice=CALLER_VOICE, noise_db=-60.0) for text in EMBEDDED.sentences[:-1]
    ]
    together = asyncio.Barrier(callers)
    held = (
        _call(server, spoken * rounds, random.Random(f"{seed} {caller}"), together)
        for caller in range(callers)
    )
    async with asyncio.TaskGroup() as group:
        calls = [group.create_task(call) for call in held]
    return [turn for call in calls for turn in call.result()]


async def _call(
    server: ParleyServer, questions: list[Pcm], chance: random.Random, together: asyncio.Barrier
) -> list[Turn]:
    turns: list[Turn] = []
    async with WebRtcClient(server.url) as client:
        await client.heard.first_audible(0.0)
        await client.heard.quiet(1.0)
        for question in chance.sample(questions, len(questions)):
            await together.wait()
            ended = await client.say(question).ended()
            first = await client.heard.first_audible(ended, within=20.0)
            told = await client.events.wait("timing", start=ended)
            turns.append({name: told[name] for name in STAGES} | {WHOLE: 1000 * (first.at - ended)})
            await client.heard.quiet(1.0)
    return turns


if __name__ == "__main__":
    main()
