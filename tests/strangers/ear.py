"""Tells by its sound which of an agent's answers was spoken; it reads the agent's file, and no message of a server.

Each answer is spoken by eSpeak as the agent's file has it. What was heard is searched for the beginning of each one by
dynamic time warping over the shape of the spectrum (the voice may lie anywhere in it, half as fast or twice as fast),
and the answer that is found at the least distance is the one that was given.
"""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import numpy.typing as npt
import yaml

from tests.speech import AGENT_VOICE, Pcm, say, trimmed

RATE = 16_000
HOP, WINDOW = 320, 512
BANDS = 24
BEGINNING_SECS = 2.0
UNLIKE = 0.2
"""Over calls the right answer was at 0.04 to 0.09, the next at 0.3 and more ("Good morning!" to the greeting: 0.18)."""
FLOOR = 1e-4
"""Of the loudest band: what is fainter is silence (-40 dB)."""

Features = npt.NDArray[np.float64]


class Ear:
    """Knows the answers of the agent in `file`; `recognise` returns the name of the intent that was answered."""

    def __init__(self, file: Path) -> None:
        spec = yaml.safe_load(file.read_text())["spec"]
        conversation, voice = spec["conversation"], spec["engines"]["tts"]["espeak"]
        sentences = {name: conversation[name] for name in ("greeting", "fallback", "apology")}
        sentences |= {each["name"]: each["answer"] for each in conversation["intents"] if "answer" in each}
        self._known = {
            name: features(trimmed(self._spoken(text, voice))[: round(BEGINNING_SECS * RATE)])
            for name, text in sentences.items()
            if "{" not in text
        }

    def recognise(self, heard: Pcm) -> str:
        """`heard`: 16 kHz. Raises ValueError where it is like no answer."""
        shape = features(heard)
        least, name = min((distance(wanted, shape), name) for name, wanted in self._known.items())
        if least > UNLIKE:
            raise ValueError(
                f"{heard.size / RATE:.2f} s that are like no answer: {name} is nearest, at {least:.2f}"
            )
        return name

    @staticmethod
    def _spoken(text: str, voice: dict[str, int]) -> Pcm:
        return say(
            text, RATE, voice=AGENT_VOICE, words_per_minute=voice["wordsPerMinute"], pitch=voice["pitch"]
        )


def features(pcm: Pcm) -> Features:
    """Return one row of unit length for every 20 ms: the logarithm of 24 bands, less each band's mean."""
    padded = np.pad(pcm.astype(np.float64), (0, WINDOW))
    frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW))) ** 2
    edges = np.geomspace(3, WINDOW // 4, BANDS + 1).astype(int)
    bands = np.stack([power[:, a : max(b, a + 1)].mean(axis=1) for a, b in itertools.pairwise(edges)], 1)
    shape = np.log(np.maximum(bands, FLOOR * bands.max(initial=1e-9)))
    shape -= shape.mean(axis=0)
    return np.asarray(shape / np.maximum(np.linalg.norm(shape, axis=1, keepdims=True), 1e-9))


def distance(wanted: Features, heard: Features) -> float:
    """Return how far `wanted` is from the stretch of `heard` that is most like it: 0 alike, about 1 unlike.

    A step takes one frame of each, or two of either, so that no row depends on itself.
    """
    cost = 1.0 - wanted @ heard.T
    before = np.full(heard.shape[0] + 2, np.inf)
    last, row = before, before.copy()
    row[2:] = cost[0]
    for i in range(1, cost.shape[0]):
        before, last, row = last, row, np.full_like(row, np.inf)
        row[2:] = cost[i] + np.minimum(np.minimum(last[1:-1], last[:-2]), before[1:-1] + cost[i - 1])
    return float(np.min(row)) / int(cost.shape[0])
