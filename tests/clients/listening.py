"""Owns the judgement whether received audio is a given sentence, by comparing spectrograms.

The sentence is spoken again, clause by clause, by the agent's own voice, and each clause is looked for in
what was received: the highest normalised correlation of log spectra over all places. Codec, level and pauses
between clauses do not matter; other words do.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt

from tests import speech
from tests.speech import Pcm

RATE, HOP, WINDOW, BANDS = 16_000, 320, 640, 24

SAME = 0.75
"""From here on it is the sentence: through Opus the right one scored 0.95 and more, others 0.48 at most."""


def resemblance(heard: Pcm, rate: int, text: str, *, words_per_minute: int = 165, pitch: int = 50) -> float:
    """Return how much of `heard` sounds like `text` as eSpeak's American voice says it, 0 to 1."""
    spectrum = _spectrum(speech.resampled(heard, rate, RATE))
    found, length = 0.0, 0
    for clause in clauses(text):
        said = speech.say(clause, voice=speech.AGENT_VOICE, words_per_minute=words_per_minute, pitch=pitch)
        pattern = _spectrum(speech.trimmed(said))
        found += len(pattern) * _best_place(spectrum, pattern)
        length += len(pattern)
    return found / length if length else 0.0


def clauses(text: str) -> list[str]:
    """Split where a voice pauses, so that the length of the pause does not count."""
    return [part for part in re.split(r"(?<=[,.;:!?])\s+", text.strip()) if re.search(r"\w", part)]


def _spectrum(pcm: Pcm) -> npt.NDArray[np.float64]:
    """Return log energies, frames x bands, of 20 ms steps; the bands widen as the ear's do."""
    if pcm.size < WINDOW:
        return np.zeros((0, BANDS))
    frames = np.lib.stride_tricks.sliding_window_view(pcm.astype(np.float64), WINDOW)[::HOP]
    power = np.abs(np.fft.rfft(frames * np.hanning(WINDOW))) ** 2
    edges = np.unique(np.rint(np.geomspace(4, 280, BANDS + 1)).astype(int))
    bands = np.add.reduceat(power, edges[:-1], axis=1)
    # What lies 50 dB under the loudest frame is silence, whatever the codec made of it.
    return np.asarray(np.log10(np.maximum(bands, bands.max() * 1e-5 + 1.0)))


def _best_place(heard: npt.NDArray[np.float64], pattern: npt.NDArray[np.float64]) -> float:
    """Return the highest correlation coefficient of `pattern` with any stretch of `heard`, not below 0."""
    n = len(pattern)
    if n == 0 or len(heard) < n:
        return 0.0
    wanted = pattern - pattern.mean()
    best = 0.0
    for start in range(len(heard) - n + 1):
        part = heard[start : start + n]
        part = part - part.mean()
        norm = float(np.sqrt((part**2).sum() * (wanted**2).sum()))
        best = max(best, float((part * wanted).sum()) / norm if norm else 0.0)
    return best
