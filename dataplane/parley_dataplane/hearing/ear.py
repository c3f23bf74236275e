"""One caller's hearing: what detectors sense on arrival, what STT hears in order, and what follows from both.

Rules: time is the count of samples; `now` only dates them. Nothing here waits. Audio of any length may be pushed, but
at most SLICE_SECS of it is worked through per call, so that a long recording in one message never stalls the others;
the rest is worked through tick by tick. Levels are judged at once, in frames of 10 ms; the detector's probabilities
come with a tick, in batches of all calls, and the frames never run more than AHEAD before it.

Speech starts when ONSET_WINDOWS of the last windows are over the threshold, it has sounded for the least time, and it
is as loud as this caller speaks; the audio given to STT then reaches back PRE_ROLL_SECS, since detectors are late.
It ends `silence_ms` after the last voiced 10 ms, or when it has lasted `max_utterance_ms`: then it is answered, and the
next one starts after a pause, or, where none comes, after DEAF_SECS. A peer that stops sending in the middle of speech
(push-to-talk, a recording, a lost network) is silent: time without audio counts as silence once it is longer than the
gaps the peer usually leaves.
"""

from __future__ import annotations

from collections import deque

from parley_dataplane.engines.base import VadStream
from parley_dataplane.errors import BadAudio
from parley_dataplane.hearing import signs
from parley_dataplane.hearing.echo import OwnVoice
from parley_dataplane.hearing.ending import Ending
from parley_dataplane.hearing.events import (
    EarEvent,
    FirstSign,
    NothingSaid,
    SignRevoked,
    SpeechAudio,
    SpeechEnded,
    SpeechStarted,
)
from parley_dataplane.hearing.frames import Frame, Frames, Kept
from parley_dataplane.hearing.levels import FRAME, Measured
from parley_dataplane.hearing.scene import RECENT, Scene
from parley_dataplane.hearing.signs import Signs
from parley_dataplane.media import HEARING_RATE, Pcm

PRE_ROLL_SECS = 0.4
"""Audio before the confirmed onset that STT gets: Silero crosses 0.5 up to 134 ms after a voice starts (measured), and
two windows and the least time of speech come on top.
"""

MINIMUM_SPEECH_MS = 100
"""Time that must sound like speech, unless the caller of Ear says otherwise."""

ONSET_WINDOWS = 2
ONSET_OF = 3
"""Two of three windows over the threshold (64 ms of voice) start speech: a click is one window."""

HYSTERESIS = 0.15
"""Speech goes on down to this much below the threshold, as Silero's own iterator does."""

UNDER_VOICE = 12.0
UNDER_VOICE_WHILE_SPEAKING = 7.0
OVER_BACKGROUND = 2.0
"""dB under the caller's usual speech from which Silero's word counts while the agent speaks (else somebody else speaks,
further away), and over the room's usual sounds from which it counts at all.
"""

LASTING = 12
"""Windows of speech, 0.4 s, after which UNDER_VOICE is enough also while the agent speaks."""

AUDIBLE_UNDER_VOICE = 25.0

SLICE_SECS = 0.5
"""Audio worked through per call at most: 16 windows, about 0.5 ms of detector."""

AHEAD = HEARING_RATE // 10
"""Samples by which levels may be judged before the detector's word on them is there."""

PAUSE_SECS = 0.2
"""Silence that a speech cut for its length needs before the next one can start."""

DEAF_SECS = 3.0
"""Who is cut and goes on without such a pause is heard again after so long: time to answer, and to notice it. For ever
deaf, the agent would leave whoever shouts without a word.
"""

BACKLOG_SECS = 120.0
"""Audio that may wait to be worked through: 3.8 MB a call."""

GAP_SECS = 0.2
MAX_GAP_SECS = 2.0
GAP_FACTOR = 1.5
"""Time without audio that is no silence yet: GAP_FACTOR times the longest gap between two messages or the
longest message, whichever is longer, but at least GAP_SECS and at most MAX_GAP_SECS.
"""

