"""One conversation.

    door.hear -> Ear -> Turn (table) -> effects: Utterance (STT), Reply (LLM, TTS) -> Speaker -> tick ->
    door.send_audio

Rules: everything that changes the conversation is a plain function, so that nothing can come between a check
and the change that depends on it; what waits (STT, replies) runs in tasks that the session holds and cancels.
A session ends once, and then holds nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from parley_dataplane import hearing
from parley_dataplane.agent import Agent
from parley_dataplane.doors import Door, DoorKind, NoDoor
from parley_dataplane.engines.base import Message, UserTurn
from parley_dataplane.errors import BadMessage, ParleyError, UnexpectedEvent
from parley_dataplane.events import (
    AgentHeard,
    CallEnded,
    Event,
    Problem,
    StateChanged,
    UserTranscript,
)
from parley_dataplane.history import History, as_json
from parley_dataplane.media import Pcm
from parley_dataplane.media.ledger import Heard
from parley_dataplane.media.speaker import Speaker
from parley_dataplane.records import CallFinished, ErrorSeen, Observer, TurnFinished, TurnStarted
from parley_dataplane.reply import Reply, Stamps, canned
from parley_dataplane.session_metrics import SessionMetrics
from parley_dataplane.session_settings import MAX_TYPED_CHARS, SessionSettings
from parley_dataplane.turns import Effect, Happened, State, Turn
from parley_dataplane.utterance import Utterance

GOODBYE_SECS = 6.0
"""How long a goodbye may take, from when the service wants to end the call."""

MAX_UNANSWERED = 8
"""Utterances that one answer joins at most; the oldest go first."""


@dataclass(frozen=True, slots=True)
class _Question:
    """Something said or typed that waits for an answer."""

    text: str
    alternatives: tuple[str, ...]
    confidence: float | None
    spoke_until: float
    ended: float
    understood: float
    typed: bool = False


@dataclass(slots=True)
class _Counters:
    reply: int = 0
    utterance: int = 0


class Session:
    """One conversation. Made by Sessions.open."""

    def __init__(
        self,
        session_id: str,
        kind: DoorKind,
        door: Door,
        agent: Agent,
        settings: SessionSettings,
        observe: Observer,
        on_end: Callable[[Session, str], None],
    ) -> None:
        self.id = session_id
        self.kind = kind
        self.settings = settings
        self.created_at = time.time()
        self.history = History()
        self.metrics = SessionMetrics()
        self._door = door
        self._agent = agent
        self._observe = observe
        self._on_end = on_end
        self._clock = asyncio.get_running_loop().time
        self._began = self._clock()
        self._used = self._began
        self._turn = Turn()
        self._ear = hearing.Ear(
            agent.engines.vad.open(),
            agent.engines.vad.window,
            settings.vad_threshold,
            settings.silence_ms,
            settings.max_utterance_ms,
        )
        self._spoke_until = 0.0
        self._speaker = Speaker(kind.lead_secs, kind.unit)
        self._reply: Reply | None = None
        self._utterances: list[Utterance] = []
        self._unanswered: list[_Question] = []
        self._asked: list[_Question] = []  # those of them that the present reply answers
        self._leaving: tuple[str, float] | None = None  # (why, until when)
        self._memory: dict[str, Any] = {}
        self._count = _Counters()
        self._tasks: set[asyncio.Task[None]] = set()
        self.ended: str | None = None
        self.over = asyncio.Event()

    # What the door calls

    @property
    def state(self) -> str:
        return self._turn.state.value

    @property
    def has_door(self) -> bool:
        return not isinstance(self._door, NoDoor)

    def attach(self, kind: DoorKind, door: Door) -> None:
        """The peer of a session that waited for it is here."""
        self.kind, self._door = kind, door
        self._speaker = Speaker(kind.lead_secs, kind.unit)
        self._use()

    def start(self) -> None:
        """The media is connected: an agent that speaks first may."""
        if self._is_over:
            return
        self._use()
        if self.kind.speaks_first and self._agent.greeting:
            self._happened(Happened.GREETING_DUE)

    def hear(self, pcm: Pcm) -> None:
        """16 kHz audio of any length. Raises BadAudio when far more waits than can be heard."""
        if self._is_over:
            return
        self.metrics.bytes_heard += pcm.nbytes
        if self.kind.audio_is_use:
            self._use()
        if self._turn.state is State.SPEAKING and not self.settings.barge_in:
            return
        self._on_ear(self._ear.push(pcm, self._clock()))

    def sense(self, pcm: Pcm) -> None:
        """16 kHz audio in the order of its arrival, gaps and all: what detectors look at. Its other half is
        hear_ordered.
        """

    def hear_ordered(self, pcm: Pcm) -> None:
        """16 kHz audio in its own order, gaps made good: what STT hears. Its other half is sense. Raises BadAudio."""
        self.hear(pcm)

    def end_of_audio(self) -> None:
        """A recording is complete: what was said in it is a turn now."""
        if not self._is_over:
            self._on_ear(self._ear.end_of_audio(self._clock()))

    def type_text(self, text: str) -> None:
        """Raises BadMessage when it is empty or longer than MAX_TYPED_CHARS."""
        words = " ".join(text.split())
        if not words or len(text) > MAX_TYPED_CHARS:
            raise BadMessage(f"text of {len(text)} characters: use 1 to {MAX_TYPED_CHARS}")
        if self._is_over:
            return
        self._use()
        now = self._clock()
        self._ask(_Question(words, (), None, now, now, now, typed=True))
        self._emit(UserTranscript(self._count.utterance, words, final=True))
        self._count.utterance += 1
        self._happened(Happened.TYPED)

    def interrupt(self) -> bool:
        """Silence, at once. Returns whether there was an answer to stop."""
        if self._is_over:
            return False
        self._use()
        was_answering = self._reply is not None
        self._happened(Happened.INTERRUPTED)
        return was_answering

    def configure(self, **changes: Any) -> None:
        """Change settings from now on; raises BadMessage, and changes nothing, when one is out of range."""
        self.settings = self.settings.changed(**changes)
        self._use()
        self._ear.configure(
            self.settings.vad_threshold, self.settings.silence_ms, self.settings.max_utterance_ms
        )

    def leave(self, reason: str) -> None:
        """Say goodbye, and then end: nothing that the peer says or sends counts any more."""
        if self._is_over:
            return
        goodbye = self._agent.spec.conversation.goodbye
        if not self.has_door or not goodbye:
            self.end(reason)
            return
        self._leaving = (reason, self._clock() + GOODBYE_SECS)
        self._happened(Happened.GOODBYE_DUE)

    @property
    def _is_over(self) -> bool:
        return self.ended is not None or self._leaving is not None

    def end(self, reason: str) -> None:
        """End the session, at once and for good."""
        if self.ended is not None:
            return
        self.ended = reason
        self.over.set()
        now = self._clock()
        self._cancel_reply(now)
        self._drop_utterances()
        self._emit(CallEnded(reason))
        self._on_end(self, reason)
        door, self._door = self._door, NoDoor()  # each holds the other: apart, both are freed at once
        door.close(reason)
        self._observe(
            CallFinished(
                self.id,
                self.kind.name,
                reason,
                now - self._began,
                self.metrics.turns,
                self.metrics.bytes_heard,
                self.metrics.bytes_said,
            )
        )

    async def close(self, reason: str) -> None:
        """end(), and wait until its tasks have freed their engines."""
        self.end(reason)
        await self.settled()

    async def settled(self) -> None:
        if self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def info(self) -> dict[str, Any]:
        """What the owner of the session id may read."""
        return {
            "id": self.id,
            "session_id": self.id,
            "state": self.state,
            "door": self.kind.name,
            "created_at": self.created_at,
            "settings": asdict(self.settings),
            "history": as_json(self._so_far()),
            "metrics": asdict(self.metrics),
        }

    def _so_far(self) -> list[Message]:
        """The history, and what is not history yet: the question in hand, the answer as far as it was heard."""
        messages = self.history.messages()
        if self._unanswered:
            messages.append(Message("user", " ".join(question.text for question in self._unanswered)))
        if self._reply is not None and self._reply.is_audible:
            heard = self._reply.heard(self._clock())
            messages.append(Message("assistant", heard.text, heard.unheard, heard.seconds))
        return messages

    # What the pacer calls

    def tick(self, now: float) -> None:
        if self._leaving is None:
            self._on_ear(self._ear.tick(now))
        self._speak(now)
        limits = self._agent.spec.sessions
        if self._leaving is not None:
            reason, until = self._leaving
            if now > until:
                self.end(reason)
        elif now - self._used > limits.idle_timeout_seconds and self._turn.state is State.IDLE:
            self.leave("idle")
        elif now - self._began > limits.longest_call_seconds:
            self.leave("longest-call")

    def _speak(self, now: float) -> None:
        reply = self._reply
        chunks = self._speaker.take(now) if reply is not None else []
        if reply is None or not chunks:
            self._door.send_silence()
        else:
            if not reply.is_audible:
                self._became_audible(reply)
            for chunk in chunks:
                self.metrics.bytes_said += chunk.pcm.nbytes
                self._door.send_audio(chunk)
        if reply is not None:
            reply.tick()
            if reply.is_over(now):
                self._reply_over(reply, now)
                if self._leaving is not None:
                    self.end(self._leaving[0])

    def _became_audible(self, reply: Reply) -> None:
        reply.is_audible = True
        self._happened(Happened.AUDIO_STARTED)
        if self._asked:
            timing = reply.timing(self._clock())
            self.metrics.total_latency_ms += timing.total_ms
            self.metrics.latencies += 1
            self._emit(timing)
            stages = asdict(timing)
            del stages["turn"]
            self._observe(TurnStarted(self.id, self.kind.name, **stages))

    # The ear, the utterances

    def _on_ear(self, events: list[hearing.EarEvent]) -> None:
        for event in events:
            match event:
                case hearing.SpeechStarted(pcm):
                    self._use()
                    self._happened(Happened.SPEECH_STARTED)
                    self._transcribe(pcm)
                case hearing.SpeechAudio(pcm):
                    self._use()
                    self._transcribe(pcm)
                case hearing.SpeechEnded(spoke_until):
                    self._spoke_until = spoke_until
                    self._happened(Happened.SPEECH_ENDED)
                    self._settle()
                case hearing.NothingSaid():
                    self._emit(Problem("no-speech", "no speech was found in the recording"))

    def _transcribe(self, pcm: Pcm) -> None:
        if self._utterances and self._utterances[-1].is_open:
            self._utterances[-1].push(pcm)

    def _open_utterance(self) -> None:
        number = self._count.utterance
        self._count.utterance += 1
        self.metrics.stt_calls += 1
        utterance = Utterance(
            number,
            lambda: self._agent.engines.stt.open(self.settings.language),
            lambda text: self._emit(UserTranscript(number, text, final=False)),
            self._utterance_settled,
        )
        self._hold(utterance.task)
        self._utterances.append(utterance)

    def _utterance_settled(self, utterance: Utterance) -> None:
        final = utterance.final
        if utterance.failure is not None:
            self._problem(utterance.failure)
        if final is None or not final.text:
            self._take_back(utterance)
        else:
            self._emit(UserTranscript(utterance.number, final.text, final=True))
            self._ask(
                _Question(
                    final.text,
                    final.alternatives,
                    final.confidence,
                    utterance.spoke_until,
                    utterance.ended_at,
                    utterance.settled_at,
                )
            )
        self._settle()

    def _settle(self) -> None:
        """Go on once the person has ended and STT has said its last word on everything."""
        if not self._utterances or not all(utterance.is_settled for utterance in self._utterances):
            return
        failed = any(utterance.failure is not None for utterance in self._utterances)
        self._utterances.clear()
        self._happened(Happened.UNDERSTOOD if self._unanswered else Happened.NOT_UNDERSTOOD)
        if failed and not self._unanswered:
            self._happened(Happened.APOLOGY_DUE)

    def _take_back(self, utterance: Utterance) -> None:
        """What was shown of it so far was not said after all, or does not count."""
        if utterance.is_shown:
            self._emit(UserTranscript(utterance.number, "", final=True))

    def _drop_utterances(self) -> None:
        for utterance in self._utterances:
            utterance.drop()
            if self.ended is None:
                self._take_back(utterance)
        self._utterances.clear()
        self._ear.mute()

    def _ask(self, question: _Question) -> None:
        self._unanswered.append(question)
        del self._unanswered[:-MAX_UNANSWERED]

    # The turn

    def _happened(self, event: Happened) -> None:
        before = self._turn.state
        try:
            effects = self._turn.handle(event)
        except UnexpectedEvent as error:
            self._observe(ErrorSeen(error.code, self.id, self.kind.name))
            return
        if self._turn.state is not before:
            self._emit(StateChanged(self._turn.state.value))
        for effect in effects:
            self._carry_out(effect, event)

    def _carry_out(self, effect: Effect, event: Happened) -> None:
        match effect:
            case Effect.OPEN_UTTERANCE:
                self._open_utterance()
            case Effect.FINISH_UTTERANCE:
                self._utterances[-1].end(self._spoke_until, self._clock())
            case Effect.START_REPLY:
                self._start_reply(self._unasked(event))
            case Effect.CANCEL_REPLY:
                self._cancel_reply(self._clock())
            case Effect.DROP_UTTERANCE:
                self._drop_utterances()
            case Effect.SET_ASIDE:
                self._set_aside(self._unanswered)

    def _unasked(self, event: Happened) -> str | None:
        """What the agent says by itself; None for an answer."""
        conversation = self._agent.spec.conversation
        match event:
            case Happened.GREETING_DUE:
                return conversation.greeting
            case Happened.APOLOGY_DUE:
                return conversation.apology
            case Happened.GOODBYE_DUE:
                return conversation.goodbye
        return None

    def _start_reply(self, unasked: str | None) -> None:
        now = self._clock()
        asked = [] if unasked is not None else list(self._unanswered)
        last = asked[-1] if asked else _Question("", (), None, now, now, now)
        if unasked is not None:
            thoughts = canned(unasked)
        else:
            text = " ".join(question.text for question in asked)
            alternatives = last.alternatives if len(asked) == 1 else ()
            self.metrics.llm_calls += 1
            typed = all(question.typed for question in asked)
            thoughts = self._agent.engines.llm.reply(
                UserTurn(text, alternatives, last.confidence, typed), self.history.messages(), self._memory
            )
        self._asked = asked
        self._reply = Reply(
            number=self._count.reply,
            thoughts=thoughts,
            tts=self._agent.engines.tts,
            speaker=self._speaker,
            emit=self._emit,
            stamps=Stamps(last.spoke_until, last.ended, last.understood),
            # The agent's own sentences are in its own language, and a voice that a caller chose may be what failed.
            voice=self.settings.voice if unasked is None else None,
            language=self.settings.language if unasked is None else self._agent.spec.language,
        )
        self._count.reply += 1
        self._hold(self._reply.task)

    def _cancel_reply(self, now: float) -> None:
        if self._reply is None:
            return
        reply, self._reply = self._reply, None
        heard = reply.cut(now)
        self.metrics.tts_calls += reply.clauses
        if reply.is_audible:
            self.metrics.interruptions += 1
        if heard.text:
            self._commit(reply, heard, "interrupted")
        elif reply.is_audible:
            self._end_turn(reply, heard, "interrupted")

    def _reply_over(self, reply: Reply, now: float) -> None:
        self._reply = None
        self._use()
        heard = reply.heard(now)
        self.metrics.tts_calls += reply.clauses
        failed = reply.failure is not None
        if reply.failure is not None:
            self._problem(reply.failure)
        answers = bool(self._asked)
        self._commit(reply, heard, "failed" if failed else "heard")
        self._happened(Happened.REPLY_FAILED if failed else Happened.REPLY_ENDED)
        if failed and answers:  # and not when the apology itself fails
            self._happened(Happened.APOLOGY_DUE)

    def _commit(self, reply: Reply, heard: Heard, outcome: str) -> None:
        """What was asked and what was heard of the answer become history."""
        self._set_aside(self._asked)
        if heard.text or heard.unheard:
            self.history.add(Message("assistant", heard.text, heard.unheard, heard.seconds))
        if reply.memory is not None:
            self._memory = dict(reply.memory.memory)
        self._end_turn(reply, heard, outcome)

    def _end_turn(self, reply: Reply, heard: Heard, outcome: str) -> None:
        self.metrics.turns += 1
        self._emit(
            AgentHeard(reply.number, heard.text, heard.unheard, outcome == "interrupted", heard.seconds)
        )
        self._observe(TurnFinished(self.id, self.kind.name, outcome, heard.seconds))

    def _set_aside(self, done: list[_Question]) -> None:
        """These questions need no further answer. More may have come since they were asked."""
        self._unanswered = [question for question in self._unanswered if question not in done]
        if done:
            self.history.add(Message("user", " ".join(question.text for question in done)))

    # Small things

    def _emit(self, event: Event) -> None:
        self._door.send_event(event)

    def _problem(self, error: ParleyError) -> None:
        self._observe(ErrorSeen(error.code, self.id, self.kind.name))
        self._emit(Problem(error.code, error.detail))

    def _use(self) -> None:
        self._used = self._clock()

    def _hold(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._release)

    def _release(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._observe(ErrorSeen("internal", self.id, self.kind.name))
            asyncio.get_running_loop().call_exception_handler(
                {"message": f"task {task.get_name()} of a session failed", "exception": task.exception()}
            )
