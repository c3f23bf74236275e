"""A server of chat completions for tests: HTTP by hand, so that it can also hang, break off and say nonsense."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Write = Callable[[bytes], Awaitable[None]]
Behaviour = Callable[[Write], Awaitable[None]]

STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


@dataclass
class ChatServer:
    """`behave` answers each request; what came is in `requests` and `headers`, how many left early in `left`."""

    behave: Behaviour
    url: str = ""
    requests: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    left: int = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request: who closes the connection before the answer is complete has left."""

        async def write(data: bytes) -> None:
            writer.write(data)
            await writer.drain()

        await self._read(reader)
        answering, leaving = asyncio.ensure_future(self.behave(write)), asyncio.ensure_future(reader.read(1))
        await asyncio.wait([answering, leaving], return_when="FIRST_COMPLETED")
        self.left += not answering.done() or isinstance(answering.exception(), ConnectionError)
        for task in (answering, leaving):
            task.cancel()
        await asyncio.gather(answering, leaving, return_exceptions=True)
        writer.close()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.strip().split("\r\n")
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        self.paths.append(first)
        self.headers.append(headers)
        self.requests.append(json.loads(await reader.readexactly(int(headers["content-length"]))))


@asynccontextmanager
async def chat_server(behave: Behaviour) -> AsyncIterator[ChatServer]:
    chat = ChatServer(behave)
    server = await asyncio.start_server(chat.serve, "127.0.0.1", 0)
    chat.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    async with server:
        yield chat


def event(**delta: Any) -> bytes:
    return data(json.dumps({"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}))


def data(text: str) -> bytes:
    return f"data: {text}\n\n".encode()


DONE = data("[DONE]")
END = b"0\r\n\r\n"


def chunk(body: bytes) -> bytes:
    return f"{len(body):x}\r\n".encode() + body + b"\r\n"


def says(*texts: str, pause: float = 0.0) -> Behaviour:
    """Streams the texts as deltas."""

    async def behave(write: Write) -> None:
        await write(STREAM + chunk(event(role="assistant", content="")))
        for text in texts:
            await write(chunk(event(content=text)))
            await asyncio.sleep(pause)
        await write(chunk(DONE) + END)

    return behave


def streams(*bodies: bytes, end: bytes = END) -> Behaviour:
    """Sends the bodies as they are, each as a chunk; without `end` it breaks off."""

    async def behave(write: Write) -> None:
        await write(STREAM)
        for body in bodies:
            await write(chunk(body))
            await asyncio.sleep(0)
        if end:
            await write(end)

    return behave


def answers(status: int, body: bytes = b"{}", kind: str = "application/json") -> Behaviour:
    async def behave(write: Write) -> None:
        lines = (
            f"HTTP/1.1 {status} So",
            f"content-type: {kind}",
            "location: /x",
            f"content-length: {len(body)}",
        )
        await write("\r\n".join([*lines, "", ""]).encode() + body)

    return behave
