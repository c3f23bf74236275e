"""Which callers a detector may leave alone: those who have been as quiet as their room for a while.

Rules: judged by the power of whole windows alone, for all callers at once, a row each. A room's floor is the quietest
of late: it falls at once and rises by FLOOR_RISES a window. Whoever is louder than OVER_FLOOR is awake at once, and for
AWAKE windows more.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

OVER_FLOOR = 4.0
"""Times the floor's power, 6 dB: steady noise stays 2 to 4 dB over the quietest of its windows."""

FLOOR_RISES = 1.01
"""1.35 dB a second with windows of 32 ms: a fan that was switched on is the room after some seconds."""

LOWEST_FLOOR = 10 ** (-75 / 10)
"""Power of a floor, full scale being 1: below it there is a muted microphone, whose dither is no voice."""

_PART = 64
"""Samples whose mean does not count, 4 ms: rumble below 100 Hz, which comes and goes, is neither voice nor room."""

_ONES = np.ones(_PART, np.float32)

AWAKE = 16
"""Windows, half a second: the pauses inside a sentence are shorter."""


class Resting:
    """Rows 0 to `size` - 1, which grow by grow(). A row that is given to a new caller is reset()."""

    def __init__(self, size: int) -> None:
        self._floor = np.full(size, 1.0, np.float32)
        self._awake = np.full(size, AWAKE, np.int16)

    def grow(self, size: int) -> None:
        more = size - len(self._floor)
        self._floor = np.concatenate((self._floor, np.ones(more, np.float32)))
        self._awake = np.concatenate((self._awake, np.full(more, AWAKE, np.int16)))

    def reset(self, row: int) -> None:
        self._floor[row] = 1.0
        self._awake[row] = AWAKE

    def awake(self, rows: list[int], windows: npt.NDArray[np.float32]) -> npt.NDArray[np.bool_]:
        """Whether each of `rows`, all different, has something to detect in its window (samples of -1 to 1)."""
        sums = windows.reshape(len(rows), -1, _PART) @ _ONES
        power = (np.vecdot(windows, windows) - np.vecdot(sums, sums) / _PART) / windows.shape[1]
        floor = np.maximum(np.minimum(power, self._floor[rows] * FLOOR_RISES), LOWEST_FLOOR)
        self._floor[rows] = floor
        left = np.where(power > OVER_FLOOR * floor, AWAKE, self._awake[rows] - 1)
        self._awake[rows] = np.maximum(left, 0)
        return np.asarray(left > 0)
