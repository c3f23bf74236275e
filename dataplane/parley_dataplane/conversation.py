"""The conversation of a session: the turn, the reply under way, and the history of what was heard.

    Happened -> Turn (table) -> effects: Listener (utterances), Reply (LLM, TTS) -> Speaker -> tick -> door

Rules: everything that changes the conversation is a plain function, so that nothing can come between a check and
the change that depends on it; what waits (STT, replies) runs in tasks that the line holds. Only `happened` moves the
turn, and only `_carry_out` does what it asks for. What an answer leaves in the history is what was heard of it. No
pause of an answer lasts longer than LONGEST_PAUSE_SECS, whatever the ear does.

A tick in which nothing leaves, no silence either, keeps its slot open for a while: audio that is made meanwhile leaves
at once, as that slot's, and not up to 20 ms later. Only when the slot is over it was silence.

A filler is said before an answer, at once or when that is late, and not begun while a sound may be the person's voice.
It is heard and interrupted as an answer is, and leaves nothing in the history; a turn's stages are those of its answer.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from parley_dataplane import hearing
from parley_dataplane.bill import Bill
from parley_dataplane.engines.base import Message, TtsEngine
from parley_dataplane.engines.tone import Tone
from parley_dataplane.errors import UnexpectedEvent
from parley_dataplane.events import AgentClause, AgentHeard, Event, StateChanged
from parley_dataplane.history import History
from parley_dataplane.line import Line
from parley_dataplane.listener import Listener
from parley_dataplane.media.ledger import Heard
from parley_dataplane.media.speaker import LEAD_IN, Speaker
from parley_dataplane.questions import Question, Questions, as_turn, joined
from parley_dataplane.records import ReplyPaused, TurnFinished, TurnStarted
from parley_dataplane.reply import Reply, Stamps, canned
from parley_dataplane.session_metrics import answer_ms
from parley_dataplane.silence import Silence
from parley_dataplane.turns import Effect, Happened, State, Turn

LONGEST_PAUSE_SECS = 0.4
"""The ear decides within 300 ms; an answer does not wait much longer for one that has stopped deciding."""

OPEN_SECS = 0.008
"""How long after its tick a slot may still be filled: later than that, the next one is nearer, and a peer would find
the packet in the wrong place.
"""

MOMENT_SECS = 0.1
"""What an answer may take from when its question is known, however late that is: the built-in LLM and voice take less,
and a filler would only hold up an answer that is nearly there.
"""

TEST_TONE = Tone(4.0, pitches=(440,))
"""What a caller may ask for to measure the line: 3 s of it are heard even where the first packets are lost."""

TEST_TONE_TEXT = "Test tone."
"""What captions and the history say of it."""

_PAUSE_OUTCOMES = {Happened.SPEECH_STARTED: "confirmed", Happened.SIGN_REVOKED: "revoked"}


class Conversation:
    """Who speaks with one caller, through `line`. `ear` hears them."""

    def __init__(self, line: Line, ear: hearing.Ear) -> None:
        self.history = History()
        self._line = line
        self._bill = Bill(line.agent.spec.prices, line.metrics)
        self._turn = Turn()
        self._questions = Questions()
        self.listener = Listener(line, ear, self._questions, self.happened)
        self._speaker = Speaker(line.kind.lead_secs, line.kind.unit)
        self._long_silence = Silence(line.agent.spec.turn_taking.ask_after_silence_seconds)
        self._reply: Reply | None = None
        self._asked: tuple[Question, ...] = ()
        """Those questions that the present reply answers."""
        self._replies = 0
        self._fill_from: float | None = None
        """When a filler is due; None once it was said, or is not wanted."""
        self._fillers = 0
        self._paused_at = 0.0
        self._open_slot: float | None = None
        self._memory: dict[str, Any] = {}

    @property
    def state(self) -> State:
        return self._turn.state

    @property
    def is_testing(self) -> bool:
        """Whether the reply under way is the test tone."""
        return self._reply is not None and self._reply.tts is TEST_TONE

    @property
    def is_only_filling(self) -> bool:
        """Whether what is said is a filler, and nothing of the answer yet."""
        return self._reply is not None and self._reply.is_audible and not self._reply.has_begun

    @property
    def is_answering(self) -> bool:
        """Whether there is a reply, audible or not."""
        return self._reply is not None

    def begin(self) -> None:
        """The media is connected: from now on a silence is one."""
        if self._line.kind.asks_after_silence:
            self._long_silence.began(self._line.clock())

    def attach(self) -> None:
        """The line leads to another door now."""
        self._speaker = Speaker(self._line.kind.lead_secs, self._line.kind.unit)
        self.listener.configure()

    def close(self) -> None:
        """Stop, and forget what is being said."""
        self._cancel_reply()
        self.listener.close()

    def so_far(self) -> list[Message]:
        """The history, and what is not history yet: the question in hand, the answer as far as it was heard."""
        messages = self.history.messages()
        if words := joined(self._questions.all()):
            messages.append(Message("user", words))
        if self._reply is not None and self._reply.has_begun:
            heard = self._reply.heard(self._line.clock())
            messages.append(Message("assistant", heard.text, heard.unheard, heard.seconds))
        return messages

    # What leaves

    def tick(self, now: float) -> None:
        """Send what is due at `now`."""
        if self._open_slot is not None:
            self._open_slot = None
            self._silence()
        self._ask_if_silent(now)
        reply = self._reply
        if reply is None:
            self._nothing_leaves(now)
            return
        if self._turn.state is State.PAUSED and now - self._paused_at > LONGEST_PAUSE_SECS:
            self.happened(Happened.SIGN_REVOKED)
        if self._fill_from is not None:
            self._fill(reply, now)
        if not self._send(reply, now):
            self._nothing_leaves(now)
        reply.tick()
        if reply.is_over(now):
            self._reply_over(reply, now)

    def _send(self, reply: Reply, now: float) -> bool:
        """Whether anything leaves or sounds at `now`."""
        chunks, sounding = self._speaker.take(now), self._speaker.sounding()
        if not chunks:
            if sounding is None:
                return False
            self._line.door.send_silence()
        elif not reply.has_begun:
            self._began(reply, is_answer=chunks[-1].clause != LEAD_IN)
        for chunk in chunks:
            self._line.metrics.bytes_said += chunk.pcm.nbytes
            self._line.door.send_audio(chunk)
        self.listener.said(sounding)
        return True

    def _nothing_leaves(self, now: float) -> None:
        """Keep the slot open where silence sends nothing: a silent packet that is due leaves on time."""
        if self._line.door.rests:
            self._open_slot = now
        else:
            self._silence()

    def _silence(self) -> None:
        self._line.door.send_silence()
        self.listener.said(None)

    def _fill_slot(self) -> None:
        """There may be audio for the slot that is still open."""
        slot = self._open_slot
        if slot is None or self._reply is None or self._line.clock() - slot > OPEN_SECS:
            return
        self._open_slot = None
        if not self._send(self._reply, slot):
            self._open_slot = slot

    def _began(self, reply: Reply, is_answer: bool) -> None:
        """Audio leaves while nothing of the answer had left: is it the answer's?"""
        now = self._line.clock()
        if not reply.is_audible:
            reply.stamps.audible = now
            self.happened(Happened.AUDIO_STARTED)
        reply.has_begun = is_answer
        if is_answer and self._asked:
            timing = reply.timing(now)
            self._line.metrics.total_latency_ms += timing.total_ms
            self._line.metrics.latencies += 1
            self._line.metrics.total_answer_ms += answer_ms(timing.stt_ms, timing.llm_ms, timing.tts_ms)
            self._line.emit(timing)
            self._line.emit(self._bill.so_far(reply.number))
            stages = asdict(timing)
            del stages["turn"], stages["perceived_ms"]
            self._line.observe(TurnStarted(self._line.id, self._line.kind.name, **stages))

    def _ask_if_silent(self, now: float) -> None:
        """Nobody is asked who speaks, or may be speaking, or is being spoken to."""
        if self._turn.state is not State.IDLE or self.listener.has_work or self.listener.hears_a_sign:
            self._long_silence.broken(now, by_an_answer=bool(self._reply and self._asked))
        elif self._long_silence.is_question_due(now):
            self.happened(Happened.QUESTION_DUE)

    # The turn

    def happened(self, event: Happened) -> None:
        """Move the turn on, and do what it asks for. An event that it does not expect is counted."""
        before = self._turn.state
        try:
            effects = self._turn.handle(event)
        except UnexpectedEvent as error:
            self._line.count(error.code)
            return
        after = self._turn.state
        if after.told != before.told:
            self._line.emit(StateChanged(after.told))
        if before is State.PAUSED and after is not before:
            self._pause_over(_PAUSE_OUTCOMES.get(event, "overtaken"))
        for effect in effects:
            self._carry_out(effect, event)

    def _carry_out(self, effect: Effect, event: Happened) -> None:
        match effect:
            case Effect.OPEN_UTTERANCE:
                self.listener.open_utterance()
            case Effect.FINISH_UTTERANCE:
                self.listener.finish_utterance()
            case Effect.START_REPLY:
                self._start_reply(self._unasked(event), self._voice_for(event))
            case Effect.PAUSE_REPLY:
                self._paused_at = self._line.clock()
                self._speaker.pause()
            case Effect.RESUME_REPLY:
                self._speaker.resume()
                self._fill_slot()
            case Effect.CANCEL_REPLY:
                self._cancel_reply()
            case Effect.DROP_UTTERANCE:
                self.listener.drop_utterances()
            case Effect.SET_ASIDE:
                self._set_aside(self._questions.all())

    def _unasked(self, event: Happened) -> str | None:
        """What the agent says by itself; None for an answer."""
        conversation = self._line.agent.spec.conversation
        match event:
            case Happened.GREETING_DUE:
                return conversation.greeting
            case Happened.TEST_TONE_DUE:
                return TEST_TONE_TEXT
            case Happened.QUESTION_DUE:
                return conversation.still_there
            case Happened.APOLOGY_DUE:
                return conversation.apology
            case Happened.GOODBYE_DUE:
                return conversation.goodbye
        return None

    def _voice_for(self, event: Happened) -> TtsEngine:
        return TEST_TONE if event is Happened.TEST_TONE_DUE else self._line.agent.engines.tts

    # The reply

    def _start_reply(self, unasked: str | None, tts: TtsEngine) -> None:
        line, now = self._line, self._line.clock()
        self._asked = () if unasked is not None else self._questions.all()
        if unasked is not None:
            thoughts = canned(unasked)
        else:
            line.metrics.llm_calls += 1
            line.metrics.llm_words += len(joined(self._asked).split())
            thoughts = line.agent.engines.llm.reply(
                as_turn(self._asked), self.history.messages(), self._memory
            )
        last = self._asked[-1] if self._asked else None
        self._reply = Reply(
            number=self._replies,
            thoughts=thoughts,
            tts=tts,
            speaker=self._speaker,
            emit=self._tell,
            on_clause=self._count_clause,
            on_audio=self._fill_slot,
            stamps=Stamps(last.spoke_until, last.ended, last.understood) if last else Stamps(now, now, now),
            # The agent's own sentences are in its own language, and a voice that a caller chose may be what failed.
            voice=line.settings.voice if unasked is None else None,
            language=line.settings.language if unasked is None else line.agent.spec.language,
        )
        self._replies += 1
        line.hold(self._reply.task)
        self._fill_from = self._when_to_fill(last, now)
        if self._fill_from is not None:
            self._fill(self._reply, now)

    def _when_to_fill(self, question: Question | None, now: float) -> float | None:
        """When a filler is due in the answer to `question`, None for never."""
        spec, door = self._line.agent.spec.conversation.fillers, self._line.kind.fillers
        when = door if door == "never" else spec.when or door
        if question is None or when == "never":
            return None
        return now if when == "always" else max(question.ended + spec.after_ms / 1000, now + MOMENT_SECS)

    def _fill(self, reply: Reply, now: float) -> None:
        """Say a filler if it is due, the answer is not there, and nobody else may be speaking."""
        if not reply.may_be_filled:
            self._fill_from = None
        elif self._fill_from is not None and now >= self._fill_from and not self.listener.hears_a_sign:
            self._fill_from = None
            if (filler := self._line.agent.fillers.number(self._fillers)) is not None:
                self._fillers += 1
                reply.fill(filler)

    def _tell(self, event: Event) -> None:
        if isinstance(event, AgentClause) and self._asked:
            self._line.metrics.llm_words += len(event.text.split())
        self._line.emit(event)

    def _count_clause(self, clause: str) -> None:
        self._line.metrics.tts_calls += 1
        self._line.metrics.tts_characters += len(clause)

    def _cancel_reply(self) -> None:
        if self._reply is None:
            return
        reply, self._reply = self._reply, None
        heard = reply.cut(self._line.clock())
        if reply.is_audible:
            self._line.metrics.interruptions += 1
        if heard.text:
            self._commit(reply, heard, "interrupted")
        elif reply.is_audible:
            self._end_turn(reply, heard, "interrupted")

    def _pause_over(self, outcome: str) -> None:
        seconds = self._line.clock() - self._paused_at
        if outcome == "revoked" and seconds >= LONGEST_PAUSE_SECS:
            outcome = "overdue"
        self._line.observe(ReplyPaused(self._line.id, self._line.kind.name, outcome, seconds))

    def _reply_over(self, reply: Reply, now: float) -> None:
        self._reply = None
        if not self._long_silence.waits_for_an_answer:
            self._line.use()
        heard = reply.heard(now)
        if reply.failure is not None:
            self._line.problem(reply.failure)
        failed, answers = reply.failure is not None, bool(self._asked)
        self._commit(reply, heard, "failed" if failed else "heard")
        self.happened(Happened.REPLY_FAILED if failed else Happened.REPLY_ENDED)
        if failed and answers:  # and not when the apology itself fails
            self.happened(Happened.APOLOGY_DUE)

    def _commit(self, reply: Reply, heard: Heard, outcome: str) -> None:
        """What was asked and what was heard of the answer become history."""
        self._set_aside(self._asked)
        if heard.text or heard.unheard:
            self.history.add(Message("assistant", heard.text, heard.unheard, heard.seconds))
        if reply.memory is not None:
            self._memory = dict(reply.memory.memory)
        self._end_turn(reply, heard, outcome)

    def _end_turn(self, reply: Reply, heard: Heard, outcome: str) -> None:
        self._line.metrics.turns += 1
        interrupted = outcome == "interrupted"
        self._line.emit(AgentHeard(reply.number, heard.text, heard.unheard, interrupted, heard.seconds))
        self._line.emit(self._bill.close_turn(reply.number))
        self._line.observe(TurnFinished(self._line.id, self._line.kind.name, outcome, heard.seconds))

    def _set_aside(self, done: tuple[Question, ...]) -> None:
        self._questions.set_aside(done)
        if words := joined(done):
            self.history.add(Message("user", words))
