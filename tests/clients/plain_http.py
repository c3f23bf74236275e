"""Owns HTTP/1.1 as the tests need it: one request, one connection, one response, on the test's own loop."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit


@dataclass(frozen=True)
class Response:
    """`headers` by lower-case name."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def request(
    method: str,
    url: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
    within: float = 10.0,
) -> Response:
    """Send `body` (bytes as they are, anything else as JSON) and return the response; raises OSError,
    TimeoutError.
    """
    async with asyncio.timeout(within):
        return await _request(method, url, body, dict(headers or {}))


async def _request(method: str, url: str, body: object, headers: dict[str, str]) -> Response:
    parts = urlsplit(url)
    data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
    wanted = {
        "Host": parts.netloc,
        "Connection": "close",
        "Content-Length": str(len(data)),
        **({"Content-Type": "application/json"} if body is not None else {}),
        **headers,
    }
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"{method} {parts.path or '/'}{'?' + parts.query if parts.query else ''} HTTP/1.1\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in wanted.items()) + "\r\n"
    # RFC 9110, 15.5.14: a server may answer and close before it has read too big a body. So the answer is read
    # while the request is written, and what became of the writing does not matter then.
    answer = asyncio.create_task(_response(reader))
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(head.encode() + data)
            await writer.drain()
        return await answer
    finally:
        answer.cancel()
        writer.close()


async def _response(reader: asyncio.StreamReader) -> Response:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    status, *lines = head.strip().split("\r\n")
    headers = {
        name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)
    }
    if headers.get("transfer-encoding") == "chunked":
        body = _dechunked(await reader.read())
    elif "content-length" in headers:
        body = await reader.readexactly(int(headers["content-length"]))
    else:
        body = await reader.read()
    return Response(int(status.split()[1]), headers, body)


def _dechunked(body: bytes) -> bytes:
    whole = b""
    while body:
        size, _, body = body.partition(b"\r\n")
        length = int(size, 16)
        whole, body = whole + body[:length], body[length + 2 :]
    return whole
