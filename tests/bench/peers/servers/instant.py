"""Owns what every peer's server has in common: the answer's tone, the moment of end of turn, the arguments.

Runs inside each peer's own environment: the standard library and numpy, nothing of Parley.
"""

from __future__ import annotations

import argparse
import os
from itertools import cycle

import numpy as np
import numpy.typing as npt

HEARD = "How long is a tone?"
"""What STT has heard, whatever was said."""

SAID = "As long as it sounds."
"""What the LLM answers."""

SILENCE_SECS = 0.2
"""After so much silence a turn has ended; the measurement subtracts it."""

OFFER_PATH, READY_PATH = "/api/webrtc/offer", "/readyz"
"""The same two doors on every server: POST {sdp, type} gives {sdp, type}, and GET 200 once it may be called."""

FRAME_SECS = 0.020
TONE_SECS = float(os.environ.get("BENCH_TONE_SECS", "3"))

Pcm = npt.NDArray[np.int16]


class Tones:
    """The answers of one call: 440 and 660 Hz in turn, so that a listener can tell each from the one before."""

    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._hertz = cycle((440, 660))

    def frames(self) -> list[Pcm]:
        """Return the next answer as frames of 20 ms, mono, at a quarter of full scale."""
        size = round(self._rate * FRAME_SECS)
        frames = round(TONE_SECS / FRAME_SECS)
        wave = np.sin(np.arange(frames * size) * (2 * np.pi * next(self._hertz) / self._rate)) * (32767 / 4)
        return list(wave.astype(np.int16).reshape(frames, size))


def port(description: str) -> int:
    """Return the port that the command line names."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--port", type=int, required=True)
    return int(parser.parse_args().port)
