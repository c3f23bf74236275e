"""The first sign of speech, from levels alone: told within 30 ms of sound, and taken back when nothing follows.

Rules: a sound gives one sign at most; after a sign was taken back the next one needs a pause. A click gives none: 30 ms
must be loud throughout.
"""

from __future__ import annotations

import math
from enum import Enum

from parley_dataplane.hearing.scene import Scene

UNDER_VOICE = 9.0
"""dB under the caller's own speech at which a sound is no first sign any more."""

UNDER_VOICE_IN_QUIET = 14.0
SOFT_UNDER_VOICE, SOFT_FRAMES = 27.0, 4
"""Out of silence words begin more softly: their first 30 ms lie 2 to 14 dB under their sentence (measured, ten voices),
those of an F or a TH 20 dB. Down to the latter a sound is a sign once it has lasted for so many frames. No key press
does.
"""

FALLING = 8.0
"""dB under its loudest frame at which a sound is falling."""

NOISY_FRAMES, NOISY_FRAMES_ALONE = 6, 12
"""Frames that a sound must last in any case where there was sound before, since key presses fall into the words of
others: where the detector says that there is speech, whosever, and where it does not (yet).
"""

WARY_UNDER_VOICE = 4.0
"""UNDER_VOICE where there was sound before and how the agent comes back is not known yet."""

JITTER = 3.0
"""dB by which a frame of a lasting sound may be under the threshold."""

OVER_BACKGROUND = 3.0
OVER_FLOOR = 12.0
LEAST_LEVEL = -52.0
"""dB of full scale: softer sounds are no sign before the caller's level is known."""

LONGEST = 28
"""Frames after which a sign that nothing has confirmed is taken back: 300 ms, less a packet's time."""

OVER = 10
"""Frames of silence after which the sound of a sign is over. Inside words stops close for 80 ms."""

SILENT_UNDER = 8.0
"""dB under the threshold at which a sound has ended."""

REST = 40
"""Frames after a sign was taken back before there can be another: a cough is a burst, a breath and a voiced end."""


class Happened(Enum):
    NOTHING = 0
    SIGN = 1
    REVOKED = 2


class Signs:
    """One caller's signs: hear() each frame while no speech is under way."""

    def __init__(self) -> None:
        self._age = -1  # frames since the sign; -1: there is none
        self._rest = 0
        self._quiet = 0
        self._since = 0.0
        self._soft = 0  # frames of a soft sound
        self._top = -90.0  # its loudest frame
        self._fell = False  # whether the last frame was falling
        self._threshold = 0.0
        self._loudest = -90.0

    @property
    def is_up(self) -> bool:
        return self._age >= 0

    @property
    def since(self) -> float:
        """When the sign that is up came, in seconds of `at`."""
        return self._since

    @staticmethod
    def thresholds(scene: Scene, *, wary: bool = False) -> tuple[float, float]:
        """dB that 30 ms must have to be a sign at once, and dB that each of SOFT_FRAMES must have."""
        least = max(scene.background + OVER_BACKGROUND, scene.floor + OVER_FLOOR)
        if scene.voice is None:
            return max(least, LEAST_LEVEL), max(least, LEAST_LEVEL)
        if not scene.was_quiet():
            return math.inf, max(least, scene.voice - (WARY_UNDER_VOICE if wary else UNDER_VOICE))
        return max(least, scene.voice - UNDER_VOICE_IN_QUIET), max(least, scene.voice - SOFT_UNDER_VOICE)

    def hear(
        self, scene: Scene, level: float, silero_is_low: bool, at: float, *, wary: bool = False
    ) -> Happened:
        """One frame of `level` dB, whose end arrived `at`; `wary`: what sounds may be an echo that is not known yet."""
        if self._age >= 0:
            self._age += 1
            self._loudest = max(self._loudest, scene.sustained)
            self._quiet = 0 if level > self._threshold - SILENT_UNDER else self._quiet + 1
            if self._age >= LONGEST or (self._quiet >= OVER and silero_is_low):
                scene.no_speech(self._loudest)
                return self.revoke()
            return Happened.NOTHING
        if level < scene.floor + OVER_FLOOR and scene.sustained < scene.floor + OVER_FLOOR:
            if self._fell:
                self._soft = 0
            self._fell = True  # between the first pulses of a low voice the room alone is heard, for 10 ms
            self._rest = max(self._rest - 1, 0)
            return Happened.NOTHING  # as nearly always
        at_once, soft = self.thresholds(scene, wary=wary)
        threshold = min(at_once, soft + JITTER)
        self._top = max(self._top, level) if self._soft else level
        # What falls is a click's end; words rise. A low voice falls too, for 10 ms, between two pulses of its pitch.
        falls = level < max(soft, self._top - FALLING)
        if not falls:
            self._soft += 1
        elif self._fell:
            self._soft = 0
        self._fell = falls
        if self._rest > 0:
            # The pause begins once the sound is over.
            self._rest = self._rest - 1 if scene.sustained < threshold else max(self._rest, OVER)
            return Happened.NOTHING
        is_loud = scene.sustained >= at_once and scene.fallen <= FALLING
        noisy = NOISY_FRAMES_ALONE if silero_is_low else NOISY_FRAMES
        if not is_loud and self._soft < (SOFT_FRAMES if at_once < math.inf else noisy):
            return Happened.NOTHING
        self._age, self._quiet, self._since = 0, 0, at
        self._threshold, self._loudest = min(threshold, scene.sustained), scene.sustained
        return Happened.SIGN

    def tick(self, now: float) -> Happened:
        """A peer that has stopped sending gives no frames."""
        if self._age >= 0 and now - self._since >= LONGEST / 100:
            return self.revoke()
        return Happened.NOTHING

    def revoke(self) -> Happened:
        self._age, self._rest = -1, REST
        self._forget_sound()
        return Happened.REVOKED

    def confirmed(self) -> None:
        """Speech has begun."""
        self._age, self._rest = -1, 0
        self._forget_sound()

    def _forget_sound(self) -> None:
        self._soft, self._fell = 0, False
