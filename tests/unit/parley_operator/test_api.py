"""HTTP to the API server, over a real socket: deadlines, typed errors, and a guard that nothing is sent before."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from typing import Any, cast

import aiohttp
import pytest

from parley_operator import api as api_module
from parley_operator.api import Api, ApiError, Unreachable, _new_socket
from parley_operator.connection import Connection


class Server:
    """Answers each request with the next of `answers` (status, headers, body), or with nothing; keeps what arrived."""

    def __init__(self, *answers: tuple[int, dict[str, str], bytes] | None) -> None:
        self.answers = list(answers)
        self.arrived: list[bytes] = []
        self.connections = 0

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = [line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
                body = await reader.readexactly(int(length[0].split(b":")[1])) if length else b""
                self.arrived.append(head + body)
                answer = self.answers.pop(0) if self.answers else (200, {}, b"{}")
                if answer is None:
                    await asyncio.sleep(60)
                    return
                status, headers, content = answer
                lines = [f"HTTP/1.1 {status} X", f"Content-Length: {len(content)}"]
                lines += [f"{name}: {value}" for name, value in headers.items()]
                writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + content)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


class Login:
    """As Connection, with a token that can be read again."""

    tls = False

    def __init__(self, port: int) -> None:
        self.server = f"http://127.0.0.1:{port}"
        self.token = 1

    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer token-{self.token}"}

    def read_again(self) -> None:
        self.token += 1


@asynccontextmanager
async def served(handler: Callable[[Any, Any], Awaitable[None]]) -> AsyncIterator[tuple[Api, Login]]:
    server = await asyncio.start_server(handler, "127.0.0.1", 0, limit=64 * 1024 * 1024)
    login = Login(server.sockets[0].getsockname()[1])
    async with Api(cast(Connection, login)) as api:
        yield api, login
    server.close()


def failure(reason: str, message: str, **details: Any) -> bytes:
    return json.dumps({"kind": "Status", "reason": reason, "message": message, "details": details}).encode()


class Late(Exception):
    """The guard's."""


def late() -> None:
    raise Late


def test_a_request_says_who_we_are_and_carries_its_body() -> None:
    async def main() -> None:
        server = Server((200, {}, b'{"a": 1}'))
        async with served(server) as (api, _):
            assert await api.request("PATCH", "/x", params={"force": "true"}, body={"b": 2}) == {"a": 1}
        sent = server.arrived[0]
        assert sent.startswith(b"PATCH /x?force=true HTTP/1.1\r\n")
        assert b"Authorization: Bearer token-1" in sent
        assert sent.endswith(b'{"b":2}')

    asyncio.run(main())


def test_a_guard_that_refuses_keeps_every_byte_back_on_a_new_connection_and_on_an_old_one() -> None:
    async def main() -> None:
        server = Server()
        async with served(server) as (api, _):
            with pytest.raises(Late):
                await api.request("PATCH", "/x", body={"b": 2}, guard=late)
            await asyncio.sleep(0.05)
            assert (server.connections, server.arrived) == (1, [])
            await api.request("GET", "/warm")
            with pytest.raises(Late):
                await api.request("PATCH", "/x", body={"b": 2}, guard=late)
            await asyncio.sleep(0.05)
            assert len(server.arrived) == 1

    asyncio.run(main())


def test_a_peer_that_is_gone_without_a_word_is_noticed_by_tcp() -> None:
    """A watch over what does not change is silent for minutes, and that is no sign of anything."""

    async def main() -> None:
        async with served(Server()) as (api, _):
            await api.request("GET", "/x")
            assert api._session is not None
            assert isinstance(api._session.connector, aiohttp.TCPConnector)
            (pooled,) = api._session.connector._conns.values()
            transport = pooled[0][0].transport
            assert transport is not None
            kept = transport.get_extra_info("socket")
            assert kept.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
            assert kept.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 20

    asyncio.run(main())


def test_what_was_not_sent_when_a_process_ends_never_arrives() -> None:
    """Else the network's healing would deliver what a former holder of the Lease wrote. The kernel closes each socket
    as `close` does.
    """
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = listening.getsockname()
        ours = _new_socket((socket.AF_INET, socket.SOCK_STREAM, 0, "", address))
        ours.connect_ex(address)
        peer, _ = listening.accept()
        peer.settimeout(5)
        sent = 0
        with suppress(BlockingIOError):
            while True:
                sent += ours.send(bytes(65536))
        ours.close()
        with peer, pytest.raises(ConnectionResetError):
            while received := peer.recv(65536):
                sent -= len(received)
        assert sent > 0


