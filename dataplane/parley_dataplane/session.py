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
from itertools import pairwise
from typing import Any

from parley_dataplane import hearing
from parley_dataplane.agent import Agent
from parley_dataplane.doors import Door, DoorKind, NoDoor
from parley_dataplane.engines.base import Message, TextDelta, UserTurn
from parley_dataplane.errors import BadMessage, ParleyError, UnexpectedEvent
from parley_dataplane.events import (
    AgentHeard,
    CallEnded,
    Event,
    Problem,
    StateChanged,
    TurnTiming,
    UserTranscript,
)
from parley_dataplane.history import History
from parley_dataplane.media import Pcm
from parley_dataplane.media.ledger import Heard
from parley_dataplane.media.speaker import Speaker
from parley_dataplane.records import CallFinished, ErrorSeen, Observer, TurnFinished, TurnStarted
from parley_dataplane.reply import Reply, Stamps
from parley_dataplane.session_settings import SessionSettings
from parley_dataplane.turns import Effect, Happened, State, Turn
from parley_dataplane.utterance import Utterance

MAX_TYPED_CHARS = 2_000
MAX_UNANSWERED = 8
"""Utterances that one answer joins at most; the oldest go first."""


@dataclass(slots=True)
class SessionMetrics:
    """True to what happened; a view of it is every older system's session metrics."""

    bytes_heard: int = 0
    bytes_said: int = 0
    stt_calls: int = 0
    llm_calls: int = 0
    tts_calls: int = 0
    turns: int = 0
    interruptions: int = 0
    total_latency_ms: float = 0.0
    latencies: int = 0


