"""The ear of one call: 16 kHz audio in, speech started / audio / ended out.

Rules: time is the count of samples heard; `now` only dates them. Nothing here waits. Audio of any length may
be pushed, but at most SLICE_SECS of it is worked through per call, so that a long recording in one message
never stalls the others; the rest is worked through tick by tick.

Speech starts when ONSET_WINDOWS of the last windows are over the threshold; the audio given to STT then
reaches back PRE_ROLL_SECS, since a detector is always late. It ends after `silence_ms` without a window over
the lower threshold, or when it has lasted `max_utterance_ms`: then it is answered, and the next one starts
after a pause. A peer that stops sending in the middle of speech (push-to-talk, a recording, a lost network)
is silent: time without audio counts as silence once it is longer than the gaps the peer usually leaves.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from parley_dataplane.engines.base import VadStream
from parley_dataplane.errors import BadAudio
from parley_dataplane.media import HEARING_RATE, Pcm

PRE_ROLL_SECS = 0.4
"""Audio before the detected onset that STT gets: Silero crosses 0.5 up to 134 ms after a voice starts
(measured).
"""

ONSET_WINDOWS = 2
ONSET_OF = 3
"""Two of three windows over the threshold (64 ms of voice) start speech: a click is one window."""

HYSTERESIS = 0.15
"""Speech goes on down to this much below the threshold, as Silero's own iterator does."""

SLICE_SECS = 0.5
"""Audio worked through per call at most: 16 windows, about 1.5 ms of detector."""

PAUSE_SECS = 0.2
"""Silence that a speech cut for its length needs before the next one can start."""

BACKLOG_SECS = 120.0
"""Audio that may wait to be worked through: 3.8 MB a call."""

GAP_SECS = 0.2
MAX_GAP_SECS = 2.0
GAP_FACTOR = 1.5
"""Time without audio that is no silence yet: GAP_FACTOR times the longest gap between two messages or the
longest message, whichever is longer, but at least GAP_SECS and at most MAX_GAP_SECS.
"""


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """`pcm` is the speech so far, with what came just before it."""

    pcm: Pcm


@dataclass(frozen=True, slots=True)
class SpeechAudio:
    pcm: Pcm


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """`spoke_until` is when the last voiced window arrived, in seconds of `now`."""

    spoke_until: float


@dataclass(frozen=True, slots=True)
class NothingSaid:
    """A recording ended, and there was no speech in it."""


EarEvent = SpeechStarted | SpeechAudio | SpeechEnded | NothingSaid


@dataclass(slots=True)
class _Window:
    pcm: Pcm
    arrived: float


