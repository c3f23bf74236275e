"""A TTS that hums: 440 Hz for even replies and 660 Hz for odd ones, so that a client can tell which reply it
hears. It also makes the test tone of a call, whatever voice the agent has.

Rules: exact sine of continuous phase at 24 kHz, -12 dBFS, in frames of 480 samples. Both are at phase
zero again after five frames, so that one cycle of frames per pitch is made once and shared, read-only, by all
calls.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from functools import cache

import numpy as np

from parley_dataplane.engines.base import Speech, SpeechRequest
from parley_dataplane.media import SPEAKING_FRAME, SPEAKING_RATE, Pcm

PITCHES = (440, 660)
"""Hz of even and of odd replies."""

LEVEL = 10 ** (-12 / 20)
"""Peak, of full scale: loud enough to find in what a codec left, with room before it clips."""

BURST = 10
"""Frames made before the event loop may turn to somebody else (200 ms of sound)."""


@cache
def cycle(pitch: int) -> tuple[Pcm, ...]:
    """The frames after which `pitch` Hz begins again at phase zero."""
    period = SPEAKING_RATE // math.gcd(SPEAKING_RATE, pitch)
    samples = np.arange(math.lcm(period, SPEAKING_FRAME))
    wave = np.rint(LEVEL * 32767 * np.sin(2 * np.pi * pitch * samples / SPEAKING_RATE)).astype(np.int16)
    wave.flags.writeable = False
    return tuple(wave.reshape(-1, SPEAKING_FRAME))


class Tone:
    """Says every clause as a tone of `seconds`, in each of `pitches` by turns."""

    name = "tone"

    def __init__(self, seconds: float, pitches: tuple[int, ...] = PITCHES) -> None:
        self.seconds = seconds
        self._pitches = pitches
        self._samples = round(seconds * SPEAKING_RATE)

    async def start(self) -> None:
        for pitch in self._pitches:
            cycle(pitch)

    async def close(self) -> None:
        """The cycles are shared by all tones of the process."""

    async def synthesize(self, request: SpeechRequest) -> AsyncGenerator[Speech, None]:
        """The last frame may be shorter. The clause's words are spread evenly over the tone."""
        frames = cycle(self._pitches[request.reply % len(self._pitches)])
        words = _word_starts(request.text, self._samples)
        for number, start in enumerate(range(0, self._samples, SPEAKING_FRAME)):
            if number and number % BURST == 0:
                await asyncio.sleep(0)
            frame = frames[number % len(frames)][: self._samples - start]
            yield Speech(frame, tuple(word for word in words if start <= word[1] < start + SPEAKING_FRAME))


def _word_starts(text: str, samples: int) -> list[tuple[int, int]]:
    """(end offset in the text, first sample) of each word, as long as its letters are a share of the text."""
    starts: list[tuple[int, int]] = []
    at = 0
    for word in text.split():
        begin = text.index(word, at)
        at = begin + len(word)
        starts.append((at, samples * begin // max(len(text), 1)))
    return starts
