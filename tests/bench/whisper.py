"""`python -m tests.bench.whisper FOLDER`: how long a Whisper model takes on this machine, at the pace of speech.

Callers say English questions, each ten times, in eSpeak NG's voice. What is told is the time from the end of the audio
to the final text, from its beginning to the first text, and the worker's CPU time; not whether the texts are right.
"""

from __future__ import annotations

import argparse
import asyncio
import time
from pathlib import Path

import numpy as np

from parley_dataplane.engines.base import SttStream
from parley_dataplane.engines.faster_whisper import FasterWhisper
from parley_dataplane.errors import EngineError
from parley_dataplane.media import HEARING_FRAME, HEARING_RATE, Pcm
from tests.bench import machine
from tests.bench.figures import percentile
from tests.speech import say

QUESTIONS = (
    "When are you open?",
    "Where can I park my car when I come to see the doctor on Tuesday morning?",
)
ROUNDS = 10


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.whisper", description=__doc__)
    parser.add_argument("folder", type=Path, help="a Whisper model as CTranslate2 takes it")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads (2)")
    parser.add_argument("--callers", type=int, default=1, help="who speak at the same time (1)")
    options = parser.parse_args()
    print(machine.description())
    try:
        asyncio.run(_measure(FasterWhisper(options.folder, options.threads), options.callers))
    except EngineError as error:
        parser.error(error.detail)


async def _measure(whisper: FasterWhisper, callers: int) -> None:
    await whisper.start()
    try:
        for question in QUESTIONS:
            pause = np.zeros(HEARING_RATE // 4, np.int16)
            pcm = np.concatenate([pause, say(question, HEARING_RATE, noise_db=-50.0), pause])
            assert whisper.worker.pid is not None
            used, began = machine.cpu_secs([whisper.worker.pid]), time.monotonic()
            calls = await asyncio.gather(*(_call(whisper, pcm) for _ in range(callers)))
            share = (machine.cpu_secs([whisper.worker.pid]) - used) / (time.monotonic() - began)
            firsts, finals = ([ms for call in calls for ms in call[column]] for column in (0, 1))
            print(f"{len(pcm) / HEARING_RATE:.1f} s of speech: final text after {_told(finals)}")
            print(f"  first text {_told(firsts)} after its beginning, {share:.2f} of a core")
    finally:
        await whisper.close()


async def _call(whisper: FasterWhisper, pcm: Pcm) -> tuple[list[float], list[float]]:
    """Milliseconds from the beginning to the first text and from the end to the final one, of each round."""
    firsts, finals = [], []
    for _ in range(ROUNDS):
        stream = whisper.open("en-US")
        reading = asyncio.create_task(_read(stream))
        began = time.monotonic()
        for start in range(0, len(pcm), HEARING_FRAME):
            await asyncio.sleep(max(0.0, began + start / HEARING_RATE - time.monotonic()))
            stream.push(pcm[start : start + HEARING_FRAME])
        ended = time.monotonic()
        stream.end()
        first, final = await reading
        await stream.aclose()
        firsts.append(1_000 * (first - began))
        finals.append(1_000 * (final - ended))
    return firsts, finals


async def _read(stream: SttStream) -> tuple[float, float]:
    """When the first and when the final text came."""
    times = [time.monotonic() async for _ in stream.events()]
    return times[0], times[-1]


def _told(milliseconds: list[float]) -> str:
    low, high = (percentile(milliseconds, share) for share in (50, 95))
    return f"{low:.0f} / {high:.0f} ms at p50 / p95 (n = {len(milliseconds)})"


if __name__ == "__main__":
    main()
