"""The listening half of a session: the ear, the utterances on their way through STT, and what was understood.

    audio -> Ear -> FirstSign, SignRevoked -----------------------> the turn
                 -> SpeechStarted, SpeechAudio, SpeechEnded -> Utterance (STT) -> Question -> understood, or not

Rules: it tells the turn what happened and does what the turn's effects ask of it (open, finish, drop); it never
looks at the turn's state. An agent that may not be interrupted is told no signs. Nothing here waits. An utterance is
settled in its own task, which changes nothing but through `_utterance_settled`.
"""

from __future__ import annotations

from collections.abc import Callable

from parley_dataplane import hearing
from parley_dataplane.engines.base import Likely, ThinksAhead
from parley_dataplane.events import Problem, UserTranscript
from parley_dataplane.first_words import FirstWords
from parley_dataplane.line import Line
from parley_dataplane.media import Pcm
from parley_dataplane.questions import Question, Questions, as_turn
from parley_dataplane.records import Transcribed
from parley_dataplane.turns import Happened
from parley_dataplane.utterance import Utterance

LONG_SECS = 1.0
"""Speech of which STT makes nothing is a cough, a laugh, a door. What was longer wanted to be understood: the LLM is
asked with no words, so that something is said.
"""

NEVER_MS = 3_600_000
"""Silence that no recording holds: it is as long as the longest call."""


