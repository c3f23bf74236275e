"""The agent's own voice, coming back through the caller's microphone: how much of a sound it explains.

Rules: works at 8 kHz, on what the speaker sent (24 kHz) and what was sensed (16 kHz); both are counted in samples, so
that a packet's jitter does not move the delay. Nothing is computed while the agent is silent, and next to nothing
while the microphone is. No clock.

Theory of operation: the echo is the reference, DELAY seconds late at the most, through a short filter (loudspeaker,
room, codec). The delay is searched by one FFT correlation once a sound has lasted for two packets; then a filter of
some taps around it is fitted by least squares. A stranger's voice of 60 ms is explained by 38 % that way, 47 % at the
most, an echo by 57 % at least (5 and 95 % of 60 trials, delays 30 to 450 ms, a reverberant room, Opus). An echo beneath
other sounds is searched in up to 16 packets, where chance explains less. Later packets are predicted by the filter that
is known, and what it leaves is what somebody else said.

The beginning of a word is another matter than a voice: one low tone, which 40 to 60 ms of it share with some piece of
half a second of speech: by 45 to 93 % in 18 of 60 interruptions by ten voices. So where an echo would have shown by
now, and none has, a fit counts from SHORT packets on, and a prediction at once.
"""

from __future__ import annotations

import math
from collections import deque
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from parley_dataplane.media import SPEAKING_FRAME, Pcm

RATE = 8_000
DELAY = RATE // 2
"""Samples, half a second: the longest delay that is searched."""

PACKET = RATE // 50

TAPS, FIRST_TAPS = 128, 32
"""Taps of the filter that is learnt, and of one fitted to a few packets; EARLY of them are ahead of the delay found."""

EARLY = 8

FORGET = 0.98
"""Weight by which what was learnt falls with each packet: half in 0.7 s."""

LEARN_EVERY = 4
MATURE = 16
"""Packets after each of which the filter is solved anew, and from which it is trusted alone."""

SEARCH_AGAIN, SEARCH_AGAIN_SOON = 8, 2
"""Packets after which the delay is searched again for a sound that is not explained; the same in the call's first
UNKNOWN. One of two lengths takes some 500 us: the bound on what a peer costs who sends noise while the agent speaks.
"""

SHORT, LONGER, LONGEST = 4, 8, 16
"""Packets that are explained together: an echo that has just begun shows in few, one beneath other sounds in many."""

IS_ECHO, IS_ECHO_AT_ONCE, MAY_BE_ECHO = 0.5, 0.56, 0.38
"""Share of a sound's power that the reference explains: after 60 ms; after 40 ms; from which 60 ms are waited for."""

IS_LONGER_ECHO, IS_LONGEST_ECHO = 0.4, 0.3
"""The same of LONGER and LONGEST packets, of which less is explained by chance: of a stranger's voice 29 and 16 % at
most, of an echo as loud as the babble that it sounds with 39 and 40 % in the middle (95 and 50 % of 1,500 trials).
"""

MORE = 0.1
"""Share that another delay must explain beyond what the present one does."""

GIVEN_UP = 64
"""Packets of sound in which a delay that was found must have become a filter: else it was chance, and is forgotten."""

GOOD = 0.93
"""Share from which a filter that is MATURE needs no more learning."""

MASKED, MASKED_AT_FIRST = 4.0, 0.0
"""dB by which what is not explained must lie under the echo to be taken for the rest of it, once the filter is mature,
and before: rooms ring for longer than the filter, and codecs change what they carry.
"""

PERFECT = 0.99
"""Share from which what is left is too little to tell anything by."""

RINGING = 2.0
"""dB by which an echo may fall in 10 ms."""

YOUNG = 35
"""Frames of an answer, 0.7 s, in which its echo may begin: a sound that rises then is waited for until it is judged."""

UNKNOWN = 3 * RATE
"""Samples that must have been heard of a caller while the agent spoke until it is taken for known how it comes back, if
it does.
"""

