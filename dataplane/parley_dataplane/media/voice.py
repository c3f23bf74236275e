"""The pieces of a person's stream as PCM: decoded, recovered, concealed or silent.

Rules: no clock. A piece lasts as long as it says, whatever is broken. What is lost is taken from the copy inside the
packet after it, or else guessed by Opus for 100 ms, beyond which a guess is worth nothing, and silence after that.
"""

from __future__ import annotations

import copy

import numpy as np

from parley_dataplane.errors import BadAudio
from parley_dataplane.media import HEARING_RATE, Pcm
from parley_dataplane.media.jitter import Lost, Packet, Piece
from parley_dataplane.media.opus import CLOCK_RATE, FRAME_TICKS, has_copy, new_decoder

_GUESSED_TICKS = 5 * FRAME_TICKS


class Voice:
    """One decoder, at one place of the stream. Results are 16 kHz; counts are of packets since the call began."""

    __slots__ = ("_decoder", "_guessed", "broken", "concealed", "recovered")

    def __init__(self) -> None:
        self._decoder = new_decoder()
        self._guessed = 0  # ticks in a row
        self.recovered = self.concealed = self.broken = 0

    def renew(self) -> None:
        """Another source begins: nothing of the old one's sound holds for it."""
        self._decoder = new_decoder()
        self._guessed = 0

    def clone(self) -> Voice:
        """One more at the same place, which goes its own way from here."""
        other = copy.copy(self)
        other._decoder = self._decoder.clone()
        return other

    def decode(self, payload: bytes, ticks: int) -> Pcm:
        """A payload that lasts `ticks`; one that is broken is concealed."""
        try:
            pcm = self._decoder.decode(payload)
        except BadAudio:
            self.broken += 1
            return self._conceal(ticks)
        self._guessed = 0
        return pcm

    def hear(self, piece: Piece) -> Pcm:
        if isinstance(piece, Packet):
            return self.decode(piece.payload, piece.ticks)
        if not isinstance(piece, Lost):
            # The sender chose to send nothing: to prolong its last sound would keep the turn from ending.
            return _silence(piece.ticks)
        if piece.following is None or not has_copy(piece.following):
            return self._conceal(piece.ticks)
        self.recovered += 1
        self._guessed = 0
        return self._decoder.recover(piece.following, piece.ticks)

    def _conceal(self, ticks: int) -> Pcm:
        self.concealed += 1
        self._guessed += ticks
        return self._decoder.conceal(ticks) if self._guessed <= _GUESSED_TICKS else _silence(ticks)


def _silence(ticks: int) -> Pcm:
    return np.zeros(ticks * HEARING_RATE // CLOCK_RATE, np.int16)
