"""Where speech has ended: the last voiced 10 ms, from levels and from a detector that is always late.

Rules: a frame is voiced when it is loud enough and the detector says speech near it. The levels tell where a word ends
to 10 ms; the detector tells that it was a word. A new sound is waited for until the detector has judged it.
"""

from __future__ import annotations

from parley_dataplane.hearing.scene import Scene

UNDER_UTTERANCE = 25.0
"""dB under the utterance's level down to which a frame is voiced: consonants at the end of a word are that soft."""

OVER_FLOOR = 6.0
LEAST_LEVEL = -65.0

FAINT = 40.0
"""dB under the utterance's level at which a new sound is noticed, and waited for."""

CLEAR = 22.0
"""dB between utterance and floor from which levels are trusted over the detector."""

AFTER, AFTER_IN_NOISE = 15, 3
"""Frames after the detector's last voiced window in which a loud frame is still voiced: a last consonant."""

LAG = 8
"""Frames by which the detector falls late (measured: 2 to 73 ms)."""

JUDGED = 13
"""Frames after which the detector has judged a sound (measured: p95 134 ms at the most)."""

GAP = 3
"""Silent frames that part a new sound from the end of the one before."""


class Ending:
    """The end of the speech that is under way; begin() it, then hear() frames and judge() windows in order."""

    def __init__(self) -> None:
        self.last_voiced = 0
        self.spoke_until = 0.0
        self._judged_until = 0  # frame up to which the detector has said speech
        self._pending = -1  # first loud frame that the detector has not confirmed
        self._pending_last = 0
        self._pending_at = 0.0
        self._silent = 0
        self._sound = -1  # first frame of a new sound

    def begin(self, frame: int, at: float) -> None:
        """Speech is confirmed at `frame`."""
        self.last_voiced, self.spoke_until = frame, at
        self._judged_until = frame
        self._pending = self._sound = -1
        self._silent = 0

    def hear(self, frame: int, level: float, at: float, scene: Scene) -> None:
        utterance, floor = scene.utterance, scene.floor + OVER_FLOOR
        if level > max(utterance - UNDER_UTTERANCE, floor, LEAST_LEVEL):
            after = AFTER if utterance - scene.floor > CLEAR else AFTER_IN_NOISE
            if frame <= self._judged_until + after:
                self._voiced(frame, at)
                scene.voiced(level)
            else:
                if self._pending < 0:
                    self._pending = frame
                self._pending_last, self._pending_at = frame, at
        if level > max(utterance - FAINT, floor, LEAST_LEVEL):
            if self._sound < 0 and self._silent >= GAP:
                self._sound = frame
            self._silent = 0
        else:
            self._silent += 1
            if self._silent >= 2 * GAP:
                self._sound = -1

    def judge(self, first: int, last: int, at: float, is_speech: bool, frame: int) -> None:
        """The detector's word on frames `first` to `last`; `frame` is the latest heard, which arrived `at`."""
        if not is_speech:
            return
        self._judged_until = last
        if self._pending >= 0 and self._pending_last >= first - JUDGED:
            self._voiced(self._pending_last, self._pending_at)
        elif first - LAG > self.last_voiced:
            # Softer than the threshold, and yet speech.
            self._voiced(first - LAG, at - (frame - first + LAG) / 100)

    def is_over(self, frame: int, silence: int) -> bool:
        """Whether `silence` frames have passed since the last voiced one, and no new sound waits for judgement."""
        if frame - self.last_voiced < silence:
            return False
        if self._pending >= 0 and frame - self._pending < JUDGED:
            return False
        return self._sound < 0 or frame - self._sound >= JUDGED

    def _voiced(self, frame: int, at: float) -> None:
        if frame > self.last_voiced:
            self.last_voiced, self.spoke_until = frame, at
        self._pending = self._sound = -1
