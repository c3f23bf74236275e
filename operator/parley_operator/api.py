"""HTTP to the API server: one request, one stream, and what can go wrong with them as two types.

Rules: every request has a deadline. A write takes a `guard`, which is called when the connection is there and nothing
of the request has been sent. What is sent and answered is never logged: paths, verbs and status codes alone.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import aiohttp

from parley_api import __version__
from parley_operator.connection import Connection
from parley_operator.media_types import JSON

REQUEST_SECONDS = 15.0
WATCH_SECONDS = 290
"""After so long the server ends a watch."""

SILENT_SECONDS = WATCH_SECONDS + 30.0
"""A watch over what does not change brings nothing, no bookmark either. TCP says that a peer is gone (_new_socket)."""

MOST_LINE_BYTES = 8 * 1024 * 1024

Guard = Callable[[], None]
"""Returns only where a write may be sent."""


class ApiError(Exception):
    """What the API server answered instead of doing it."""

    def __init__(
        self, status: int, reason: str, message: str, retry_after: float = 0.0, cause: str = ""
    ) -> None:
        super().__init__(f"{status} {reason}: {message}")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after = retry_after
        self.cause = cause

    @property
    def passing(self) -> bool:
        """Whether the same request may well succeed later, without anyone having changed anything."""
        return self.status in (401, 408, 409, 410, 429) or self.status >= 500


class Unreachable(Exception):
    """No answer: refused, reset, or nothing in time."""


async def _check(session: aiohttp.ClientSession, context: SimpleNamespace, params: object) -> None:
    guard: Guard | None = context.trace_request_ctx
    if guard is not None:
        guard()


def _new_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """One that notices within a minute that its peer is gone without a word, as a node is that lost its power. What it
    has not sent when it is closed is never sent: of a process that ended, a write would arrive once a network heals.
    """
    family, kind, protocol, *_ = address
    made = socket.socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not on every system
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    made.setblocking(False)
    return made


class Api:
    """To be used within `async with`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Api:
        trace = aiohttp.TraceConfig()
        trace.on_connection_create_end.append(_check)
        trace.on_connection_reuseconn.append(_check)
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._connection.tls, socket_factory=_new_socket),
            headers={"User-Agent": f"parley-operator/{__version__}"},
            trace_configs=[trace],
            read_bufsize=256 * 1024,
        )
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._session is not None:
            await self._session.close()

    async def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str = JSON,
        accept: str = JSON,
        guard: Guard | None = None,
        seconds: float = 0.0,
    ) -> dict[str, Any]:
        """The answer as JSON; raises ApiError or Unreachable. `seconds`: less than REQUEST_SECONDS."""
        assert self._session is not None
        headers = {**self._connection.headers(), "Accept": accept}
        data: bytes | None = None
        if body is not None:
            data = json.dumps(body, separators=(",", ":")).encode()
            headers["Content-Type"] = content_type
        try:
            async with asyncio.timeout(seconds or REQUEST_SECONDS):
                async with self._session.request(
                    method,
                    self._connection.server + path,
                    params=params,
                    data=data,
                    headers=headers,
                    trace_request_ctx=guard,
                ) as response:
                    content = await response.read()
                    if response.status >= 400:
                        self._note(response.status)
                        raise _error(response.status, response.headers, content)
                    answer: dict[str, Any] = json.loads(content) if content else {}
                    return answer
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"{method} {path}: {type(error).__name__}") from error

    async def stream(
        self, path: str, params: Mapping[str, str], accept: str = JSON
    ) -> AsyncGenerator[dict[str, Any], None]:
        """Lines of JSON until the server ends; raises ApiError or Unreachable. To be closed by `aclosing`."""
        assert self._session is not None
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=REQUEST_SECONDS, sock_read=SILENT_SECONDS)
        try:
            async with self._session.get(
                self._connection.server + path,
                params=params,
                headers={**self._connection.headers(), "Accept": accept},
                timeout=timeout,
            ) as response:
                if response.status >= 400:
                    self._note(response.status)
                    raise _error(response.status, response.headers, await response.read())
                async for line in _lines(response.content):
                    yield json.loads(line)
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"watch {path}: {type(error).__name__}") from error

    def _note(self, status: int) -> None:
        if status == 401:
            self._connection.read_again()


async def _lines(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """aiohttp's own reading by line gives up at twice its buffer; an object may have 1.5 MB."""
    pending = bytearray()
    async for chunk in content.iter_any():
        pending += chunk
        if b"\n" not in chunk:
            if len(pending) > MOST_LINE_BYTES:
                raise aiohttp.ClientPayloadError("a line of a watch is too long")
            continue
        *lines, rest = pending.split(b"\n")
        pending = bytearray(rest)
        for line in lines:
            if line:
                yield bytes(line)


def _error(status: int, headers: Mapping[str, str], content: bytes) -> ApiError:
    try:
        answer = json.loads(content)
        reason, message = str(answer.get("reason", "")), str(answer.get("message", ""))
        details = answer.get("details") or {}
        causes = details.get("causes") or [{}]
        cause = str(causes[0].get("reason", ""))
        seconds = float(details.get("retryAfterSeconds") or 0)
    except (ValueError, AttributeError, TypeError):
        reason, message, cause, seconds = "", content[:200].decode(errors="replace"), "", 0.0
    with suppress(ValueError):  # a date: nobody sends one
        seconds = max(seconds, float(headers.get("Retry-After", 0)))
    return ApiError(status, reason, message, seconds, cause)
