"""How loud each 10 ms is, without rumble: one numpy pass for a packet, or for those of many callers.

Rules: levels are dB of full scale; cutting a stream into other packets, or measuring it beside others, changes none.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from parley_dataplane.media import HEARING_RATE, Pcm

FRAME = HEARING_RATE // 100
"""Samples of one frame."""

SILENT_DB = -75.0
"""What digital silence counts as; the softest microphone's own noise is louder."""

_RUMBLE_HZ = (50, 100, 150)
"""Fans, mains and steps: taken out of the level, since they fluctuate more in 10 ms than they hide of a voice."""

_LEAST = 10 ** (SILENT_DB / 10)
_SCALE = 1.0 / (FRAME * 32768.0**2)


def _rumble() -> npt.NDArray[np.float32]:
    """An orthonormal base of what is slower than a voice in one frame: (FRAME, 8)."""
    turns = np.outer(np.arange(FRAME) / HEARING_RATE, _RUMBLE_HZ) * 2 * np.pi
    slow = np.column_stack((np.ones(FRAME), np.arange(FRAME), np.cos(turns), np.sin(turns)))
    return np.linalg.qr(slow)[0].astype(np.float32)


_RUMBLE = _rumble()


class Measured(NamedTuple):
    """`samples` is (frames, FRAME), of int16's range; `levels` has one for each frame."""

    samples: npt.NDArray[np.float32]
    levels: list[float]


def measure(pcm: Pcm) -> Measured:
    """`pcm` must be a whole number of frames."""
    samples = pcm.astype(np.float32).reshape(-1, FRAME)
    slow = samples @ _RUMBLE
    powers = np.vecdot(samples, samples) - np.vecdot(slow, slow)
    levels = [10.0 * math.log10(max(power, 0.0) * _SCALE + _LEAST) for power in powers.tolist()]
    return Measured(samples, levels)


def measure_all(packets: Sequence[Pcm]) -> list[Measured | None]:
    """Each as `measure` has it; None for those that are no whole number of frames."""
    whole = [packet for packet in packets if not len(packet) % FRAME]
    if not whole:
        return [None] * len(packets)
    samples, levels = measure(np.concatenate(whole))
    measured: list[Measured | None] = []
    first = 0
    for packet in packets:
        if len(packet) % FRAME:
            measured.append(None)
        else:
            last = first + len(packet) // FRAME
            measured.append(Measured(samples[first:last], levels[first:last]))
            first = last
    return measured
