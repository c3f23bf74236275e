"""Streaming change of sample rate by a polyphase FIR (Crochiere and Rabiner, Multirate Digital Signal
Processing, 1983).

Rules: the output does not depend on how the input was cut; numpy alone, so that a worker starts fast.
"""

from __future__ import annotations

from math import gcd

import numpy as np
import numpy.typing as npt

_TAPS = 48
"""Per phase, on each output sample: with the window below 80 dB of stop band, flat to 9.8 kHz of 11 kHz."""

_KAISER_BETA = 8.0
_CUTOFF = 0.945
"""Of the lower Nyquist frequency: where the filter has fallen to a half."""


class Resampler:
    """`source` Hz to `target` Hz, int16 mono."""

    def __init__(self, source: int, target: int) -> None:
        divisor = gcd(source, target)
        self._up, self._down = target // divisor, source // divisor
        self._bank = _filter_bank(self._up, self._down)
        # Half a filter of silence ahead, so that the first output sample is the first input sample.
        self._buffer = np.zeros(_TAPS // 2 - 1, np.float32)
        self._phase = 0
        self._taken = self._made = 0

    def push(self, pcm: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
        """Samples that are complete now; some 24 samples of input stay behind for `flush`."""
        self._taken += len(pcm)
        return self._make(pcm.astype(np.float32))

    def flush(self) -> npt.NDArray[np.int16]:
        """The rest, so that in sum ceil(samples * target / source) have come out."""
        wanted = -(-self._taken * self._up // self._down) - self._made
        return self._make(np.zeros(_TAPS, np.float32))[:wanted]

    def _make(self, samples: npt.NDArray[np.float32]) -> npt.NDArray[np.int16]:
        self._buffer = np.concatenate([self._buffer, samples])
        # Output n lies at input position (phase + n * down) / up of the buffer.
        last = (len(self._buffer) - _TAPS + 1) * self._up - 1
        places = np.arange(self._phase, last + 1, self._down)
        starts, phases = places // self._up, places % self._up
        windows = (
            np.lib.stride_tricks.sliding_window_view(self._buffer, _TAPS)
            if len(places)
            else self._buffer[None]
        )
        made = (
            np.einsum("ij,ij->i", windows[starts], self._bank[phases])
            if len(places)
            else np.zeros(0, np.float32)
        )
        upcoming = self._phase + len(places) * self._down
        self._buffer = self._buffer[upcoming // self._up :]
        self._phase = upcoming % self._up
        self._made += len(made)
        rounded: npt.NDArray[np.int16] = np.clip(np.rint(made), -32768, 32767).astype(np.int16)
        return rounded


def _filter_bank(up: int, down: int) -> npt.NDArray[np.float32]:
    """[phase, tap]: what each input sample adds to an output that lies `phase / up` past the middle one."""
    cutoff = _CUTOFF * min(1.0, up / down)
    distance = np.arange(_TAPS)[None, :] - (_TAPS // 2 - 1) - np.arange(up)[:, None] / up
    window = np.i0(_KAISER_BETA * np.sqrt(np.clip(1 - (distance / (_TAPS / 2)) ** 2, 0, 1))) / np.i0(
        _KAISER_BETA
    )
    bank = cutoff * np.sinc(cutoff * distance) * window
    return np.asarray(bank / bank.sum(axis=1, keepdims=True), np.float32)
