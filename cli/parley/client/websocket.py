"""A call over the WebSocket `/ws`: Int16 audio both ways, JSON beside it. A lost one can't be resumed there."""

from __future__ import annotations

import asyncio
import contextlib
import json

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidMessage, InvalidStatus

from parley.client import replies
from parley.client.address import Address
from parley.client.errors import CallError, Unreachable, WrongUrl
from parley.client.events import Audio, Ended, Session, read
from parley.client.link import OPEN_SECS, Listener
from parley.client.voice import Pace, Voice

PING_SECS, PONG_SECS = 5.0, 10.0
"""So soon is a network that has gone noticed."""
MOST_BYTES = 1_048_576
"""Of one message: 22 s of audio; they hold 20 ms."""
MOST_TEXTS = 64


class WebSocketLink:
    def __init__(self, address: Address, voice: Voice, hear: Listener) -> None:
        self._url = address.duplex
        self._voice = voice
        self._hear = hear
        self._socket: ClientConnection | None = None
        self._texts: asyncio.Queue[str] = asyncio.Queue(MOST_TEXTS)

    async def open(self, resume: str) -> Session:
        """Connecting begins a session, whatever was before."""
        try:
            self._socket = await connect(
                self._url,
                compression=None,
                max_size=MOST_BYTES,
                open_timeout=OPEN_SECS,
                ping_interval=PING_SECS,
                ping_timeout=PONG_SECS,
            )
            return await self._session(self._socket)
        except InvalidStatus as error:
            answer = error.response
            retry_after = answer.headers.get("Retry-After", "")
            body = bytes(answer.body or b"")
            raise replies.of_http(self._url, answer.status_code, retry_after, body) from None
        except InvalidMessage as error:  # broken off, as by a server that is about to stop, or no HTTP/1.1
            raise Unreachable(f"no answer at {self._url} that can be read ({error})") from None
        except (OSError, TimeoutError, ConnectionClosed) as error:
            raise Unreachable(
                f"nobody answers at {self._url} ({type(error).__name__}): is it running?"
            ) from None
        except InvalidHandshake:
            raise WrongUrl(
                f"what answers at {self._url} is no WebSocket: is a Parley server there?"
            ) from None

    async def serve(self) -> Ended | None:
        assert self._socket is not None
        senders = [asyncio.create_task(send(self._socket)) for send in (self._speak, self._write)]
        try:
            return await self._read(self._socket)
        finally:
            for sender in senders:
                sender.cancel()
            await asyncio.gather(*senders, return_exceptions=True)

    def send(self, message: dict[str, str]) -> None:
        """What finds no room any more would be too late."""
        with contextlib.suppress(asyncio.QueueFull):
            self._texts.put_nowait(json.dumps(message))

    async def close(self) -> None:
        if self._socket is not None:
            await self._socket.close()

    async def _session(self, socket: ClientConnection) -> Session:
        """The first message, which is a session or why there is none."""
        try:
            async with asyncio.timeout(OPEN_SECS):
                raw = await socket.recv()
        except BaseException:
            await socket.close()
            raise
        for event in read(raw) if isinstance(raw, str) else []:
            if isinstance(event, Session):
                return event
        await socket.close()
        raise _refusal(raw, self._url)

    async def _read(self, socket: ClientConnection) -> Ended | None:
        with contextlib.suppress(ConnectionClosed):
            async for message in socket:
                for event in [Audio(message)] if isinstance(message, bytes) else read(message):
                    if isinstance(event, Ended):
                        return event
                    if not isinstance(event, Session):
                        self._hear(event)
        return None

    async def _speak(self, socket: ClientConnection) -> None:
        pace = Pace()
        while True:
            frame = await self._voice.next_frame()
            await pace.tick()
            await socket.send(frame)

    async def _write(self, socket: ClientConnection) -> None:
        while True:
            await socket.send(await self._texts.get())


def _refusal(raw: str | bytes, url: str) -> CallError:
    with contextlib.suppress(ValueError):
        match json.loads(raw):
            case {"type": "error", "code": str(code), "message": str(detail)} as message:
                return replies.of_message(code, detail, str(message.get("retry_after", "")))
    return WrongUrl(f"what answers at {url} speaks another protocol: is a Parley server there?")