class Listener:
    """Who hears one caller. `happened` is told the turn's events; what is understood goes to `questions`."""

    def __init__(
        self, line: Line, ear: hearing.Ear, questions: Questions, happened: Callable[[Happened], None]
    ) -> None:
        self._line = line
        self._ear = ear
        self._questions = questions
        self._happened = happened
        self._utterances: list[Utterance] = []
        self._echo_check = line.agent.spec.turn_taking.echo_check
        self._spoke_since = self._spoke_until = self._voiced = 0.0
        self._count = 0
        self.configure()

    @property
    def has_work(self) -> bool:
        """Whether something that was heard waits, or an utterance is on its way."""
        return self._ear.has_work or bool(self._utterances)

    @property
    def hears_a_sign(self) -> bool:
        """Whether a sound is under way that may be the person's voice."""
        return self._ear.hears_a_sign

    # Audio

    def push(self, pcm: Pcm) -> None:
        """16 kHz audio that came in order and whole. Raises BadAudio when far more waits than can be heard."""
        self._take(self._ear.push(pcm, self._line.clock()))

    def sense(self, pcm: Pcm) -> None:
        """16 kHz audio as it arrived, for the detectors alone."""
        self._take(self._ear.sense(pcm, self._line.clock()))

    def hear(self, pcm: Pcm) -> None:
        """The same audio in order and made good, for STT alone."""
        self._take(self._ear.hear(pcm, self._line.clock()))

    def hear_whole(self, pcm: Pcm, measured: hearing.Measured | None = None) -> None:
        """Both of the same audio, while nothing before it is missing."""
        now = self._line.clock()
        if events := self._ear.sense(pcm, now, measured):
            self._take(events)
        if events := self._ear.hear(pcm, now):
            self._take(events)

    def said(self, frame: Pcm | None) -> None:
        """The 20 ms at 24 kHz that the agent says in this tick; None is silence. An ear that is told nothing takes
        nothing for an echo.
        """
        if self._echo_check:
            self._ear.said(frame)

    def end_of_audio(self) -> None:
        """A recording is complete."""
        self._take(self._ear.end_of_audio(self._line.clock()))

    def tick(self, now: float) -> None:
        """What time alone decides."""
        if events := self._ear.tick(now):
            self._take(events)

    def configure(self) -> None:
        """The line's settings, or its door, have changed."""
        settings = self._line.settings
        self._ear.configure(
            settings.vad_threshold,
            NEVER_MS if self._line.kind.whole_recordings else settings.silence_ms,
            settings.max_utterance_ms,
            self._line.agent.spec.turn_taking.minimum_speech_ms,
        )

    def _take(self, events: list[hearing.EarEvent]) -> None:
        for event in events:
            match event:
                case hearing.FirstSign():
                    self._tell_sign(Happened.SIGN_HEARD)
                case hearing.SignRevoked():
                    self._tell_sign(Happened.SIGN_REVOKED)
                case hearing.SpeechStarted(pcm, since):
                    self._spoke_since = since
                    self._line.use()
                    self._happened(Happened.SPEECH_STARTED)
                    self._transcribe(pcm)
                case hearing.SpeechAudio(pcm):
                    self._line.use()
                    self._transcribe(pcm)
                case hearing.SpeechEnded(spoke_until, voiced):
                    self._spoke_until, self._voiced = spoke_until, voiced
                    self._happened(Happened.SPEECH_ENDED)
                    self._settle()
                case hearing.NothingSaid():
                    self._line.emit(Problem("no-speech", "no speech was found in the recording"))

    def _tell_sign(self, event: Happened) -> None:
        if self._line.settings.barge_in:
            self._happened(event)

    def _transcribe(self, pcm: Pcm) -> None:
        if self._utterances and self._utterances[-1].is_open:
            self._utterances[-1].push(pcm)

    # Utterances, as the turn wants them

    def open_utterance(self) -> None:
        number = self._next_number()
        self._line.metrics.stt_calls += 1
        words = FirstWords(self._spoke_since)
        utterance = Utterance(
            number,
            lambda: self._line.agent.engines.stt.open(self._line.settings.language),
            lambda text, stable: self._tell_partial(number, words, text, stable),
            self._expect,
            lambda utterance: self._utterance_settled(utterance, words),
        )
        self._line.hold(utterance.task)
        self._utterances.append(utterance)

    def finish_utterance(self) -> None:
        self._utterances[-1].end(self._spoke_until, self._line.clock(), is_long=self._voiced >= LONG_SECS)

    def drop_utterances(self) -> None:
        """What is being said does not count."""
        for utterance in self._utterances:
            self._take_back(utterance)
        self.close()

    def close(self) -> None:
        """Forget what is being said, and tell nobody."""
        for utterance in self._utterances:
            utterance.drop()
        self._utterances.clear()
        self._ear.mute()

    # What was understood

    def typed(self, words: str) -> None:
        """The person wrote instead of speaking."""
        now = self._line.clock()
        self._questions.ask(Question(words, (), None, now, now, now, typed=True))
        self._line.emit(UserTranscript(self._next_number(), words, final=True, stable=len(words)))
        self._happened(Happened.TYPED)

    def _tell_partial(self, number: int, words: FirstWords, text: str, stable: int) -> None:
        self._line.emit(UserTranscript(number, text, final=False, stable=stable))
        words.told(text, self._line.clock())

    def _expect(self, likely: Likely) -> None:
        """Tell the LLM what it may be asked in a moment."""
        llm = self._line.agent.engines.llm
        if isinstance(llm, ThinksAhead):
            now = self._line.clock()
            question = Question(likely.text, likely.alternatives, None, now, now, now)
            llm.expect(as_turn((*self._questions.all(), question)))

    def _utterance_settled(self, utterance: Utterance, words: FirstWords) -> None:
        final = utterance.final
        if utterance.failure is not None:
            self._line.problem(utterance.failure)
        if final is None or not final.text:
            self._take_back(utterance)
        else:
            self._line.emit(UserTranscript(utterance.number, final.text, final=True, stable=len(final.text)))
            words.told(final.text, self._line.clock())
            self._line.observe(
                Transcribed(self._line.id, self._line.kind.name, words.first_ms, words.stable_ms)
            )
        if final is not None and (final.text or utterance.is_long):
            times = (utterance.spoke_until, utterance.ended_at, utterance.settled_at)
            self._questions.ask(Question(final.text, final.alternatives, final.confidence, *times))
        self._settle()

    def _settle(self) -> None:
        """Go on once the person has ended and STT has said its last word on everything."""
        if not self._utterances or not all(utterance.is_settled for utterance in self._utterances):
            return
        failed = any(utterance.failure is not None for utterance in self._utterances)
        self._utterances.clear()
        self._happened(Happened.UNDERSTOOD if self._questions else Happened.NOT_UNDERSTOOD)
        if failed and not self._questions:
            self._happened(Happened.APOLOGY_DUE)

    def _take_back(self, utterance: Utterance) -> None:
        """What was shown of it so far was not said after all, or does not count."""
        if utterance.is_shown:
            self._line.emit(UserTranscript(utterance.number, "", final=True))

    def _next_number(self) -> int:
        self._count += 1
        return self._count - 1