def test_the_guard_is_asked_when_the_connection_is_there_not_before() -> None:
    """A connection can take long: what was allowed when it was begun may not be when it is there."""

    async def main() -> None:
        server = Server()
        seen: list[int] = []
        async with served(server) as (api, _):
            await api.request("DELETE", "/x", guard=lambda: seen.append(server.connections))
        assert len(seen) == 1

    asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "status", "reason", "seconds", "cause", "passing"),
    [
        ((429, {"Retry-After": "7"}, failure("TooManyRequests", "m")), 429, "TooManyRequests", 7, "", True),
        (
            (503, {}, failure("ServiceUnavailable", "m", retryAfterSeconds=3)),
            503,
            "ServiceUnavailable",
            3,
            "",
            True,
        ),
        ((409, {}, failure("Conflict", "m")), 409, "Conflict", 0, "", True),
        (
            (403, {}, failure("Forbidden", "m", causes=[{"reason": "NamespaceTerminating"}])),
            *(403, "Forbidden", 0, "NamespaceTerminating", False),
        ),
        ((422, {}, failure("Invalid", "m")), 422, "Invalid", 0, "", False),
        ((502, {}, b"<html>a proxy"), 502, "", 0, "", True),
        ((500, {"Retry-After": "tomorrow"}, b"[]"), 500, "", 0, "", True),
    ],
    ids=lambda value: str(value[0]) if isinstance(value, tuple) else "",
)
def test_what_the_server_refuses_is_typed(
    answer: tuple[int, dict[str, str], bytes],
    status: int,
    reason: str,
    seconds: float,
    cause: str,
    passing: bool,
) -> None:
    async def main() -> None:
        async with served(Server(answer)) as (api, _):
            with pytest.raises(ApiError) as caught:
                await api.request("GET", "/x")
        error = caught.value
        assert (error.status, error.reason, error.retry_after, error.cause) == (
            status,
            reason,
            seconds,
            cause,
        )
        assert error.passing == passing

    asyncio.run(main())


def test_a_token_that_is_no_longer_taken_is_read_again() -> None:
    async def main() -> None:
        server = Server((401, {}, failure("Unauthorized", "m")))
        async with served(server) as (api, login):
            with pytest.raises(ApiError):
                await api.request("GET", "/x")
            assert login.token == 2
            await api.request("GET", "/x")
        assert b"token-2" in server.arrived[1]

    asyncio.run(main())


def test_no_answer_in_time_and_no_server_at_all_are_unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "REQUEST_SECONDS", 0.1)

    async def main() -> None:
        async with served(Server(None)) as (api, login):
            with pytest.raises(Unreachable, match="GET /x: TimeoutError"):
                await api.request("GET", "/x")
            login.server = "http://127.0.0.1:1"
            with pytest.raises(Unreachable):
                await api.request("GET", "/x")
            with pytest.raises(Unreachable):
                async with aclosing(api.stream("/x", {})) as stream:
                    await anext(stream)

    asyncio.run(main())


def test_a_stream_is_lines_of_json_however_they_are_cut() -> None:
    events = [
        {"type": "ADDED", "object": {"n": number, "fill": "x" * size}}
        for number, size in enumerate([1, 3_000_000, 5])
    ]
    content = b"\n".join(json.dumps(event).encode() for event in events) + b"\n"

    async def main() -> None:
        server = Server((200, {}, content))
        async with served(server) as (api, _), aclosing(api.stream("/x", {"watch": "true"})) as stream:
            assert [event async for event in stream] == events

    asyncio.run(main())


def test_a_stream_that_is_refused_is_typed_too() -> None:
    async def main() -> None:
        async with served(Server((410, {}, failure("Expired", "too old")))) as (api, _):
            with pytest.raises(ApiError, match="410 Expired"):
                async with aclosing(api.stream("/x", {})) as stream:
                    await anext(stream)

    asyncio.run(main())


def test_a_line_without_an_end_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_module, "MOST_LINE_BYTES", 1000)

    async def main() -> None:
        async with served(Server((200, {}, b"x" * 5000))) as (api, _):
            with pytest.raises(Unreachable):
                async with aclosing(api.stream("/x", {})) as stream:
                    await anext(stream)

    asyncio.run(main())
