"""One call's voice: audio goes in as TTS makes it, and leaves at the pace of speech.

Rules: a sample leaves once, in order; what left counts as heard when its time to sound has passed; nothing
here waits or reads a clock. `now` is the pacer's tick, so that frames are 20 ms apart whatever the loop's
jitter was.

A door plays with a lead: WebRTC sends each frame in its own slot (lead 0), a WebSocket door up to `lead_secs`
before it is due, since its client buffers. The FastRTC door plays whole clauses, one file each. An answer that is a
file by itself has no pace: a clause of it leaves once it is made, and is heard then.

A pause holds back what has not left; what has left sounds out. So a WebRTC caller hears silence within a frame, a
WebSocket's client plays on for as long as its lead lasts and hears no gap if the pause is shorter than that, and a
clause that left as a file is played to its end. What sounds during a pause is heard: the ledger counts it.

An answer may have a lead-in, such as a filler: it leaves and sounds before the answer, and is no part of it.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from parley_dataplane.media import FRAME_SECS, SPEAKING_FRAME, SPEAKING_RATE, Pcm
from parley_dataplane.media.ledger import Heard, Ledger

Unit = Literal["frame", "clause", "file"]

HEADROOM_SECS = 8.0
"""Audio that may wait in a speaker before TTS is asked to pause: bounds memory at 384 kB a call."""

LEAD_IN = -1
"""The `clause` of what is said before the first of an answer."""

_EPSILON = 1e-6


class Chunk(NamedTuple):
    """Audio that leaves now: one frame, or a whole clause (`last_of_clause` then is always True)."""

    pcm: Pcm
    turn: int
    clause: int
    last_of_clause: bool


@dataclass(slots=True)
class _Waiting:
    pcm: Pcm
    clause: int
    last: bool


class Speaker:
    """Says one answer at a time: begin, (open_clause, push..., close_clause)..., finish; or cut at
    any time.
    """

    def __init__(self, lead_secs: float = 0.0, unit: Unit = "frame") -> None:
        self._lead = max(lead_secs, FRAME_SECS)
        self._unit = unit
        self._queue: deque[_Waiting] = deque()
        self._rest: list[Pcm] = []
        self._rest_samples = 0
        self._waiting = 0
        self._sounds_until = 0.0
        self._released = 0
        self._lead_in = 0
        self._turn = -1
        self._clause = -1
        self._finished = True
        self._paused = False
        self._sounding: deque[Pcm] = deque()
        self._ledger = Ledger()

    def begin(self, turn: int) -> None:
        """A new answer. Whatever was left of the one before is dropped; cut() it first to learn what was
        heard.
        """
        self._drop()
        self._turn, self._released, self._lead_in, self._finished, self._paused = turn, 0, 0, False, False
        self._ledger = Ledger()

    def lead_in(self, pcm: Pcm) -> None:
        """Say `pcm`, whole frames of it, before the answer, of which no audio may have been pushed yet."""
        self._lead_in += len(pcm)
        self._waiting += len(pcm)
        step = SPEAKING_FRAME if self._unit == "frame" else len(pcm)
        for start in range(0, len(pcm), step):
            last = start + step >= len(pcm)
            self._queue.append(_Waiting(pcm[start : start + step], LEAD_IN, last))

    def open_clause(self, text: str) -> None:
        self._clause = self._ledger.open(text)

    def push(self, pcm: Pcm, words: tuple[tuple[int, int], ...] = (), is_pause: bool = False) -> None:
        """Audio of the open clause at SPEAKING_RATE, any length; `words` and `is_pause` as in
        engines.base.Speech.
        """
        self._ledger.add(len(pcm), words, is_pause)
        self._rest.append(pcm)
        self._rest_samples += len(pcm)
        self._waiting += len(pcm)
        if self._unit == "frame" and self._rest_samples >= SPEAKING_FRAME:
            self._cut_frames()

    @property
    def has_begun_clause(self) -> bool:
        """Whether there is audio of the open clause."""
        return self._ledger.has_begun

    def close_clause(self) -> None:
        """The clause is complete. Its last frame is filled up with silence: a clause ends in a
        pause anyway.
        """
        if self._unit == "frame":
            padding = -self._rest_samples % SPEAKING_FRAME
            if padding:
                self.push(np.zeros(padding, np.int16), is_pause=True)
            if self._queue and self._queue[-1].clause == self._clause:
                self._queue[-1].last = True
        elif self._rest_samples:
            self._queue.append(_Waiting(self._take_rest(), self._clause, last=True))
        self._ledger.close()

    def finish(self) -> None:
        """No more clauses in this answer."""
        self._finished = True

    def take(self, now: float) -> list[Chunk]:
        """What leaves at `now`. Its time to sound begins when the audio before it has ended."""
        due: list[Chunk] = []
        if self._paused or not self._queue:
            return due
        if now >= self._sounds_until:
            self._sounding.clear()  # the clock was late: what is left here has sounded
        queue = self._queue
        while queue and self._is_due(now):
            waiting = queue.popleft()
            samples = len(waiting.pcm)
            self._released += samples
            self._waiting -= samples
            if self._unit != "file":
                self._sounds_until = max(self._sounds_until, now) + samples / SPEAKING_RATE
                self._sounding.append(waiting.pcm)
            due.append(Chunk(waiting.pcm, self._turn, waiting.clause, waiting.last))
        return due

    def sounding(self) -> Pcm | None:
        """Once a tick, after take(): the 20 ms that begin to sound at the peer's now; None is silence."""
        if not self._sounding:
            return None
        pcm = self._sounding.popleft()
        if len(pcm) > SPEAKING_FRAME:  # a clause that left as one file
            self._sounding.appendleft(pcm[SPEAKING_FRAME:])
        return pcm[:SPEAKING_FRAME]

    def pause(self) -> None:
        """Nothing leaves until resume(), cut() or begin()."""
        self._paused = True

    def resume(self) -> None:
        """Go on with the very next sample, in the next take()."""
        self._paused = False

    def heard(self, now: float) -> Heard:
        """What of the answer has been heard by `now`."""
        return self._ledger.heard(self._heard_samples(now))

    def cut(self, now: float) -> Heard:
        """End the answer here: what has not left never will, and what has left but not sounded is
        not heard.
        """
        heard = self.heard(now)
        self._drop()
        self._sounds_until = min(self._sounds_until, now)
        self._finished = True
        return heard

    def is_over(self, now: float) -> bool:
        """Everything of the answer has been heard."""
        return self._finished and not self._queue and now + _EPSILON >= self._sounds_until

    @property
    def has_room(self) -> bool:
        """Whether TTS should go on. A clause that leaves as one file must be made whole, whatever
        its length.
        """
        waiting = self._waiting - (0 if self._unit == "frame" else self._rest_samples)
        return waiting < HEADROOM_SECS * SPEAKING_RATE

    def _is_due(self, now: float) -> bool:
        ahead = max(self._sounds_until - now, 0.0)
        if self._unit != "frame":
            return ahead <= self._lead + _EPSILON
        return ahead + FRAME_SECS <= self._lead + _EPSILON

    def _heard_samples(self, now: float) -> int:
        # Audio that has left sounds without a gap up to _sounds_until: a gap can only begin when all of it
        # has sounded.
        to_come = round(max(self._sounds_until - now, 0.0) * SPEAKING_RATE)
        return max(self._released - to_come - self._lead_in, 0)

    def _cut_frames(self) -> None:
        pcm = self._take_rest()
        whole = len(pcm) - len(pcm) % SPEAKING_FRAME
        for start in range(0, whole, SPEAKING_FRAME):
            self._queue.append(_Waiting(pcm[start : start + SPEAKING_FRAME], self._clause, last=False))
        if whole < len(pcm):
            self._rest, self._rest_samples = [pcm[whole:]], len(pcm) - whole

    def _take_rest(self) -> Pcm:
        pcm = self._rest[0] if len(self._rest) == 1 else np.concatenate(self._rest)
        self._rest, self._rest_samples = [], 0
        return pcm

    def _drop(self) -> None:
        self._queue.clear()
        self._sounding.clear()
        self._rest, self._rest_samples, self._waiting = [], 0, 0
