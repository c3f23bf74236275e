"""One call: what its door and the pacer say to it, and its life from the first message to the end.

    door -> hear -> Listener (ear, STT) -> Conversation (turn, reply, history) -> tick -> door.send_audio

Rules: a session ends once, and then holds nothing; after that, and while it says its goodbye, whatever the peer
still says counts for nothing. Every method is plain and never waits, but for the two that wait for its tasks.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

from typing_extensions import TypedDict

from parley_dataplane import hearing
from parley_dataplane.agent import Agent
from parley_dataplane.conversation import Conversation
from parley_dataplane.doors import Door, DoorKind, NoDoor
from parley_dataplane.errors import BadMessage
from parley_dataplane.events import CallEnded
from parley_dataplane.history import History, HistoryMessage, as_json
from parley_dataplane.line import Line
from parley_dataplane.media import Pcm
from parley_dataplane.records import CallFinished, Observer
from parley_dataplane.session_metrics import SessionMetrics
from parley_dataplane.session_settings import MAX_TYPED_CHARS, SessionSettings
from parley_dataplane.turns import Happened, State

GOODBYE_SECS = 6.0
"""How long a goodbye may take, from when the service wants to end the call."""


class SessionInfo(TypedDict):
    """The id twice, under the names of different systems; `created_at` in seconds since 1970."""

    id: str
    session_id: str
    state: str
    door: str
    created_at: float
    settings: SessionSettings
    history: list[HistoryMessage]
    metrics: SessionMetrics


class Session:
    """One conversation. Made by Sessions.open; `ear` is its own."""

    def __init__(
        self,
        session_id: str,
        kind: DoorKind,
        door: Door,
        agent: Agent,
        settings: SessionSettings,
        observe: Observer,
        on_end: Callable[[Session, str], None],
        ear: hearing.Ear,
    ) -> None:
        self.id = session_id
        self.created_at = time.time()
        self.ended: str | None = None
        self.over = asyncio.Event()
        self._on_end = on_end
        self._line = Line(session_id, kind, door, agent, settings, observe, asyncio.get_running_loop().time)
        self._line.use()
        self._began = self._line.used
        self._conversation = Conversation(self._line, ear)
        self._listener = self._conversation.listener
        self._leaving: tuple[str, float] | None = None  # (why, until when)
        self._idle_secs = agent.spec.sessions.idle_timeout_seconds
        self._must_end_at = self._began + agent.spec.sessions.longest_call_seconds

    @property
    def agent(self) -> Agent:
        """As it was when the session began; the process may have taken another since."""
        return self._line.agent

    @property
    def kind(self) -> DoorKind:
        return self._line.kind

    @property
    def settings(self) -> SessionSettings:
        return self._line.settings

    @property
    def metrics(self) -> SessionMetrics:
        return self._line.metrics

    @property
    def history(self) -> History:
        return self._conversation.history

    @property
    def state(self) -> str:
        """As peers are told it: a paused answer is being spoken."""
        return self._conversation.state.told

    @property
    def has_door(self) -> bool:
        return not isinstance(self._line.door, NoDoor)

    @property
    def is_at_rest(self) -> bool:
        """Nobody speaks, nothing that was heard waits, and no answer is being made."""
        return self._conversation.state is State.IDLE and not self._listener.has_work

    # What the door calls

    def attach(self, kind: DoorKind, door: Door) -> None:
        """The peer of a session that waited for it is here; `NoDoor` when it has gone and may come back."""
        self._line.kind, self._line.door = kind, door
        self._conversation.attach()
        self._line.use()

    def start(self, *, test_tone: bool = False) -> None:
        """The media is connected: an agent that speaks first may; a test tone takes the greeting's place."""
        if self._is_over:
            return
        self._line.use()
        self._conversation.begin()
        if test_tone:
            self._conversation.happened(Happened.TEST_TONE_DUE)
        elif self.kind.speaks_first and self._line.agent.greeting:
            self._conversation.happened(Happened.GREETING_DUE)

    def hear(self, pcm: Pcm) -> None:
        """16 kHz audio of any length, whole and in order. Raises BadAudio when far more waits than can be heard."""
        self._count(pcm)
        if self._listens:
            self._listener.push(pcm)

    def sense(self, pcm: Pcm) -> None:
        """16 kHz audio in the order of its arrival, gaps and all: what detectors look at. Its other half is
        hear_ordered.
        """
        if self._listens:
            self._listener.sense(pcm)

    def hear_ordered(self, pcm: Pcm) -> None:
        """16 kHz audio in its own order, gaps made good: what STT hears. Its other half is sense. Raises BadAudio."""
        self._count(pcm)
        if self._listens:
            self._listener.hear(pcm)

    def hear_whole(self, pcm: Pcm, measured: hearing.Measured | None = None) -> None:
        """sense and hear_ordered of the same audio at once: nothing before it is missing. Raises BadAudio."""
        self._count(pcm)
        if self._listens:
            self._listener.hear_whole(pcm, measured)

    def end_of_audio(self) -> None:
        """A recording is complete: what was said in it is a turn now."""
        if not self._is_over:
            self._listener.end_of_audio()

    def type_text(self, text: str) -> None:
        """Raises BadMessage when it is empty or longer than MAX_TYPED_CHARS."""
        words = " ".join(text.split())
        if not words or len(text) > MAX_TYPED_CHARS:
            raise BadMessage(f"text of {len(text)} characters: use 1 to {MAX_TYPED_CHARS}")
        if not self._is_over:
            self._line.use()
            self._listener.typed(words)

    def interrupt(self) -> bool:
        """Silence, at once. Returns whether there was an answer to stop."""
        if self._is_over:
            return False
        self._line.use()
        was_answering = self._conversation.is_answering
        self._conversation.happened(Happened.INTERRUPTED)
        return was_answering

    def configure(self, **changes: Any) -> None:
        """Change settings from now on; raises BadMessage, and changes nothing, when one is out of range."""
        self._line.settings = self._line.settings.changed(**changes)
        self._line.use()
        self._listener.configure()

    def info(self) -> SessionInfo:
        """What the owner of the session id may read."""
        return {
            "id": self.id,
            "session_id": self.id,
            "state": self.state,
            "door": self.kind.name,
            "created_at": self.created_at,
            "settings": self.settings,
            "history": as_json(self._conversation.so_far()),
            "metrics": self.metrics,
        }

    def _count(self, pcm: Pcm) -> None:
        if not self._is_over:
            self._line.metrics.bytes_heard += pcm.nbytes
            if self._line.kind.audio_is_use:
                self._line.use()

    @property
    def _listens(self) -> bool:
        """An agent that may not be interrupted hears nothing while it answers, and none does during a test tone: a
        cough would make a hole in it, which whoever measures the line would take for the line's. A filler is no
        answer: who has only paused goes on beneath it.
        """
        if self._is_over or self._conversation.is_testing:
            return False
        if self._line.settings.barge_in or self._conversation.is_only_filling:
            return True
        return self._conversation.state not in (State.SPEAKING, State.PAUSED)

    # What the pacer calls

    def tick(self, now: float) -> None:
        """20 ms have passed: decide what time decides, and send what is due."""
        if self._leaving is None:
            self._listener.tick(now)
        self._conversation.tick(now)
        if self._leaving is not None:
            reason, until = self._leaving
            if now > until or not self._conversation.is_answering:
                self.end(reason)
        elif now > self._must_end_at:
            self.leave("longest-call")
        elif now - self._line.used > self._idle_secs and self._conversation.state is State.IDLE:
            self.leave("idle")

    # Its end

    def leave(self, reason: str) -> None:
        """Say goodbye, and then end: nothing that the peer says or sends counts any more."""
        if self._is_over:
            return
        if not self.has_door or not self._line.agent.spec.conversation.goodbye:
            self.end(reason)
            return
        self._leaving = (reason, self._line.clock() + GOODBYE_SECS)
        self._conversation.happened(Happened.GOODBYE_DUE)

    def end(self, reason: str) -> None:
        """End the session, at once and for good."""
        if self.ended is not None:
            return
        self.ended = reason
        self.over.set()
        line, seconds = self._line, self._line.clock() - self._began
        self._conversation.close()
        line.emit(CallEnded(reason))
        self._on_end(self, reason)
        door, line.door = line.door, NoDoor()  # each holds the other: apart, both are freed at once
        door.close(reason)
        counted = self.metrics
        line.observe(
            CallFinished(
                self.id,
                self.kind.name,
                reason,
                seconds,
                counted.turns,
                counted.bytes_heard,
                counted.bytes_said,
            )
        )

    async def close(self, reason: str) -> None:
        """end(), and wait until its tasks have freed their engines."""
        self.end(reason)
        await self.settled()

    async def settled(self) -> None:
        """Wait until nothing of it runs."""
        await self._line.settled()

    @property
    def _is_over(self) -> bool:
        return self.ended is not None or self._leaving is not None
