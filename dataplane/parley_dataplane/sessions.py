"""All conversations of the process: opened up to a limit, found by id, and remembered for a while after their
end.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from parley_dataplane import hearing
from parley_dataplane.agent import Agent
from parley_dataplane.doors import Door, DoorKind, NoDoor
from parley_dataplane.errors import BadMessage, Draining, EndedSession, TooManySessions, UnknownSession
from parley_dataplane.media.pacer import Pacer
from parley_dataplane.records import CallStarted, Observer
from parley_dataplane.session import Session
from parley_dataplane.session_settings import SessionSettings

ENDED_IDS = 10_000
"""Ids that are remembered after their session's end, so that they answer 410 and not 404."""

SESSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


def open_ear(agent: Agent, settings: SessionSettings) -> hearing.Ear:
    """A caller's hearing, by the agent's VAD."""
    vad = agent.engines.vad
    return hearing.Ear(
        vad.open(),
        vad.window,
        settings.vad_threshold,
        settings.silence_ms,
        settings.max_utterance_ms,
        agent.spec.turn_taking.minimum_speech_ms,
    )


@dataclass(slots=True)
class Sessions:
    """All conversations of the process; each has an ear of its own, by `open_ear`."""

    agent: Agent
    """Of those that are opened from now on."""
    pacer: Pacer
    observe: Observer
    make_room: Callable[[], bool] = lambda: False
    """Ends a session that another may have the place of; whether there was one."""
    draining: bool = False
    open_ear: Callable[[Agent, SessionSettings], hearing.Ear] = open_ear
    _active: dict[str, Session] = field(default_factory=dict)
    _ended: OrderedDict[str, str] = field(default_factory=OrderedDict)
    _leaving: set[asyncio.Task[None]] = field(default_factory=set)

    def open(
        self,
        kind: DoorKind,
        door: Door | None = None,
        *,
        session_id: str | None = None,
        settings: SessionSettings | None = None,
    ) -> Session:
        """A new session, or the one of that id which still waits for its peer at this door.

        Raises Draining, TooManySessions, or BadMessage for an id that is malformed or in use.
        """
        if session_id is not None:
            if not SESSION_ID.fullmatch(session_id):
                raise BadMessage(
                    "session id: use 1 to 128 letters, digits, dots, dashes and underscores, "
                    "beginning with a letter or digit"
                )
            if (waiting := self._active.get(session_id)) is not None:
                if waiting.has_door or door is None or waiting.kind.name != kind.name:
                    raise BadMessage("the session id is in use: choose another, or end that session first")
                waiting.attach(kind, door)
                return waiting
        self._check_room()
        settings = settings or SessionSettings.of(self.agent.spec)
        session = Session(
            session_id or secrets.token_hex(16),
            kind,
            door or NoDoor(),
            self.agent,
            settings,
            self.observe,
            self._end,
            self.open_ear(self.agent, settings),
        )
        self._active[session.id] = session
        self._ended.pop(session.id, None)
        self.pacer.add(session)
        self.observe(CallStarted(session.id, kind.name))
        return session

    def get(self, session_id: str) -> Session:
        """Raises EndedSession or UnknownSession."""
        session = self._active.get(session_id)
        if session is not None:
            return session
        if session_id in self._ended:
            raise EndedSession("this session has ended: open a new one")
        raise UnknownSession("there is no session of this id here: open one first")

    def active(self) -> list[Session]:
        return list(self._active.values())

    def __len__(self) -> int:
        return len(self._active)

    async def last_of(self, agent: Agent) -> None:
        """Wait until no session has `agent` any more, and nothing of one that has ended runs."""
        for session in self.active():
            if session.agent is agent:
                await session.over.wait()
        await asyncio.gather(*self._leaving)

    async def emptied(self) -> None:
        """Wait until there is no session any more, and nothing of one that has ended runs."""
        while sessions := self.active():
            for session in sessions:
                await session.over.wait()
        await asyncio.gather(*self._leaving)

    async def leave(self, reason: str) -> None:
        """Take no more, and end all after a goodbye."""
        self.draining = True
        sessions = self.active()
        for session in sessions:
            session.leave(reason)
        for session in sessions:
            await session.over.wait()

    async def close(self, reason: str) -> None:
        """Take no more, and end all."""
        self.draining = True
        sessions = self.active()
        for session in sessions:
            session.end(reason)
        await asyncio.gather(*(session.settled() for session in sessions), *self._leaving)

    def _check_room(self) -> None:
        if self.draining:
            raise Draining("this server takes no new calls: it is about to stop")
        limit = self.agent.spec.sessions.limit
        while len(self._active) >= limit:
            if not self.make_room():
                raise TooManySessions(f"{limit} of {limit} sessions are in use: try again in a moment")

    def _end(self, session: Session, reason: str) -> None:
        self._active.pop(session.id, None)
        self._ended[session.id] = reason
        while len(self._ended) > ENDED_IDS:
            self._ended.popitem(last=False)
        self.pacer.remove(session)
        task = asyncio.create_task(session.settled(), name="session-end")
        self._leaving.add(task)
        task.add_done_callback(self._leaving.discard)
