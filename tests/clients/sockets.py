"""Owns calls over a WebSocket: FastRTC's `/api/v1/rtc/stream` and the full-duplex agent's `/ws`.

Sixteen-bit PCM goes up at 16 kHz, 50 slices a second with silence between utterances (`streaming`), or as
whole files.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import time
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Any, Self

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.clients.containers import read_wav
from tests.clients.events import Events
from tests.clients.microphone import Microphone, Pace, Spoken
from tests.clients.recording import Recording
from tests.speech import Pcm

UP_RATE, DOWN_RATE = 16_000, 24_000


class SocketClient(ABC):
    """What both have in common: a socket, a microphone, what was heard and read."""

    path = ""
    rate = UP_RATE
    """Hz of what is said."""

    def __init__(self, url: str, *, streaming: bool = True) -> None:
        self._address = f"ws{url.removeprefix('http')}{self.path}"
        self.url = url
        self.microphone = Microphone(UP_RATE)
        self.pace = Pace()
        self.heard = Recording(DOWN_RATE)
        self.events = Events()
        self.session_id = ""
        self.close_code: int | None = None
        self.closed_at = 0.0
        self.socket: ClientConnection
        self._streaming = streaming
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        # One message down may hold a whole clause; the client's own limit is not what is tested.
        self.socket = await connect(self._address, max_size=64 * 2**20, compression=None)
        self._tasks.append(asyncio.create_task(self._read()))
        await self._begin()
        if self._streaming:
            self._tasks.append(asyncio.create_task(self._speak()))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.hang_up()

    async def _begin(self) -> None:  # noqa: B027 - a door may want nothing
        """Say hello as this door wants it, and learn the session's id."""

    def say(self, pcm: Pcm) -> Spoken:
        """Queue speech at 16 kHz; it leaves at the pace of speech."""
        return self.microphone.say(pcm)

    async def send(self, message: dict[str, Any]) -> None:
        await self.socket.send(json.dumps(message))

    async def send_bytes(self, data: bytes) -> None:
        await self.socket.send(data)

    async def hang_up(self) -> None:
        await self.socket.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def closed(self, within: float = 10.0) -> int:
        """Wait until the server has closed; return its close code."""
        await asyncio.wait_for(self.socket.wait_closed(), within)
        assert self.socket.close_code is not None
        return self.socket.close_code

    async def _speak(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                await self.pace.tick()
                await self.socket.send(self.microphone.frame().tobytes())
                self.microphone.sent(time.monotonic())

    async def _read(self) -> None:
        with contextlib.suppress(ConnectionClosed):
            async for message in self.socket:
                at = time.monotonic()
                if isinstance(message, str):
                    self.events.add(json.loads(message), at)
                else:
                    self.heard.add(at, len(message), self._decode(message))

    @abstractmethod
    def _decode(self, message: bytes) -> Pcm:
        """Return the samples of a binary message, at 24 kHz."""


class DuplexClient(SocketClient):
    """`/ws`: Int16 up, Int16 down."""

    path = "/ws"

    async def _begin(self) -> None:
        self.session_id = (await self.events.wait("session"))["session_id"]

    async def answer_leaves(self, since: float) -> float:
        """Wait until the answer begins to arrive, behind its filler; return when it did."""
        await self.events.wait("metrics", since)
        return next(e.at for e in self.events.all if e.at >= since and e.body["type"] == "metrics")

    def _decode(self, message: bytes) -> Pcm:
        return np.frombuffer(message, np.int16)


class FastRtcClient(SocketClient):
    """`/api/v1/rtc/stream`: JSON and audio up, JSON and one WAV per clause down."""

    path = "/api/v1/rtc/stream"

    def __init__(self, url: str, *, streaming: bool = False, user_id: str = "test") -> None:
        super().__init__(url, streaming=streaming)
        self._user_id = user_id
        self.config: dict[str, Any] = {}

    async def _begin(self) -> None:
        await self.send({"type": "start_session", "user_id": self._user_id})
        started = await self.events.wait("session_started")
        self.session_id, self.config = started["session_id"], started["config"]

    async def send_base64(self, data: bytes) -> None:
        await self.send({"type": "audio_base64", "data": base64.b64encode(data).decode()})

    def _decode(self, message: bytes) -> Pcm:
        pcm, rate = read_wav(message)
        assert rate == DOWN_RATE, rate
        return pcm
