"""What a caller's room sounds like: its floor, its usual peaks, and how loud the caller speaks in it.

Rules: levels in dB of full scale, one update per 10 ms, no buffer of audio. The floor and the background are tracked
as percentiles: a step up when a frame is over, a step down when it is under, in the ratio that holds the percentile.
"""

from __future__ import annotations

import math
from collections import deque

FIRST_FLOOR = -60.0
FLOOR_UP, FLOOR_DOWN = 0.08, 0.7
"""dB a frame: the level that a tenth of the frames lie under; 8 dB a second up."""

FLOOR_UP_IN_SPEECH = 0.015
"""While somebody speaks, only the pauses within words tell the floor."""

FLOOR_CATCH_UP = 0.2
"""Share of the distance to a much softer frame by which the floor falls at once."""

FIRST_BACKGROUND = -55.0
BACKGROUND_UP, BACKGROUND_DOWN = 0.24, 0.0126
"""dB a frame: the sustained level that one frame in 20 lies over."""

BACKGROUND_DELAY = 50
"""Frames by which the background lags, so that a beginning speech is not measured against itself."""

SUSTAINED_OVER_LEAST = 5.0
"""A sound of 30 ms is as loud as its mean, but at most this much over its softest 10 ms: a click is not."""

RECENT = 20
"""Frames over which it is measured how loud a sound lasts."""

BEFORE = RECENT - 6
"""Of these the first, before a sound that has just begun: was it quiet?"""

QUIET_UNDER_VOICE = 30.0
QUIET_OVER_FLOOR = 6.0
"""dB under the caller's speech, or over the floor, up to which a room counts as quiet."""

ROOM_OVER_QUIET = 6.0
"""dB by which a room's usual peaks may be over that: the background is a peak, not a mean."""

FALSE_UNDER_VOICE = 10.0
"""A sound that turned out to be no speech counts as the room's from then on, and so does what sounds beneath a known
echo, but never as louder than that: it may be the caller.
"""

LEAST_UTTERANCE = 20
"""Voiced frames from which an utterance tells how loud the caller speaks."""

VOICE_DOWN = 0.3
"""Share by which the caller's level falls to that of a softer utterance; to a louder one it rises at once."""


class Scene:
    def __init__(self) -> None:
        self.floor = FIRST_FLOOR
        self.voice: float | None = None  # level of the caller's speech, once it is known
        self.sustained = -90.0  # level of the last 30 ms, for a click not as loud as its loudest 10 ms
        self.fallen = 0.0  # dB from their loudest 10 ms to the last
        self._background = FIRST_BACKGROUND
        self._backgrounds: deque[float] = deque([self._background], maxlen=BACKGROUND_DELAY)
        self._levels: deque[float] = deque([-90.0] * RECENT, maxlen=RECENT)
        self._one = self._two = (-90.0, 1e-9)  # level and power of the last frame, and of the one before
        self._power = 0.0
        self._voiced = 0
        self._since_echo = 10 * RECENT

    def hear(
        self,
        level: float,
        *,
        in_speech: bool,
        learn: bool,
        is_echo: bool = False,
        under_echo: float | None = None,
    ) -> None:
        """One frame. `learn`: it is the room's own sound as far as is known. Of an echo only what sounds beside it
        (`under_echo`, dB) tells of the room.
        """
        self._levels.append(level)
        power = 10.0 ** (level / 10.0)
        (one, power_of_one), (two, power_of_two) = self._one, self._two
        self._one, self._two = (level, power), self._one
        self.fallen = max(one, two, level) - level
        mean = 10.0 * math.log10((power + power_of_one + power_of_two) / 3)
        self.sustained = min(mean, min(level, one, two) + SUSTAINED_OVER_LEAST)
        self._since_echo = 0 if is_echo else self._since_echo + 1
        if is_echo:
            if learn and under_echo is not None and self.voice is not None:
                self._learn_background(min(under_echo, self.voice - FALSE_UNDER_VOICE))
            return
        if level < self.floor:
            self.floor -= max(FLOOR_DOWN, FLOOR_CATCH_UP * (self.floor - level))
        else:
            self.floor += FLOOR_UP_IN_SPEECH if in_speech else FLOOR_UP
        if learn:
            self._learn_background(self.sustained)

    def _learn_background(self, level: float) -> None:
        self._background += BACKGROUND_UP if level > self._background else -BACKGROUND_DOWN
        self._background = max(self._background, -90.0)
        self._backgrounds.append(self._background)

    @property
    def background(self) -> float:
        """The level over which the room's own sounds seldom last for 30 ms, half a second ago."""
        return self._backgrounds[0]

    def was_quiet(self) -> bool:
        """Whether there was neither sound nor echo in the 140 ms before the last 60, in a room that is quiet as a rule:
        between two words of others it is not.
        """
        limit = self.floor + QUIET_OVER_FLOOR
        if self.voice is not None:
            limit = max(limit, self.voice - QUIET_UNDER_VOICE)
        before = list(self._levels)[:BEFORE]
        return (
            self._since_echo >= RECENT
            and _mean(*before) <= limit
            and self.background <= limit + ROOM_OVER_QUIET
        )

    def no_speech(self, loudest: float) -> None:
        """A sound of `loudest` dB was taken for a sign of speech, and was none."""
        if self.voice is not None:
            level = min(loudest, self.voice - FALSE_UNDER_VOICE)
            if level > self._background:
                self._background = level
                self._backgrounds.clear()
                self._backgrounds.append(level)

    def recent(self) -> float:
        """Level of the last 200 ms."""
        return _mean(*self._levels)

    def recent_over(self, threshold: float) -> int:
        """Frames of the last 200 ms over `threshold`."""
        return sum(level > threshold for level in self._levels)

    def since_over(self, threshold: float) -> int:
        """Frames since the first of the last 200 ms that is over `threshold`, with it; 0 where none is."""
        return next((RECENT - at for at, level in enumerate(self._levels) if level > threshold), 0)

    def begin_speech(self, threshold: float) -> None:
        """Speech has been confirmed; its frames so far are those of the last 200 ms over `threshold`. They may
        have raised the background, but not to where the caller is: who sends speech alone (push-to-talk) would raise it
        by a dB with each question, and not be heard any more after some thirty.
        """
        if self.voice is not None:
            most = max(self.background, self.voice - FALSE_UNDER_VOICE)
            self._background = min(self._background, most)
            self._backgrounds = deque((min(one, most) for one in self._backgrounds), BACKGROUND_DELAY)
        self._power, self._voiced = 0.0, 0
        for level in self._levels:
            if level > threshold:
                self.voiced(level)

    def voiced(self, level: float) -> None:
        """A frame of confirmed speech."""
        self._power += 10.0 ** (level / 10.0)
        self._voiced += 1

    @property
    def utterance(self) -> float:
        """Level of the speech that is under way."""
        return 10.0 * math.log10(self._power / self._voiced) if self._voiced else -60.0

    def end_speech(self) -> None:
        """The speech under way is over: it tells how loud this caller speaks."""
        if self._voiced < LEAST_UTTERANCE:
            return
        level = self.utterance
        if self.voice is None or level > self.voice:
            self.voice = level
        else:
            self.voice += VOICE_DOWN * (level - self.voice)


def _mean(*levels: float) -> float:
    return 10.0 * math.log10(sum(10.0 ** (level / 10.0) for level in levels) / len(levels))
