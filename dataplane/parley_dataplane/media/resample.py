"""A stream of mono PCM at any usual rate, at the rate that is wanted.

Rules: no clock, no thread; cutting the stream into other chunks changes no sample. A polyphase windowed sinc in numpy:
it owes 1 to 2 ms, where soxr's stream holds back 20 to 100 ms (measured, its blocks), and adds no dependency.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from parley_dataplane.errors import UnsupportedMedia
from parley_dataplane.media import HEARING_RATE, Pcm

LOWEST_RATE = 8_000
HIGHEST_RATE = 48_000

_CROSSINGS = 16  # zero crossings of the sinc on each side
_ROLL_OFF = 0.90  # of the lower Nyquist frequency: the transition ends where aliases would begin
_BETA = 8.0  # Kaiser window: stop band about 80 dB down
_MOST_PHASES = 1_024
"""For rates without a small common ratio the nearest of these is taken, 60 dB below the signal."""


class Resampler:
    """From `rate` Hz to `wanted` Hz, both within 8 to 48 kHz; UnsupportedMedia otherwise."""

    def __init__(self, rate: int, wanted: int = HEARING_RATE) -> None:
        for hertz in (rate, wanted):
            if not LOWEST_RATE <= hertz <= HIGHEST_RATE:
                raise UnsupportedMedia(f"audio at {hertz} Hz: send {LOWEST_RATE} to {HIGHEST_RATE} Hz")
        divisor = math.gcd(rate, wanted)
        self._up, self._down = wanted // divisor, rate // divisor
        self._same = rate == wanted
        self._filters = _filters(self._up, self._down)
        self._taps = self._filters.shape[1]
        # Input that is still needed; the first output sample lies on the first input sample.
        self._kept: npt.NDArray[np.float32] = np.zeros(self._taps // 2 - 1, np.float32)
        self._at = 0  # of the next output sample, in 1/up input samples from the start of what is kept

    def push(self, pcm: Pcm) -> Pcm:
        """What can be said by now; the last 1 to 2 ms stay back for the next push."""
        if self._same:
            return pcm
        samples = np.concatenate((self._kept, pcm.astype(np.float32)))
        first_unreachable = (len(samples) - self._taps + 1) * self._up
        count = max(0, -(-(first_unreachable - self._at) // self._down))
        positions = self._at + self._down * np.arange(count)
        starts, fractions = np.divmod(positions, self._up)
        phases = fractions * len(self._filters) // self._up
        self._at += self._down * count
        done = min(self._at // self._up, len(samples))
        self._at -= done * self._up
        self._kept = samples[done:]
        if not count:
            return np.empty(0, np.int16)
        windows = np.lib.stride_tricks.sliding_window_view(samples, self._taps)[starts]
        out = np.einsum("nk,nk->n", windows, self._filters[phases])
        heard: Pcm = np.clip(np.rint(out), -32768, 32767).astype(np.int16)
        return heard

    def flush(self) -> Pcm:
        """The rest of the stream, as if silence followed."""
        return self.push(np.zeros(0 if self._same else self._taps // 2, np.int16))


@functools.lru_cache(maxsize=32)
def _filters(up: int, down: int) -> npt.NDArray[np.float32]:
    """One row of taps per phase; row p is the sinc centred p/phases of a sample after the middle of the window."""
    phases = min(up, _MOST_PHASES)
    cutoff = min(1.0, up / down) * _ROLL_OFF
    half = math.ceil(_CROSSINGS / min(1.0, up / down))
    offsets = np.arange(-half + 1, half + 1)[None, :] - (np.arange(phases) / phases)[:, None]
    window = np.i0(_BETA * np.sqrt(np.clip(1 - (offsets / half) ** 2, 0, 1))) / np.i0(_BETA)
    taps = cutoff * np.sinc(cutoff * offsets) * window
    # Every phase passes a constant unchanged, so that phases do not hum against each other.
    filters: npt.NDArray[np.float32] = (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)
    return filters