UNSENT_SILENCE_SECS = 0.5
"""A gap in which nobody spoke is, from this length on, silence that the peer does not send, and none that it leaves."""


class Ear:
    """`vad` is this caller's stream, `window` its samples per probability, `threshold` 0 to 1.

    Audio comes by push() alone, or by sense() and hear() of the same audio: on arrival, and in order.
    """

    def __init__(
        self,
        vad: VadStream,
        window: int,
        threshold: float,
        silence_ms: int,
        max_utterance_ms: int,
        minimum_speech_ms: int = MINIMUM_SPEECH_MS,
    ) -> None:
        self._vad = vad
        self._window = window
        self.configure(threshold, silence_ms, max_utterance_ms, minimum_speech_ms)
        self._backlog: deque[tuple[Pcm, float]] = deque()
        self._backlog_samples = 0
        self._own_voice = OwnVoice()
        self._frames = Frames(self._own_voice)
        self._scene = Scene()
        self._signs = Signs()
        self._ending = Ending()
        self._kept = Kept(PRE_ROLL_SECS)
        self._in_order = False  # hear() brings what STT gets, apart from what is sensed
        self._sensed = 0  # samples that detectors have got
        self._frame = 0  # frames whose level has been judged
        self._judged = 0  # samples of which the detector's word has been taken
        self._words: deque[float] = deque()  # of the detector, on windows whose last frame is not whole yet
        self._probability = 0.0
        self._recent: deque[bool] = deque(maxlen=ONSET_OF)
        self._lasting = 0  # windows of speech that was too soft
        self._speaking = False
        self._onset = 0  # frame at which it was confirmed
        self._began = 0
        self._pause_left = 0
        self._deaf_until = 0  # frame from which no pause is needed
        self._at = 0.0
        self._arrivals: deque[float] = deque(maxlen=RECENT)  # of the frames whose levels the scene knows
        self._last_push: float | None = None
        self._longest_gap = 0.0
        self._recording_over = False
        self._spoke_in_recording = False

    def configure(
        self,
        threshold: float,
        silence_ms: int,
        max_utterance_ms: int,
        minimum_speech_ms: int = MINIMUM_SPEECH_MS,
    ) -> None:
        """May change at any time, also in the middle of speech. `threshold` 0 to 1."""
        self._threshold = threshold
        self._silence = max(1, silence_ms // 10)
        self._longest = max_utterance_ms // 10
        self._least = min(minimum_speech_ms // 10, signs.LONGEST - ONSET_OF)

    # What comes in

    def push(self, pcm: Pcm, now: float) -> list[EarEvent]:
        """Sense and hear `pcm`; raises BadAudio, and drops it, when more waits than BACKLOG_SECS."""
        if self._backlog_samples + len(pcm) > BACKLOG_SECS * HEARING_RATE:
            raise BadAudio(
                f"{BACKLOG_SECS:.0f} s of audio wait to be heard: send audio at the pace of speech, "
                "or a recording in parts"
            )
        self._mark(len(pcm), now)
        if len(pcm):
            self._backlog.append((pcm, now))
            self._backlog_samples += len(pcm)
            self._recording_over = False
        return self._work()

    def sense(self, pcm: Pcm, now: float, measured: Measured | None = None) -> list[EarEvent]:
        """What has just arrived, a packet at a time: signs, and the end of speech. Never in the way of hear().
        `measured`: as levels.measure_all() has it.
        """
        self._in_order = True
        self._mark(len(pcm), now)
        self._listen(pcm, now, measured)
        return self._advance()

    def hear(self, pcm: Pcm, now: float) -> list[EarEvent]:
        """The same audio in order, however late; only STT gets it."""
        self._in_order = True
        self._kept.push(pcm)
        return self._said_so_far()

    def end_of_audio(self, now: float) -> list[EarEvent]:
        """The recording is complete: once it is worked through, its speech has ended."""
        self._recording_over = True
        return self._work()

    def said(self, frame: Pcm | None) -> None:
        """What the agent says in this tick, 20 ms at 24 kHz; None is silence."""
        self._own_voice.said(frame)

    def tick(self, now: float) -> list[EarEvent]:
        """Take the detector's word, work on what waits, and notice a peer that has stopped sending."""
        probabilities = self._vad.take()
        events = self._advance(probabilities) if probabilities else []
        if self.has_work:
            events += self._work()
        if self._speaking and not self._backlog and self._starved(now):
            self._end(events)
        if self._signs.tick(now) is signs.Happened.REVOKED:
            events.append(SignRevoked())
        return events

    def mute(self) -> None:
        """Forget speech that is under way and what waits: its utterance is not wanted any more."""
        self._speaking = False
        self._backlog.clear()
        self._backlog_samples = 0
        self._recent.clear()

    @property
    def has_work(self) -> bool:
        """Whether audio, or the end of a recording, waits to be worked through."""
        return bool(self._backlog) or self._recording_over

    @property
    def hears_a_sign(self) -> bool:
        """Whether a sound is under way that may be speech, and nobody knows yet."""
        return self._signs.is_up

    # How it is worked through

    def _mark(self, samples: int, now: float) -> None:
        if self._last_push is not None:
            gap = now - self._last_push
            if self._speaking or gap < UNSENT_SILENCE_SECS:
                self._longest_gap = max(self._longest_gap, gap)
        self._longest_gap = max(self._longest_gap, samples / HEARING_RATE)
        self._last_push = now

    def _work(self) -> list[EarEvent]:
        budget = int(SLICE_SECS * HEARING_RATE) - (self._sensed - self._judged)
        while self._backlog and budget > 0:
            pcm, arrived = self._backlog.popleft()
            if len(pcm) > budget:
                self._backlog.appendleft((pcm[budget:], arrived))
                pcm = pcm[:budget]
            self._backlog_samples -= len(pcm)
            budget -= len(pcm)
            self._kept.push(pcm)
            self._listen(pcm, arrived)
        events = self._advance()
        whole = self._sensed // FRAME * FRAME
        if self._recording_over and not self._backlog and self._judged + self._window > whole:
            self._end_recording(events)
        return events

    def _listen(self, pcm: Pcm, now: float, measured: Measured | None = None) -> None:
        self._vad.push(pcm)
        self._frames.push(pcm, now, self._audible(), measured)
        self._sensed += len(pcm)

    def _advance(self, probabilities: list[float] | tuple[()] = ()) -> list[EarEvent]:
        """Frames and the detector's windows in the order of the audio, as far as both are there."""
        events: list[EarEvent] = []
        waiting, words = self._frames.waiting, self._words
        words.extend(probabilities)
        while True:
            if words and self._judged + self._window <= self._frame * FRAME:
                self._on_window(words.popleft(), events)
            elif waiting and (self._frame + 1) * FRAME <= self._judged + AHEAD:
                self._on_frame(waiting.popleft(), events)
            else:
                break
        if not self._in_order:
            events += self._said_so_far()
        return events

    def _on_frame(self, frame: Frame, events: list[EarEvent]) -> None:
        level, self._at = frame.level, frame.at
        self._arrivals.append(frame.at)
        self._frame += 1
        scene = self._scene
        known = not (self._speaking or self._signs.is_up or self._pause_left > 0)
        scene.hear(
            level,
            in_speech=self._speaking or self._pause_left > 0,
            learn=known,
            is_echo=frame.is_echo,
            under_echo=frame.under_echo,
        )
        if self._speaking:
            self._ending.hear(self._frame, level, frame.at, scene)
            self._end_when_over(events)
            return
        self._pause_left -= 1
        happened = self._signs.hear(
            scene, level, self._probability < self._low, frame.at, wary=self._own_voice.is_unknown
        )
        if happened is signs.Happened.SIGN:
            events.append(FirstSign())
        elif happened is signs.Happened.REVOKED:
            events.append(SignRevoked())

    def _on_window(self, probability: float, events: list[EarEvent]) -> None:
        first = self._judged // FRAME + 1
        self._judged += self._window
        self._probability = probability
        if self._speaking:
            last = self._judged // FRAME
            self._ending.judge(first, last, self._at, probability >= self._low, self._frame)
            self._end_when_over(events)
            return
        if probability >= self._threshold and self._pause_left > 0 and self._frame < self._deaf_until:
            self._pause_left = int(PAUSE_SECS * 100)
        self._recent.append(probability >= self._threshold and self._pause_left <= 0)
        if sum(self._recent) < ONSET_WINDOWS:
            self._lasting = 0
        elif self._is_the_caller():
            self._start(events)

    @property
    def _low(self) -> float:
        return self._threshold - HYSTERESIS

    def _audible(self) -> float:
        """dB from which a frame may be of somebody who speaks; while the agent speaks, of this caller."""
        least = max(self._scene.floor + 6.0, -65.0)
        if self._scene.voice is None or not self._own_voice.is_active:
            return least
        return max(least, self._scene.voice - AUDIBLE_UNDER_VOICE)

    def _is_the_caller(self) -> bool:
        """Long enough, and while the agent speaks as loud as this caller is. In its silence a soft voice is one that
        wants an answer.
        """
        scene = self._scene
        if scene.recent_over(self._audible()) < self._least:
            return False
        level = scene.recent()
        if level < scene.background + OVER_BACKGROUND:
            return False
        if scene.voice is None or level >= scene.voice - UNDER_VOICE_WHILE_SPEAKING:
            return True
        if not self._own_voice.is_active:
            return True
        self._lasting = self._lasting + 1 if level >= scene.voice - UNDER_VOICE else 0
        return self._lasting >= LASTING

    def _start(self, events: list[EarEvent]) -> None:
        self._speaking = self._spoke_in_recording = True
        self._onset = self._frame
        self._began = max(self._frame - int(PRE_ROLL_SECS * 100), 0)
        self._recent.clear()
        since = self._voiced_since()
        self._signs.confirmed()
        self._scene.begin_speech(self._audible())
        self._ending.begin(self._frame, self._at)
        events.append(SpeechStarted(self._kept.take(self._until), since))

    def _voiced_since(self) -> float:
        """When the first frame of the speech that begins now arrived: of the last 200 ms, or of its sign."""
        loud = min(self._scene.since_over(self._audible()), len(self._arrivals))
        since = self._arrivals[-loud] if loud else self._at
        return min(since, self._signs.since) if self._signs.is_up else since

    def _end_when_over(self, events: list[EarEvent]) -> None:
        if self._ending.is_over(self._frame, self._silence):
            self._end(events)
        elif self._frame - self._began >= self._longest:
            self._end(events)
            self._pause_left = int(PAUSE_SECS * 100)
            self._deaf_until = self._frame + int((DEAF_SECS - PAUSE_SECS) * 100)

    def _end(self, events: list[EarEvent]) -> None:
        events += self._said_so_far()
        self._speaking = False
        self._recent.clear()
        self._scene.end_speech()
        voiced = max(0, self._ending.last_voiced - self._onset) / 100
        events.append(SpeechEnded(self._ending.spoke_until, voiced))

    @property
    def _until(self) -> int | None:
        """Up to where STT gets audio: what has been judged, or all that there is in order."""
        return None if self._in_order else self._frame * FRAME

    def _said_so_far(self) -> list[EarEvent]:
        if not self._speaking:
            self._kept.forget(self._until)
            return []
        pcm = self._kept.take(self._until)
        return [SpeechAudio(pcm)] if len(pcm) else []

    def _starved(self, now: float) -> bool:
        if self._last_push is None:
            return False
        gap = now - self._last_push
        usual = min(max(GAP_FACTOR * self._longest_gap, GAP_SECS), MAX_GAP_SECS)
        silent = (self._frame - self._ending.last_voiced) / 100
        return gap >= usual and silent + gap >= self._silence / 100

    def _end_recording(self, events: list[EarEvent]) -> None:
        self._recording_over = False
        if self._speaking:
            self._end(events)
        elif not self._spoke_in_recording:
            events.append(NothingSaid())
        self._spoke_in_recording = False
