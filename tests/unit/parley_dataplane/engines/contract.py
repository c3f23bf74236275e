"""Helpers of the engines' contract tests: run a coroutine with a limit, say a clause, hear an utterance."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import aclosing, asynccontextmanager
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from parley_dataplane.engines.base import Engine, Final, Partial, Speech, SpeechRequest, SttEngine, TtsEngine
from parley_dataplane.media import HEARING_FRAME, Pcm

T = TypeVar("T")
E = TypeVar("E", bound=Engine)


def run(test: Coroutine[Any, Any, T], secs: float = 30) -> T:
    async def limited() -> T:
        async with asyncio.timeout(secs):
            return await test

    return asyncio.run(limited())


@asynccontextmanager
async def started(engine: E) -> AsyncIterator[E]:
    await engine.start()
    try:
        yield engine
    finally:
        await engine.close()


async def say(engine: TtsEngine, text: str, **options: Any) -> list[Speech]:
    async with aclosing(engine.synthesize(SpeechRequest(text, **options))) as speech:
        return [part async for part in speech]


def sound(parts: list[Speech]) -> Pcm:
    return np.concatenate([part.pcm for part in parts])


def alike(one: Pcm, other: Pcm) -> bool:
    """The same clause of the same voice: as long, to 5 %, and of the same timbre, to 2 dB (eSpeak varies a little)."""
    timbres = [_timbre(pcm) for pcm in (one, other)]
    return abs(len(one) - len(other)) <= 0.05 * len(one) and float(np.abs(timbres[0] - timbres[1]).max()) < 2


def _timbre(pcm: Pcm) -> npt.NDArray[np.float64]:
    """dB of 12 bands of 500 Hz."""
    power = np.abs(np.fft.rfft(pcm, 240_000))[:60_000] ** 2
    return np.asarray(10 * np.log10(power.reshape(12, -1).mean(axis=1) + 1))


async def hear(engine: SttEngine, pcm: Pcm, *, pace: float = 0.0) -> list[Partial | Final]:
    """Push in frames of 20 ms, each `pace` seconds after the other; returns all events."""
    stream = engine.open("en-US")
    for start in range(0, len(pcm), HEARING_FRAME):
        stream.push(pcm[start : start + HEARING_FRAME])
        if pace:
            await asyncio.sleep(pace)
    stream.end()
    try:
        return [event async for event in stream.events()]
    finally:
        await stream.aclose()