@dataclass(frozen=True, slots=True)
class _Question:
    """Something said or typed that waits for an answer."""

    text: str
    alternatives: tuple[str, ...]
    confidence: float | None
    spoke_until: float
    ended: float
    understood: float


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
        self._speaker = Speaker(kind.lead_secs, kind.unit)
        self._reply: Reply | None = None
        self._utterances: list[Utterance] = []
        self._unanswered: list[_Question] = []
        self._memory: dict[str, Any] = {}
        self._count = _Counters()
        self._tasks: set[asyncio.Task[None]] = set()
        self.ended: str | None = None

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
        self._use()
        if self.kind.speaks_first and self._agent.greeting:
            self._happened(Happened.GREETING_DUE)

    def hear(self, pcm: Pcm) -> None:
        """16 kHz audio of any length. Raises BadAudio when far more waits than can be heard."""
        if self.ended is not None:
            return
        self.metrics.bytes_heard += pcm.nbytes
        if self.kind.audio_is_use:
            self._use()
        if self._turn.state is State.SPEAKING and not self.settings.barge_in:
            return
        self._on_ear(self._ear.push(pcm, self._clock()))

    def end_of_audio(self) -> None:
        """A recording is complete: what was said in it is a turn now."""
        self._on_ear(self._ear.end_of_audio(self._clock()))

    def type_text(self, text: str) -> None:
        """Raises BadMessage when it is empty or longer than MAX_TYPED_CHARS."""
        words = " ".join(text.split())
        if not words or len(text) > MAX_TYPED_CHARS:
            raise BadMessage(f"text of {len(text)} characters: use 1 to {MAX_TYPED_CHARS}")
        self._use()
        now = self._clock()
        self._ask(_Question(words, (), None, now, now, now))
        self._emit(UserTranscript(self._count.utterance, words, final=True))
        self._count.utterance += 1
        self._happened(Happened.TYPED)

    def interrupt(self) -> bool:
        """Silence, at once. Returns whether there was an answer to stop."""
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

    def end(self, reason: str) -> None:
        """End the session, at once and for good."""
        if self.ended is not None:
            return
        self.ended = reason
        now = self._clock()
        self._cancel_reply(now)
        self._drop_utterances()
        self._emit(CallEnded(reason))
        self._on_end(self, reason)
        self._door.close(reason)
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
            "history": self.history.as_json(),
            "metrics": asdict(self.metrics),
        }

    # What the pacer calls

    def tick(self, now: float) -> None:
        self._on_ear(self._ear.tick(now))
        self._speak(now)
        limits = self._agent.spec.sessions
        if now - self._used > limits.idle_timeout_seconds and self._turn.state is State.IDLE:
            self.end("idle")
        elif now - self._began > limits.longest_call_seconds:
            self.end("longest-call")

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

    def _became_audible(self, reply: Reply) -> None:
        reply.is_audible = True
        self._happened(Happened.AUDIO_STARTED)
        if reply.questions:
            timing = _timing(reply, self._clock())
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
                    self._open_utterance().push(pcm)
                case hearing.SpeechAudio(pcm):
                    self._use()
                    if self._utterances and self._utterances[-1].is_open:
                        self._utterances[-1].push(pcm)
                case hearing.SpeechEnded(spoke_until):
                    if self._utterances and self._utterances[-1].is_open:
                        self._utterances[-1].end(spoke_until, self._clock())
                        self._happened(Happened.SPEECH_ENDED)
                        self._settle()
                case hearing.NothingSaid():
                    self._emit(Problem("no-speech", "no speech was found in the recording"))

    def _open_utterance(self) -> Utterance:
        number = self._count.utterance
        self._count.utterance += 1
        self.metrics.stt_calls += 1
        utterance = Utterance(
            self._agent.engines.stt.open(self.settings.language),
            lambda text: self._emit(UserTranscript(number, text, final=False)),
            lambda settled: self._utterance_settled(number, settled),
        )
        self._hold(utterance.task)
        self._utterances.append(utterance)
        return utterance

    def _utterance_settled(self, number: int, utterance: Utterance) -> None:
        if utterance.failure is not None:
            self._problem(utterance.failure)
        elif utterance.final is not None and utterance.final.text:
            final = utterance.final
            self._emit(UserTranscript(number, final.text, final=True))
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
        self._utterances.clear()
        self._happened(Happened.UNDERSTOOD if self._unanswered else Happened.NOT_UNDERSTOOD)

    def _drop_utterances(self) -> None:
        for utterance in self._utterances:
            utterance.drop()
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
            case Effect.START_REPLY:
                self._start_reply(greets=event is Happened.GREETING_DUE)
            case Effect.CANCEL_REPLY:
                self._cancel_reply(self._clock())
            case Effect.DROP_UTTERANCE:
                self._drop_utterances()
            case Effect.SET_ASIDE:
                self._set_aside(len(self._unanswered))

    def _start_reply(self, greets: bool) -> None:
        now = self._clock()
        asked = list(self._unanswered)
        last = asked[-1] if asked else _Question("", (), None, now, now, now)
        if greets:
            asked, thoughts = [], _canned(self._agent.greeting)
        else:
            text = " ".join(question.text for question in asked)
            alternatives = last.alternatives if len(asked) == 1 else ()
            self.metrics.llm_calls += 1
            thoughts = self._agent.engines.llm.reply(
                UserTurn(text, alternatives, last.confidence), self.history.messages(), self._memory
            )
        self._reply = Reply(
            number=self._count.reply,
            thoughts=thoughts,
            tts=self._agent.engines.tts,
            speaker=self._speaker,
            emit=self._emit,
            stamps=Stamps(last.spoke_until, last.ended, last.understood),
            voice=self.settings.voice,
            language=self.settings.language,
            questions=len(asked),
        )
        self._count.reply += 1
        self._hold(self._reply.task)

    def _cancel_reply(self, now: float) -> None:
        if self._reply is None:
            return
        reply, self._reply = self._reply, None
        heard = reply.cut(now)
        self.metrics.tts_calls += reply.clauses
        if heard.text:
            self.metrics.interruptions += 1
            self._commit(reply, heard, "interrupted")
        elif reply.is_audible:
            self._emit(AgentHeard(reply.number, "", heard.unheard, True, heard.seconds))

    def _reply_over(self, reply: Reply, now: float) -> None:
        self._reply = None
        heard = reply.heard(now)
        self.metrics.tts_calls += reply.clauses
        failed = reply.failure is not None
        if reply.failure is not None:
            self._problem(reply.failure)
        self._commit(reply, heard, "failed" if failed else "heard")
        self._happened(Happened.REPLY_FAILED if failed else Happened.REPLY_ENDED)

    def _commit(self, reply: Reply, heard: Heard, outcome: str) -> None:
        """What was asked and what was heard of the answer become history."""
        self._set_aside(reply.questions)
        if heard.text or heard.unheard:
            self.history.add(Message("assistant", heard.text, heard.unheard, heard.seconds))
        if reply.memory is not None:
            self._memory = dict(reply.memory.memory)
        self.metrics.turns += 1
        self._emit(
            AgentHeard(reply.number, heard.text, heard.unheard, outcome == "interrupted", heard.seconds)
        )
        self._observe(TurnFinished(self.id, self.kind.name, outcome, heard.seconds))

    def _set_aside(self, questions: int) -> None:
        """The first `questions` of the unanswered ones need no further answer."""
        done, self._unanswered = self._unanswered[:questions], self._unanswered[questions:]
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


async def _canned(text: str) -> Any:
    yield TextDelta(text)


def _timing(reply: Reply, now: float) -> TurnTiming:
    stamps = reply.stamps
    clause = stamps.clause if stamps.clause is not None else now
    speech = stamps.speech if stamps.speech is not None else now
    marks = [stamps.spoke_until, stamps.ended, stamps.understood, clause, speech, now]
    endpointing, stt, llm, tts, send = (1000 * (after - before) for before, after in pairwise(marks))
    total = 1000 * (now - stamps.spoke_until)
    return TurnTiming(reply.number, endpointing, stt, llm, tts, send, total)
