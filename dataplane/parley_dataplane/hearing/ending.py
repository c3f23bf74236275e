"""Where speech has ended: the last voiced 10 ms, from levels and from a detector that is always late.

Rules: a frame is voiced when it is loud enough and the detector says speech near it. The levels tell where a word ends
to 10 ms; the detector tells that it was a word. A new sound is waited for until the detector has judged it.
"""

from __future__ import annotations

from parley_dataplane.hearing.scene import Scene

UNDER_UTTERANCE = 30.0
"""dB under the utterance's level down to which a frame is voiced: consonants at the end of a word are that soft."""

OVER_FLOOR = 6.0
OVER_BACKGROUND = 1.0
AT_MOST_UNDER_UTTERANCE = 8.0
"""In a loud room a voiced frame must be over the room's usual sounds, but never more than that."""

LEAST_LEVEL = -65.0

FAINT = 40.0
"""dB under the utterance's level at which a new sound is noticed, and waited for."""

CLEAR = 22.0
"""dB between utterance and the room's sounds from which levels are trusted over the detector."""

AFTER, AFTER_IN_NOISE = 15, 3
"""Frames after the detector's last voiced window in which a loud frame is still voiced: a last consonant."""

LONG = 600
"""Frames of speech in a loud room after which only what is nearly as loud as the utterance is voiced: else people who
talk in the background would never let it end.
"""

LAG = 8
"""Frames by which the detector falls late (measured: 2 to 73 ms)."""

UNCERTAIN = 10
"""Frames of silence more that it takes while the detector says speech: other people's, as far as levels tell."""

JUDGED = 13
"""Frames after which the detector has judged a sound (measured: p95 134 ms at the most)."""

GAP = 3
"""Silent frames that part a new sound from the end of the one before."""


class Ending:
    """The end of the speech that is under way; begin() it, then hear() frames and judge() windows in order."""

    def __init__(self) -> None:
        self.last_voiced = 0
        self.spoke_until = 0.0
        self._began = 0
        self._judged_until = 0  # frame up to which the detector has said speech
        self._pending = -1  # first loud frame that the detector has not confirmed
        self._pending_last = 0
        self._pending_at = 0.0
        self._says_speech = False  # the detector, of its last window
        self._is_clear = True  # the caller's speech is far louder than the room
        self._silent = 0
        self._sound = -1  # first frame of a new sound

    def begin(self, frame: int, at: float) -> None:
        """Speech is confirmed at `frame`."""
        self.last_voiced, self.spoke_until = frame, at
        self._began = self._judged_until = frame
        self._pending = self._sound = -1
        self._silent = 0

    def hear(self, frame: int, level: float, at: float, scene: Scene) -> None:
        utterance, floor = scene.utterance, scene.floor + OVER_FLOOR
        room = max(
            floor, min(scene.background + OVER_BACKGROUND, utterance - AT_MOST_UNDER_UTTERANCE), LEAST_LEVEL
        )
        self._is_clear = utterance - room > CLEAR
        if not self._is_clear and frame - self._began > LONG:
            room = utterance - AT_MOST_UNDER_UTTERANCE
        if level > max(utterance - UNDER_UTTERANCE, room):
            after = AFTER if self._is_clear else AFTER_IN_NOISE
            if frame <= self._judged_until + after:
                self._voiced(frame, at)
                scene.voiced(level)
            else:
                if self._pending < 0:
                    self._pending = frame
                self._pending_last, self._pending_at = frame, at
        if level > max(utterance - FAINT, room):
            if self._sound < 0 and self._silent >= GAP:
                self._sound = frame
            self._silent = 0
        else:
            self._silent += 1
            if self._silent >= 2 * GAP:
                self._sound = -1

    def judge(self, first: int, last: int, at: float, is_speech: bool, frame: int) -> None:
        """The detector's word on frames `first` to `last`; `frame` is the latest heard, which arrived `at`."""
        self._says_speech = is_speech
        if not is_speech:
            return
        self._judged_until = last
        if not self._is_clear:
            # Levels do not tell where a word ends: the detector does, in its own time.
            if max(self.last_voiced, self._pending_last) >= first - LAG:
                self._voiced(frame, at)
        elif self._pending >= 0 and self._pending_last >= first - JUDGED:
            self._voiced(self._pending_last, self._pending_at)
        elif first - LAG > self.last_voiced:
            # Softer than the threshold, and yet speech.
            self._voiced(first - LAG, at - (frame - first + LAG) / 100)

    def is_over(self, frame: int, silence: int) -> bool:
        """Whether `silence` frames have passed since the last voiced one, and no new sound waits for judgement.

        While the detector still says speech in a quiet room, it is not over; in a loud one it may mean others.
        """
        if frame - self.last_voiced < silence + (UNCERTAIN if self._says_speech else 0):
            return False
        if self._says_speech and self._is_clear:
            return False
        if self._pending >= 0 and frame - self._pending < JUDGED:
            return False
        return self._sound < 0 or frame - self._sound >= JUDGED

    def _voiced(self, frame: int, at: float) -> None:
        if frame > self.last_voiced:
            self.last_voiced, self.spoke_until = frame, at
        self._pending = self._sound = -1
