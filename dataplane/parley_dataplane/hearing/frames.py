"""Audio as it comes, cut into frames of 10 ms, each with its level and when it sounded; and audio kept for STT.

Rules: levels are dB of full scale, one numpy pass per packet; cutting the stream into other packets changes no level.
"""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from parley_dataplane.hearing.echo import OwnVoice
from parley_dataplane.media import HEARING_RATE, Pcm

FRAME = HEARING_RATE // 100
"""Samples of one frame."""

SILENT_DB = -75.0
"""What digital silence counts as; the softest microphone's own noise is louder."""

LONGEST_LIVE_SECS = 0.06
"""A longer packet is a piece of a recording: its sound has no time of its own, only that of its arrival."""

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


@dataclass(frozen=True, slots=True)
class Frame:
    """`level` in dB of full scale without rumble; `at`: when its last sample arrived, had there been no packets."""

    level: float
    at: float
    is_echo: bool = False
    """Nobody but the agent, whose voice came back; `level` is then silence."""

    under_echo: float | None = None
    """Level of what sounds beside such an echo, in dB, where that is known."""


class Frames:
    """Cuts one caller's packets; `own_voice` is what takes the agent's out of them."""

    def __init__(self, own_voice: OwnVoice) -> None:
        self._own_voice = own_voice
        self._rest = np.empty(0, np.int16)
        self.waiting: deque[Frame] = deque()

    def push(self, pcm: Pcm, now: float, loud: float) -> None:
        """Queue what is complete in `waiting`; the rest waits for the next packet. Only what is over `loud` dB may be
        somebody who speaks.
        """
        live = len(pcm) <= LONGEST_LIVE_SECS * HEARING_RATE
        if len(self._rest):
            pcm = np.concatenate((self._rest, pcm))
        whole = len(pcm) // FRAME
        self._rest = pcm[whole * FRAME :]
        if not whole:
            return
        samples = pcm[: whole * FRAME].astype(np.float32).reshape(whole, FRAME)
        slow = samples @ _RUMBLE
        powers = np.einsum("ij,ij->i", samples, samples) - np.einsum("ij,ij->i", slow, slow)
        levels = [10.0 * math.log10(max(power, 0.0) * _SCALE + _LEAST) for power in powers.tolist()]
        shares: list[float] = []
        if live and self._own_voice.is_active:
            shares = self._own_voice.shares(samples.reshape(-1), max(levels) > loud)
        else:
            self._own_voice.skip(whole * FRAME)
        after = len(pcm) - FRAME
        for number, level in enumerate(levels):
            at = now - after / HEARING_RATE if live else now
            if not shares:
                self.waiting.append(Frame(level, at))
            else:
                rest = self._own_voice.rest(level, shares[number])
                if not rest.is_masked:
                    self.waiting.append(Frame(rest.level, at))
                else:
                    self.waiting.append(Frame(SILENT_DB, at, True, rest.level if rest.is_sure else None))
            after -= FRAME


class Kept:
    """What is heard in order: kept for a while, until it turns out to be speech."""

    def __init__(self, pre_roll_secs: float) -> None:
        self._parts: deque[Pcm] = deque()
        self._pre_roll = int(pre_roll_secs * HEARING_RATE)
        self._samples = 0
        self._begins = 0  # position of the first sample kept

    def push(self, pcm: Pcm) -> None:
        self._parts.append(pcm)
        self._samples += len(pcm)

    def forget(self, before: int | None) -> None:
        """Drop what lies more than the pre-roll before position `before` (None: the end)."""
        keep_from = (self._begins + self._samples if before is None else before) - self._pre_roll
        while self._parts and self._begins + len(self._parts[0]) <= keep_from:
            self._drop_first()
        if self._parts and self._begins < keep_from and len(self._parts[0]) > self._pre_roll:
            cut = keep_from - self._begins  # a piece of a recording is long
            self._parts[0] = self._parts[0][cut:]
            self._begins += cut
            self._samples -= cut

    def take(self, until: int | None) -> Pcm:
        """Return, and keep no longer, what lies before position `until` (None: all)."""
        taken = []
        while self._parts and (until is None or self._begins + len(self._parts[0]) <= until):
            taken.append(self._parts[0])
            self._drop_first()
        if until is not None and self._parts and self._begins < until:
            cut = until - self._begins
            taken.append(self._parts[0][:cut])
            self._parts[0] = self._parts[0][cut:]
            self._begins += cut
            self._samples -= cut
        if len(taken) == 1:
            return taken[0]
        return np.concatenate(taken) if taken else np.empty(0, np.int16)

    def _drop_first(self) -> None:
        size = len(self._parts.popleft())
        self._begins += size
        self._samples -= size