class Ear:
    """One caller's hearing. `vad` is this caller's stream, `window` its samples per probability."""

    def __init__(
        self, vad: VadStream, window: int, threshold: float, silence_ms: int, max_utterance_ms: int
    ) -> None:
        self._vad = vad
        self._window = window
        self.configure(threshold, silence_ms, max_utterance_ms)
        self._backlog: deque[tuple[Pcm, float]] = deque()
        self._backlog_samples = 0
        self._part = np.zeros(0, np.int16)
        self._before: deque[_Window] = deque(maxlen=max(1, int(PRE_ROLL_SECS * HEARING_RATE / window)))
        self._recent: deque[bool] = deque(maxlen=ONSET_OF)
        self._speaking = False
        self._spoken = 0
        self._silent = 0
        self._pause_left = 0
        self._voiced_at = 0.0
        self._last_push: float | None = None
        self._longest_gap = 0.0
        self._recording_over = False
        self._spoke_in_recording = False

    def configure(self, threshold: float, silence_ms: int, max_utterance_ms: int) -> None:
        """May change at any time, also in the middle of speech. `threshold` 0 to 1."""
        self._threshold = threshold
        self._silence = silence_ms * HEARING_RATE // 1000
        self._longest = max_utterance_ms * HEARING_RATE // 1000

    def push(self, pcm: Pcm, now: float) -> list[EarEvent]:
        """Hear `pcm`; raises BadAudio, and drops it, when more waits than BACKLOG_SECS."""
        if self._backlog_samples + len(pcm) > BACKLOG_SECS * HEARING_RATE:
            raise BadAudio(
                f"{BACKLOG_SECS:.0f} s of audio wait to be heard: send audio at the pace of speech, "
                "or a recording in parts"
            )
        if self._last_push is not None:
            self._longest_gap = max(self._longest_gap, now - self._last_push)
        self._longest_gap = max(self._longest_gap, len(pcm) / HEARING_RATE)
        self._last_push = now
        if len(pcm):
            self._backlog.append((pcm, now))
            self._backlog_samples += len(pcm)
            self._recording_over = False
        return self._work(now)

    def end_of_audio(self, now: float) -> list[EarEvent]:
        """The recording is complete: once it is worked through, its speech has ended."""
        self._recording_over = True
        return self._work(now)

    def tick(self, now: float) -> list[EarEvent]:
        """Work on what waits, and notice a peer that has stopped sending."""
        events = self._work(now)
        if self._speaking and not self._backlog and self._starved(now):
            events.append(self._end())
        return events

    def mute(self) -> None:
        """Forget speech that is under way and what waits: its utterance is not wanted any more."""
        self._speaking = False
        self._backlog.clear()
        self._backlog_samples = 0
        self._recent.clear()

    def _work(self, now: float) -> list[EarEvent]:
        events: list[EarEvent] = []
        budget = int(SLICE_SECS * HEARING_RATE)
        while self._backlog and budget > 0:
            pcm, arrived = self._backlog.popleft()
            if len(pcm) > budget:
                self._backlog.appendleft((pcm[budget:], arrived))
                pcm = pcm[:budget]
            self._backlog_samples -= len(pcm)
            budget -= len(pcm)
            self._hear(pcm, arrived, events)
        if self._recording_over and not self._backlog:
            self._end_recording(events)
        return events

    def _hear(self, pcm: Pcm, arrived: float, events: list[EarEvent]) -> None:
        """Detect, window by window: the detector may answer for several windows at once, or for none."""
        self._part = np.concatenate((self._part, pcm)) if len(self._part) else pcm
        for probability in self._vad.push(pcm):
            window, self._part = self._part[: self._window], self._part[self._window :]
            if self._speaking:
                self._go_on(window, probability, arrived, events)
            else:
                self._wait(window, probability, arrived, events)

    def _wait(self, window: Pcm, probability: float, arrived: float, events: list[EarEvent]) -> None:
        self._before.append(_Window(window, arrived))
        self._recent.append(probability >= self._threshold and self._pause_left <= 0)
        self._pause_left = self._after_cut(probability)
        if sum(self._recent) < ONSET_WINDOWS:
            return
        self._speaking, self._silent, self._voiced_at = True, 0, arrived
        self._spoke_in_recording = True
        self._recent.clear()
        so_far = np.concatenate([before.pcm for before in self._before])
        self._before.clear()
        self._spoken = len(so_far)
        events.append(SpeechStarted(so_far))

    def _go_on(self, window: Pcm, probability: float, arrived: float, events: list[EarEvent]) -> None:
        events.append(SpeechAudio(window))
        self._spoken += len(window)
        if probability >= self._threshold - HYSTERESIS:
            self._silent, self._voiced_at = 0, arrived
        else:
            self._silent += len(window)
        if self._silent >= self._silence:
            events.append(self._end())
        elif self._spoken >= self._longest:
            events.append(self._end())
            self._pause_left = int(PAUSE_SECS * HEARING_RATE)

    def _after_cut(self, probability: float) -> int:
        """Samples of pause that are still owed; a voiced window starts the count again."""
        if self._pause_left > 0 and probability >= self._threshold:
            return int(PAUSE_SECS * HEARING_RATE)
        return max(self._pause_left - self._window, 0)

    def _starved(self, now: float) -> bool:
        if self._last_push is None:
            return False
        gap = now - self._last_push
        usual = min(max(GAP_FACTOR * self._longest_gap, GAP_SECS), MAX_GAP_SECS)
        return gap >= usual and self._silent / HEARING_RATE + gap >= self._silence / HEARING_RATE

    def _end(self) -> SpeechEnded:
        self._speaking = False
        self._recent.clear()
        return SpeechEnded(self._voiced_at)

    def _end_recording(self, events: list[EarEvent]) -> None:
        self._recording_over = False
        if self._speaking:
            events.append(self._end())
        elif not self._spoke_in_recording:
            events.append(NothingSaid())
        self._spoke_in_recording = False
