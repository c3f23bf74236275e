"""Owns one client of each older system, all of one shape: ask, hear, read; each by its own system's door and messages.

async with KINDS["duplex"].call(place, number) as talker:
    begun, ended = await talker.say(question)
    first = await talker.first_audible(ended, within=10.0)

Times are seconds of the talker's own clock, taken just before audio leaves and when audio or a message has come.
"""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect

from tests.bench.doors.questions import Question
from tests.bench.wire.call import Target, WireCall
from tests.bench.wire.microphone import Microphone, Packet
from tests.bench.wire.switchboard import Switchboard, now
from tests.clients import plain_http
from tests.clients.sockets import DuplexClient, FastRtcClient, SocketClient

Messages = list[tuple[float, dict[str, Any]]]

READ_WITHIN = 10.0
SETTLE_SECS = 0.3
"""What was under way when the agent was stopped has come by then."""


@dataclass(frozen=True)
class Place:
    """Where calls are made: the server, and what all calls over WebRTC share. `noise`: the callers' room."""

    url: str
    board: Switchboard
    noise: Sequence[Packet]


class Talker(ABC):
    """A client in its call."""

    url: str
    clock: Callable[[], float]

    @property
    @abstractmethod
    def session_id(self) -> str: ...

    @abstractmethod
    def late(self) -> float:
        """Return by how many seconds this client's own clock was late at worst since this was asked last."""

    @abstractmethod
    async def say(self, question: Question) -> tuple[float, float]:
        """Say it to its end; return when its first and its last voiced packet left."""

    @abstractmethod
    async def type(self, text: str) -> None:
        """Say it by typing."""

    @abstractmethod
    async def first_audible(self, start: float, within: float) -> float:
        """Wait for the first audible audio at or after `start` and return when it came; raises TimeoutError."""

    @abstractmethod
    def audible_between(self, start: float, end: float) -> Sequence[float]:
        """Return when audible audio came in [start, end)."""

    @abstractmethod
    def messages(self, start: float = 0.0) -> Messages:
        """Return what was told at or after `start`, and when."""

    @abstractmethod
    async def __aenter__(self) -> Self: ...

    @abstractmethod
    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    async def told(self, kind: str, start: float, within: float = READ_WITHIN, **fields: Any) -> float:
        """Wait for a message of this type and with these fields; return when it came; raises TimeoutError."""
        wanted = {"type": kind, **fields}.items()
        async with asyncio.timeout(within):
            while True:
                for at, message in self.messages(start):
                    if wanted <= message.items():
                        return at
                await asyncio.sleep(0.01)

    async def silence(self) -> None:
        """Stop the agent, as Alice's page does for a session of any door, and wait until nothing more comes."""
        stop = {"session_id": self.session_id}
        await plain_http.request("POST", f"{self.url}/api/voice/stop-tts", stop)
        await asyncio.sleep(SETTLE_SECS)


class WireTalker(Talker):
    """Over WebRTC; an agent that greets is stopped at its first word."""

    clock = staticmethod(now)
    call_class: type[WireCall[Microphone]] = WireCall

    def __init__(self, place: Place, number: int) -> None:
        self.url = place.url
        self._board = place.board
        microphone = Microphone(place.noise, start=number * 37)
        self._call = self.call_class(place.board, Target(place.url), microphone, data_channel=True)

    @property
    def session_id(self) -> str:
        return str(next(m["session_id"] for _, m in self.messages() if m["type"] == "session"))

    def late(self) -> float:
        late, self._board.latest = self._board.latest, 0.0
        return late

    async def __aenter__(self) -> Self:
        await self._call.__aenter__()
        try:
            await self.told("session", 0.0)
            if any(message.get("greeting") for _, message in self.messages()):
                await self.first_audible(0.0, READ_WITHIN)
                await self.silence()
        except BaseException:
            await self._call.hang_up()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._call.hang_up()

    async def say(self, question: Question) -> tuple[float, float]:
        saying = self._call.microphone.say(question.packets)
        return await saying.begun, await saying.ended

    async def type(self, text: str) -> None:
        assert self._call.data is not None
        self._call.data.tell({"type": "text", "text": text})

    async def first_audible(self, start: float, within: float) -> float:
        return await self._call.heard.first_audible(start, within)

    def audible_between(self, start: float, end: float) -> Sequence[float]:
        return self._call.heard.audible_between(start, end)

    def messages(self, start: float = 0.0) -> Messages:
        told = self._call.data.messages if self._call.data is not None else []
        return [(at, message) for at, message in told if at >= start]


class SignaledCall(WireCall[Microphone]):
    """A call whose offer goes by `/ws/v2/{session_id}`; the socket stays open for as long as the call."""

    _signaling: ClientConnection | None = None

    async def exchange(self, offer: Any, within: float) -> Any:
        address = f"ws{self.target.url.removeprefix('http')}/ws/v2/bench-{uuid.uuid4().hex}"
        async with asyncio.timeout(within):
            self._signaling = await connect(address, compression=None)
            await self._signaling.send(json.dumps(offer))
            while (answer := json.loads(await self._signaling.recv()))["type"] != "answer":
                pass
        return answer

    async def hang_up(self) -> None:
        await super().hang_up()
        if self._signaling is not None:
            await self._signaling.close()


class SignaledTalker(WireTalker):
    call_class = SignaledCall


class SocketTalker(Talker):
    """Over a WebSocket, with a microphone that stays open."""

    clock = staticmethod(time.monotonic)

    def __init__(self, client: SocketClient) -> None:
        self.url = client.url
        self.client = client

    @property
    def session_id(self) -> str:
        return self.client.session_id

    def late(self) -> float:
        late, self.client.pace.latest = self.client.pace.latest, 0.0
        return late

    async def __aenter__(self) -> Self:
        await self.client.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.client.hang_up()

    async def say(self, question: Question) -> tuple[float, float]:
        spoken = self.client.say(question.pcm)
        return await spoken.begun(), await spoken.ended()

    async def type(self, text: str) -> None:
        await self.client.send({"type": "text", "text": text})

    async def first_audible(self, start: float, within: float) -> float:
        return (await self.client.heard.first_audible(start, within)).at

    def audible_between(self, start: float, end: float) -> Sequence[float]:
        return [arrival.at for arrival in self.client.heard.audible(start, end)]

    def messages(self, start: float = 0.0) -> Messages:
        return [(event.at, event.body) for event in self.client.events.all if event.at >= start]


@dataclass(frozen=True)
class Kind:
    """A system's kind of client. `answer`: the type of the messages that hold an answer's text."""

    system: str
    door: str
    call: Callable[[Place, int], Talker]
    answer: str


def _fastrtc(place: Place, _number: int) -> Talker:
    return SocketTalker(FastRtcClient(place.url, streaming=True))


def _duplex(place: Place, _number: int) -> Talker:
    return SocketTalker(DuplexClient(place.url))


KINDS = {
    "offer": Kind("Alice", "/api/webrtc/offer", WireTalker, "reply"),
    "signaling": Kind("Voice AI Backend v2", "/ws/v2", SignaledTalker, "reply"),
    "fastrtc": Kind("FastRTC Voice AI", "/api/v1/rtc/stream", _fastrtc, "response"),
    "duplex": Kind("full-duplex agent", "/ws", _duplex, "text"),
}