RISE = 4.0
RISING = 4
"""A sound has risen where its power is RISE times the usual; it is judged after RISING packets at the latest."""

TAIL = 30
"""Ticks after the agent's last frame in which its echo still comes."""

_KEPT = 16_384
_WAITING = 40 * PACKET  # samples that nobody has asked for: longer than any echo is late
_FFT = 8_192

_CUTOFF = 3_500
_EMPHASIS = 0.9

Samples = npt.NDArray[np.float32]

_TENTH = RATE // 100


def _deemphasis() -> Samples:
    """Weights of the bins of 10 ms that undo the emphasis in a power spectrum; rumble, which no level has, is 0."""
    hertz = np.fft.rfftfreq(_TENTH, 1 / RATE)
    lifted = np.abs(1.0 - _EMPHASIS * np.exp(-2j * np.pi * hertz / RATE)) ** 2
    return np.where(hertz < 200, 0.0, 1.0 / lifted).astype(np.float32)


_DEEMPHASIS = _deemphasis()


def _decimator(factor: int) -> Samples:
    """Taps that take `factor` samples to one, and lift the high tones of what is left: they tell voices apart."""
    taps = 16 * factor - 1
    middle = np.arange(taps) - taps // 2
    low = np.sinc(2 * _CUTOFF / (RATE * factor) * middle) * np.hamming(taps)
    lifted = np.zeros(taps + factor)
    lifted[:taps] = low / low.sum()
    lifted[factor:] -= _EMPHASIS * low / low.sum()
    return lifted[::-1].astype(np.float32)


_DECIMATORS = {factor: _decimator(factor) for factor in (2, 3)}


