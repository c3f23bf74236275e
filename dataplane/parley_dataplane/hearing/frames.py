"""Audio as it comes, cut into frames of 10 ms, each with its level and when it sounded; and audio kept for STT."""

from __future__ import annotations

from collections import deque
from typing import NamedTuple

import numpy as np

from parley_dataplane.hearing.echo import OwnVoice
from parley_dataplane.hearing.levels import FRAME, SILENT_DB, Measured, measure
from parley_dataplane.media import HEARING_RATE, Pcm

LONGEST_LIVE_SECS = 0.06
"""A longer packet is a piece of a recording: its sound has no time of its own, only that of its arrival."""


class Frame(NamedTuple):
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
        self._rest: Pcm | None = None  # of less than a frame
        self.waiting: deque[Frame] = deque()

    def push(self, pcm: Pcm, now: float, loud: float, measured: Measured | None = None) -> None:
        """Queue what is complete in `waiting`; the rest waits for the next packet. Only what is over `loud` dB may be
        somebody who speaks. `measured`: what is known of `pcm` already, if that is a whole number of frames.
        """
        size = len(pcm)
        live = size <= LONGEST_LIVE_SECS * HEARING_RATE
        if measured is None or self._rest is not None:
            if self._rest is not None:
                pcm = np.concatenate((self._rest, pcm))
            size = len(pcm)
            whole = size // FRAME * FRAME
            self._rest = pcm[whole:] if whole < size else None
            if not whole:
                return
            measured = measure(pcm[:whole])
        samples, levels = measured
        shares: list[float] = []
        if live and self._own_voice.is_active:
            shares = self._own_voice.shares(samples.reshape(-1), max(levels) > loud)
        else:
            self._own_voice.skip(len(levels) * FRAME)
        after = size - FRAME
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
