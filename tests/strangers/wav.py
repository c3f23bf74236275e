"""Mono WAV files of 16 bits, for the clients as programs."""

from __future__ import annotations

import wave

import numpy as np

from tests.speech import Pcm, resampled


def read(name: str, rate: int) -> Pcm:
    """Return the file's samples at `rate` Hz; raises ValueError where it is not mono or not of 16 bits."""
    with wave.open(name) as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise ValueError(
                f"{name} has {file.getnchannels()} channels of {8 * file.getsampwidth()} bits: use mono, 16"
            )
        return resampled(
            np.frombuffer(file.readframes(file.getnframes()), np.int16), file.getframerate(), rate
        )


def write(name: str, pcm: Pcm, rate: int) -> None:
    with wave.open(name, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(pcm.tobytes())
