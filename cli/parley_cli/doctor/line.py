"""What arrived of a test tone, packet by packet, and what that says of the line. Pure: no clock, no network.

The tone is 440 Hz for 4 s, a packet each 20 ms (docs/doors.md, "The test tone"). Only what lies between its first and
its last audible packet counts: an agent that is silent sends next to nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from parley_dataplane.media import HEARING_RATE, Pcm
from parley_dataplane.media.opus import CLOCK_RATE, FRAME_TICKS

HERTZ = 440
TONE_SECS = 4.0
AUDIBLE_DB = -50.0
"""Of full scale: comfort noise and what a codec leaves are below."""

_PIECE = HEARING_RATE // 10
_NEAR_HERTZ = 10.0  # bins of a piece of 100 ms
_DIGITAL_SILENCE_DB = -120.0


@dataclass(frozen=True, slots=True)
class Packet:
    """One packet of the agent's voice: `at` in seconds, `ticks` its RTP timestamp, `pcm` at HEARING_RATE."""

    at: float
    sequence: int
    ticks: int
    pcm: Pcm

    @property
    def level_db(self) -> float:
        return level_db(self.pcm)

    @property
    def audible(self) -> bool:
        return self.level_db > AUDIBLE_DB


@dataclass(frozen=True, slots=True)
class Tone:
    """What arrived of it. `jitter_ms` as in RFC 3550, 6.4.1; `longest_gap_ms` between two packets, 20 where none."""

    seconds: float
    level_db: float
    pure: float
    """Share of its pieces of 100 ms in which 440 Hz is the strongest sound."""
    expected: int
    lost: int
    jitter_ms: float
    longest_gap_ms: float


def level_db(pcm: Pcm) -> float:
    """RMS, of full scale."""
    if pcm.size == 0:
        return _DIGITAL_SILENCE_DB
    rms = float(np.sqrt(np.mean(np.square(pcm, dtype=np.float64)))) / 32768
    return 20 * float(np.log10(rms)) if rms > 0 else _DIGITAL_SILENCE_DB


def tone(packets: Sequence[Packet]) -> Tone | None:
    """`packets` in the order of their arrival; None where nothing could be heard."""
    audible = [index for index, packet in enumerate(packets) if packet.audible]
    if not audible:
        return None
    heard = packets[audible[0] : audible[-1] + 1]
    first = heard[0].sequence
    once = {_wrapped(packet.sequence - first, 16): packet for packet in heard}
    ordered = [once[place] for place in sorted(once)]
    expected = max(once) - min(once) + 1
    pcm = np.concatenate([packet.pcm for packet in ordered])
    return Tone(
        seconds=(_wrapped(ordered[-1].ticks - ordered[0].ticks, 32) + FRAME_TICKS) / CLOCK_RATE,
        level_db=level_db(pcm),
        pure=_pure(pcm),
        expected=expected,
        lost=expected - len(ordered),
        jitter_ms=_jitter_ms(heard),
        longest_gap_ms=max((1000 * (b.at - a.at) for a, b in itertools.pairwise(heard)), default=20.0),
    )


def _wrapped(difference: int, bits: int) -> int:
    """RTP's numbers begin again at zero: the difference that is nearest to it."""
    half = 1 << (bits - 1)
    return ((difference + half) & (2 * half - 1)) - half


def _pure(pcm: Pcm) -> float:
    pieces = pcm[: pcm.size // _PIECE * _PIECE].astype(np.float64).reshape(-1, _PIECE)
    if len(pieces) == 0:
        return 0.0
    spectrum = np.abs(np.fft.rfft(pieces * np.hanning(_PIECE), axis=1))
    hertz = np.argmax(spectrum, axis=1) * (HEARING_RATE / _PIECE)
    return float(np.mean(np.abs(hertz - HERTZ) <= _NEAR_HERTZ))


def _jitter_ms(packets: Sequence[Packet]) -> float:
    jitter = 0.0
    for before, after in itertools.pairwise(packets):
        sent = _wrapped(after.ticks - before.ticks, 32) / CLOCK_RATE
        jitter += (abs(after.at - before.at - sent) - jitter) / 16
    return 1000 * jitter
