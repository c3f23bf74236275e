"""Owns a Parley without engines: sessions that note what the doors call, and a peer that speaks plain ASGI."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi import FastAPI

from parley_api import load
from parley_dataplane import routes
from parley_dataplane.agent import AgentInfo
from parley_dataplane.doors import Door, DoorKind
from parley_dataplane.errors import BadMessage, BadSdp, EndedSession, ParleyError, UnknownSession
from parley_dataplane.events import CallEnded
from parley_dataplane.media import Pcm
from parley_dataplane.pipeline_stats import PipelineStats
from parley_dataplane.records import Record
from parley_dataplane.session import SessionInfo
from parley_dataplane.session_metrics import SessionMetrics
from parley_dataplane.session_settings import SessionSettings
from tests.one_call import Call

BENCH = Path(__file__).parents[4] / "examples" / "bench.yaml"
BENCH_SPEC = load(BENCH).spec

Message = MutableMapping[str, Any]


class NotedSession:
    """A session that does nothing but note; it ends as the real one does: event, then close."""

    def __init__(self, session_id: str, kind: DoorKind, door: Door | None, settings: SessionSettings) -> None:
        self.id, self.kind, self.door, self.settings = session_id, kind, door, settings
        self.agent = NotedAgent()
        self.state = "idle"
        self.created_at = 1_800_000_000.0
        self.metrics = SessionMetrics()
        self.ended: str | None = None
        self.calls: list[Any] = []
        self.heard: list[Pcm] = []

    @property
    def has_door(self) -> bool:
        return self.door is not None

    def start(self, *, test_tone: bool = False) -> None:
        self.calls.append("start with a test tone" if test_tone else "start")

    def hear(self, pcm: Pcm) -> None:
        if self.calls[-1:] != ["hear"]:
            self.calls.append("hear")
        self.heard.append(pcm)

    def end_of_audio(self) -> None:
        self.calls.append("end_of_audio")

    def type_text(self, text: str) -> None:
        self.calls.append(("type_text", text))

    def interrupt(self) -> bool:
        self.calls.append("interrupt")
        return True

    def configure(self, **changes: Any) -> None:
        self.settings = self.settings.changed(**changes)

    def end(self, reason: str) -> None:
        if self.ended is None:
            self.ended = reason
            if self.door is not None:
                self.door.send_event(CallEnded(reason))
                self.door.close(reason)

    def info(self) -> SessionInfo:
        return {
            "id": self.id,
            "session_id": self.id,
            "state": self.state,
            "door": self.kind.name,
            "created_at": self.created_at,
            "settings": self.settings,
            "history": [],
            "metrics": self.metrics,
        }

    def pcm(self) -> Pcm:
        return np.concatenate([np.zeros(0, np.int16), *self.heard])


@dataclass
class NotedSessions:
    settings: SessionSettings
    all: dict[str, NotedSession] = field(default_factory=dict)
    refuse: ParleyError | None = None

    def open(
        self,
        kind: DoorKind,
        door: Door | None = None,
        *,
        session_id: str | None = None,
        settings: SessionSettings | None = None,
    ) -> NotedSession:
        if self.refuse is not None:
            raise self.refuse
        if session_id is not None and " " in session_id:
            raise BadMessage("session id")
        waiting = self.all.get(session_id or "")
        if waiting is not None and waiting.ended is None:
            waiting.door = door
            return waiting
        session = NotedSession(session_id or f"s{len(self.all)}", kind, door, settings or self.settings)
        self.all[session.id] = session
        return session

    def get(self, session_id: str) -> NotedSession:
        if session_id not in self.all:
            raise UnknownSession("no such session")
        if self.all[session_id].ended is not None:
            raise EndedSession("over")
        return self.all[session_id]

    def active(self) -> list[NotedSession]:
        return [session for session in self.all.values() if session.ended is None]

    def __len__(self) -> int:
        return len(self.active())

    @property
    def last(self) -> NotedSession:
        return list(self.all.values())[-1]


class NotedAgent:
    name = "bench"
    greeting = "Hello."
    digest = "0" * 64
    ice_servers = ({"urls": ["turn:t.example"], "username": "me", "credential": "x"},)

    def __init__(self) -> None:
        self.spec = BENCH_SPEC

    def info(self) -> AgentInfo:
        return {
            "name": self.name,
            "language": self.spec.language,
            "greeting": self.greeting,
            "engines": {"stt": "none"},
            "examples": [],
        }


class NoCalls:
    """Answers no offer."""

    async def answer(self, sdp: str, **_: object) -> Any:
        raise BadSdp("nonsense")


class NotedParley:
    def __init__(self) -> None:
        self.calls = NoCalls()
        self.agent = NotedAgent()
        self.sessions = NotedSessions(SessionSettings.of(self.agent.spec))
        self.fastrtc_stats = PipelineStats("fastrtc")
        self.ready = True
        self.errors: list[str] = []
        self.doors: list[str] = []
        """Of the errors."""
        self.records: list[Record] = []

    def observe(self, record: Record) -> None:
        self.records.append(record)

    def count_error(self, error: ParleyError, door: str = "") -> None:
        self.errors.append(error.code)
        self.doors.append(door)

    def metrics_text(self) -> bytes:
        return b"# nothing\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def raw(headers: dict[str, str] | None) -> list[tuple[bytes, bytes]]:
    """As ASGI has them."""
    return [(name.encode(), value.encode()) for name, value in (headers or {}).items()]


class Socket:
    """A client of one WebSocket route."""

    def __init__(self, app: FastAPI, path: str, headers: dict[str, str] | None = None) -> None:
        self._in: asyncio.Queue[Message] = asyncio.Queue()
        self._out: asyncio.Queue[Message] = asyncio.Queue()
        self._in.put_nowait({"type": "websocket.connect"})
        scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "headers": raw(headers),
        }
        self.serving = asyncio.create_task(app(scope, self._in.get, self._out.put))

    async def __aenter__(self) -> Socket:
        assert (await self.next())["type"] == "websocket.accept"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._in.put_nowait({"type": "websocket.disconnect", "code": 1005})
        await asyncio.wait_for(self.serving, 2.0)

    def say(self, message: dict[str, Any] | str | bytes) -> None:
        raw = json.dumps(message) if isinstance(message, dict) else message
        kind = "text" if isinstance(raw, str) else "bytes"
        self._in.put_nowait({"type": "websocket.receive", kind: raw})

    async def hear(self) -> Any:
        """The next message: JSON read, binary as it is, ("close", code) at the end."""
        message = await self.next()
        if message["type"] == "websocket.close":
            return "close", message["code"]
        return json.loads(message["text"]) if message.get("text") is not None else message["bytes"]

    async def settled(self) -> None:
        """All that was said has been worked through."""
        for _ in range(200):
            await asyncio.sleep(0)

    def silent(self) -> bool:
        return self._out.empty()

    async def next(self) -> Message:
        """What the server did, as ASGI has it."""
        return await asyncio.wait_for(self._out.get(), 5.0)


class Server:
    """The application over a noted Parley, or over the sessions and engines of `call`."""

    def __init__(self, call: Call | None = None) -> None:
        self.parley = NotedParley()
        if call is not None:
            self.parley.agent, self.parley.sessions = call.agent, call.sessions  # type: ignore[assignment]
        self.app = FastAPI()
        routes.mount(self.app, self.parley)  # type: ignore[arg-type]

    @property
    def session(self) -> NotedSession:
        return self.parley.sessions.last

    def socket(self, path: str, headers: dict[str, str] | None = None) -> Socket:
        return Socket(self.app, path, headers)

    async def http(
        self, method: str, path: str, body: bytes | list[bytes] = b"", headers: dict[str, str] | None = None
    ) -> Answer:
        """`body` as a list comes in that many pieces; an empty last one never comes."""
        pieces = body if isinstance(body, list) else [body]
        inbox = [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces) - 1}
            for number, piece in enumerate(pieces)
        ]
        sent: list[Message] = []

        async def receive() -> Message:
            return (
                inbox.pop(0)
                if inbox and (inbox[0]["body"] or len(pieces) == 1)
                else await asyncio.Event().wait()
            )  # type: ignore[func-returns-value]

        async def send(message: Message) -> None:
            sent.append(message)

        path, _, query = path.partition("?")
        scope = {
            "type": "http", "method": method, "path": path, "raw_path": path.encode(),
            "query_string": query.encode(), "headers": raw(headers), "http_version": "1.1", "scheme": "http",
        }  # fmt: skip
        # Starlette answers 500 and raises the fault again, for the server's log.
        with contextlib.suppress(ZeroDivisionError):
            await self.app(scope, receive, send)
        start = sent[0]
        names = {name.decode(): value.decode() for name, value in start["headers"]}
        return Answer(start["status"], names, b"".join(message.get("body", b"") for message in sent[1:]))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def over() -> Callable[[Call], Server]:
    """The application over a call's own sessions and fake engines."""
    return Server