class _Tape:
    """The last second or two of a stream, by sample count; time that was skipped is silence."""

    def __init__(self, factor: int) -> None:
        self.count = 0
        self._factor = factor
        self._decimator = _DECIMATORS[factor]
        self._no_raw = np.zeros(len(self._decimator) - factor, np.float32)
        self._raw = self._no_raw
        self._samples = np.zeros(_KEPT, np.float32)
        self._end = _KEPT // 2
        self._gap = _KEPT
        self._waiting: deque[npt.NDArray[np.generic]] = deque()
        self._held = 0  # samples of it

    def skip(self, samples: int) -> None:
        self._flush()
        self.count += samples
        self._gap += samples
        self._raw = self._no_raw

    def push(self, pcm: npt.NDArray[np.generic]) -> None:
        """Take a whole number of samples at `factor` times RATE; they are worked on when somebody asks for them."""
        samples = len(pcm) // self._factor
        self._waiting.append(pcm)
        self._held += samples
        self.count += samples
        while self._held > _WAITING:
            dropped = len(self._waiting.popleft()) // self._factor
            self._gap += dropped
            self._held -= dropped

    def piece(self, first: int, last: int) -> Samples | None:
        """Samples `first` to `last` by count; None where they are not kept, or not there yet."""
        self._flush()
        start = self._end - (self.count - first)
        return self._samples[start : start + last - first] if start >= 0 and last <= self.count else None

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._gap:
            silent = min(self._gap, _KEPT // 2)
            self._make_room(silent)
            self._samples[self._end - silent : self._end] = 0
            self._gap = 0
        raw = np.concatenate((self._raw, *self._waiting), dtype=np.float32, casting="unsafe")
        self._waiting.clear()
        self._held = 0
        windows = np.lib.stride_tricks.sliding_window_view(raw, len(self._decimator))[:: self._factor]
        size = len(windows)
        self._make_room(size)
        np.matmul(windows, self._decimator, out=self._samples[self._end - size : self._end])
        self._raw = raw[-len(self._raw) :]

    def _make_room(self, size: int) -> None:
        if self._end + size > _KEPT:
            half = _KEPT // 2
            self._samples[:half] = self._samples[self._end - half : self._end].copy()
            self._end = half
        self._end += size


class Rest(NamedTuple):
    """What somebody else may have said in 10 ms: `level` in dB of what is not explained. Where it `is_masked` it may be
    all that a room leaves of the echo; `is_sure`: the filter is known well enough to tell the room's own sounds by it.
    """

    level: float
    is_masked: bool
    is_sure: bool


class _Explained(NamedTuple):
    """`share` of the power of `heard` that the reference explains, and the `rest` of it, both with emphasis.

    From a share of `least` on it is no chance. A prediction, to which nothing was fitted, never is.
    """

    share: float
    heard: Samples
    rest: Samples
    least: float
    is_prediction: bool = False

    @property
    def is_echo(self) -> bool:
        return self.share >= self.least


_NO_SAMPLES = np.zeros(0, np.float32)
_NOT_EXPLAINED = _Explained(0.0, _NO_SAMPLES, _NO_SAMPLES, 1.0)
_NOT_JUDGED = _Explained(1.0, _NO_SAMPLES, _NO_SAMPLES, 1.0)


def _explained(heard: Samples, guess: Samples, *, is_prediction: bool = False) -> _Explained:
    power = float(heard @ heard)
    rest = heard - guess
    share = min(max(1.0 - float(rest @ rest) / power, 0.0), 1.0) if power > 0 else 0.0
    return _Explained(share, heard, rest, IS_ECHO if is_prediction else _least(len(heard)), is_prediction)


def _least(size: int) -> float:
    """Share of `size` samples from which the reference explains them."""
    if size <= 2 * PACKET:
        return IS_ECHO_AT_ONCE
    if size < LONGER * PACKET:
        return IS_ECHO
    return IS_LONGER_ECHO if size < LONGEST * PACKET else IS_LONGEST_ECHO


def _better(one: _Explained, other: _Explained) -> _Explained:
    return one if one.share - one.least >= other.share - other.least else other


class OwnVoice:
    """What one caller's microphone brings back of the agent: said() each tick, shares() each packet."""

    def __init__(self) -> None:
        self._said = _Tape(3)
        self._heard = _Tape(2)
        self._ticks = TAIL  # since the agent's last frame
        self._age = YOUNG  # frames of the answer
        self._listened = 0  # samples heard while the agent spoke
        self._length = LONGEST  # packets of the last long search
        self._usual = 0.0  # power of a packet
        self._risen = 0  # packets in a row over it
        self._loud = 0  # packets in a row that were loud
        self._searched = SEARCH_AGAIN  # packets since the last search
        self._level = -90.0  # dB of the echo
        self._delay: int | None = None
        self._comes_back = False  # a filter of it has been MATURE in this call
        self._found(None)

    def _found(self, delay: int | None) -> None:
        """What was learnt was of another delay."""
        self._delay = delay
        self._filter: Samples | None = None
        self._products = np.zeros((TAPS, TAPS), np.float32)
        self._likeness = np.zeros(TAPS, np.float32)
        self._learnt = self._tried = 0  # packets

    @property
    def delay(self) -> int | None:
        """Samples by which the echo is late, once it is found."""
        return self._delay

    @property
    def is_active(self) -> bool:
        return self._ticks < TAIL

    @property
    def is_unknown(self) -> bool:
        """Whether the agent speaks, and little was heard yet while it did: how it comes back may not be known."""
        return self._ticks < TAIL and self._listened < UNKNOWN

    def said(self, frame: Pcm | None) -> None:
        """What the agent sent in this tick: 480 samples at 24 kHz, or None."""
        if frame is None or len(frame) != SPEAKING_FRAME:
            self._ticks += 1
            self._said.skip(PACKET)
            return
        self._age = self._age + 1 if self._ticks < TAIL // 2 else 0
        self._ticks = 0
        self._said.push(frame)

    def rest(self, level: float, share: float) -> Rest:
        """What is not echo in 10 ms of `level` dB, of which `share` is explained."""
        self._level = max(self._level - RINGING, level + 10.0 * math.log10(share) if share > 0.01 else -90.0)
        is_mature = self._learnt >= MATURE
        rest = level + 10.0 * math.log10(max(1.0 - share, 1.0 - PERFECT))
        is_masked = rest < self._level - (MASKED if is_mature else MASKED_AT_FIRST)
        return Rest(rest, is_masked, is_sure=is_mature and share < PERFECT)

    def skip(self, samples: int) -> None:
        """`samples` at 16 kHz came while the agent was silent."""
        self._heard.skip(samples // 2)

    def shares(self, samples: Samples, is_loud: bool) -> list[float]:
        """Take a packet at 16 kHz; return the share of its power (0 to 1) that is the agent's own voice as far as is
        known, for each 10 ms: a click leaves the echo beside it explained. `is_loud`: it is worth to know.

        What tells voices apart is emphasised sound; these shares are of the power that a level counts, of which a deep
        tone is more.
        """
        self._listened += len(samples) // 2
        found = self._explanation(samples, is_loud)
        if self._is_doubtful and not found.is_prediction and len(found.heard) < SHORT * PACKET:
            found = _NOT_EXPLAINED
        frames = len(samples) // (2 * _TENTH)
        known = min(frames, len(found.rest) // _TENTH)
        if not known or not (found.is_prediction or found.is_echo):
            return [found.share] * frames
        heard, rest = (
            np.square(np.abs(np.fft.rfft(part[-known * _TENTH :].reshape(known, _TENTH)))) @ _DEEMPHASIS
            for part in (found.heard, found.rest)
        )
        shares: list[float] = (1.0 - rest / (heard + 1e-9)).clip(0.0, 1.0).tolist()
        return [found.share] * (frames - known) + shares

    def _explanation(self, samples: Samples, is_loud: bool) -> _Explained:
        self._heard.push(samples)
        self._searched += 1
        self._loud = self._loud + 1 if is_loud else 0
        if not is_loud:
            return _NOT_EXPLAINED
        best = self._predicted(max(min(self._loud, 2) * PACKET, len(samples) // 2))
        is_mature = self._learnt >= MATURE
        if self._loud < 2 or (best.share >= GOOD and is_mature):
            return best
        is_fourth = self._loud % LEARN_EVERY == 0
        if self._delay is not None and (not is_mature or is_fourth):
            most = LONGEST if is_fourth and not is_mature else SHORT
            best = _better(best, self._fitted(self._delay, min(self._loud, most) * PACKET))
            self._tried += 1
            if not is_mature and self._tried > GIVEN_UP:
                self._found(None)
        if self._age < YOUNG and self._rises(samples) and not best.is_echo:
            best = self._search(max(self._risen, 2) * PACKET)
            if not best.is_echo and self._risen < RISING:
                return _NOT_JUDGED
        elif (
            best.share < MAY_BE_ECHO
            and not best.is_echo
            and (self._searched >= self._search_again or self._loud == 3)
        ):
            best = _better(best, self._search(min(self._loud, SHORT) * PACKET))
            if not best.is_echo and self._loud >= LONGER:
                best = _better(best, self._search(self._next_length() * PACKET))
        if self._delay is not None and best.is_echo:
            self._learn()
        return best

    @property
    def _is_doubtful(self) -> bool:
        """Whether an echo would have shown by now: one begins with an answer, and in no answer so far there was one."""
        return not (self._comes_back or self.is_unknown or self._age < YOUNG)

    @property
    def _search_again(self) -> int:
        return SEARCH_AGAIN_SOON if self.is_unknown else SEARCH_AGAIN

    def _next_length(self) -> int:
        """Packets of the next long search: LONGER and LONGEST in turn, as far as the sound has lasted."""
        self._length = LONGEST if self._length == LONGER and self._loud >= LONGEST else LONGER
        return self._length

    def _rises(self, samples: Samples) -> bool:
        """Whether the packet belongs to a sound that has just become louder than what was before."""
        power = float(samples @ samples)
        if power > RISE * self._usual and self._risen < RISING:
            self._risen += 1
            return True
        self._risen = 0
        self._usual += 0.3 * (power - self._usual)
        return False

    def _search(self, size: int) -> _Explained:
        """Find the delay at which the last `size` samples are best explained; nothing, where that is chance."""
        self._searched = 0
        end = self._said.count
        reference = self._said.piece(end - DELAY - size, end)
        heard = self._heard.piece(self._heard.count - size, self._heard.count)
        if reference is None or heard is None:
            return _NOT_EXPLAINED
        spectrum = np.fft.rfft(reference, _FFT) * np.conj(np.fft.rfft(heard, _FFT))
        alike = np.fft.irfft(spectrum, _FFT)[: DELAY + 1]
        power = np.concatenate((np.zeros(1), np.cumsum(reference.astype(np.float64) ** 2)))
        powers = power[size:] - power[:-size]
        if not powers.max() > 0:
            return _NOT_EXPLAINED
        start = int(np.argmax(alike**2 / (powers + 1e-3 * powers.max())))
        delay = (self._heard.count - size) - (end - DELAY - size + start)
        found = self._fitted(delay, size)
        if self._delay is not None:
            # A tone fits at many delays: the one that is known is left for one that explains more.
            present = self._fitted(self._delay, size)
            if present.is_echo and present.share > found.share - MORE:
                delay, found = self._delay, present
        if found.is_echo:
            if self._delay is None or abs(delay - self._delay) > EARLY:
                self._found(delay)
            return found
        # A short sound may still turn out to be echo; a longer one has had its chance.
        return found if size <= 2 * PACKET and found.share >= MAY_BE_ECHO else _NOT_EXPLAINED

    def _fitted(self, delay: int, size: int) -> _Explained:
        """What a filter fitted to the last `size` samples alone explains of them."""
        found = self._aligned(delay, size, FIRST_TAPS)
        if found is None:
            return _NOT_EXPLAINED
        windows, heard = found
        return _explained(heard, windows @ _solved(windows.T @ windows, windows.T @ heard))

    def _learn(self) -> None:
        """Take the last packet into the filter."""
        found = self._aligned(self._delay, PACKET, TAPS) if self._delay is not None else None
        if found is None:
            return
        windows, heard = found
        self._products *= FORGET
        self._products += windows.T @ windows
        self._likeness *= FORGET
        self._likeness += windows.T @ heard
        self._learnt += 1
        self._comes_back = self._comes_back or self._learnt >= MATURE
        if self._learnt % LEARN_EVERY == 0:
            self._filter = _solved(self._products.copy(), self._likeness)

    def _predicted(self, size: int) -> _Explained:
        """What the filter explains of the last `size` samples."""
        if self._filter is None or self._delay is None:
            return _NOT_EXPLAINED
        found = self._aligned(self._delay, size, TAPS)
        if found is None:
            return _NOT_EXPLAINED
        return _explained(found[1], found[0] @ self._filter, is_prediction=True)

    def _aligned(self, delay: int, size: int, taps: int) -> tuple[Samples, Samples] | None:
        """What was said when each of the last `size` samples was heard, (size, taps), and these samples."""
        last = self._heard.count
        end = last - delay + EARLY
        reference = self._said.piece(end - size - taps + 1, end)
        heard = self._heard.piece(last - size, last)
        if reference is None or heard is None:
            return None
        return np.lib.stride_tricks.sliding_window_view(reference, taps), heard


def _solved(products: Samples, likeness: Samples) -> Samples:
    """The filter, by least squares; `products` is changed."""
    taps = len(likeness)
    products.flat[:: taps + 1] += 1e-3 * products.trace() / taps + 1e-3
    return np.asarray(np.linalg.solve(products, likeness), np.float32)
