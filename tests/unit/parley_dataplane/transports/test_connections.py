"""A peer that owes us something, or does not take what it asked for, is cut off; nobody else waits for it meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import pytest
import uvicorn

from parley_dataplane.transports import connections
from parley_dataplane.transports.connections import PatientHttp, PatientWebSocket

UPGRADE = (
    b"GET /ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING, CONTINUED, TEXT, BINARY = 0x89, 0x00, 0x01, 0x02


async def app(scope: Any, receive: Any, send: Any) -> None:
    """16 MB at /long, 2 bytes elsewhere; a WebSocket gets the length of each message back, 1 MB for b"long"; none at
    /refused.
    """
    await receive()
    if scope["type"] == "http":
        body = bytes(16_000_000 if scope["path"] == "/long" else 2)
        length = str(len(body)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": body})
        return
    if scope["path"] == "/refused":
        await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
        await send({"type": "websocket.http.response.body", "body": b"no"})
        return
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        said = message.get("bytes") or b""
        answer = bytes(1_000_000) if said == b"long" else struct.pack("!I", len(said))
        await send({"type": "websocket.send", "bytes": answer})


class Stranger:
    """A bare socket that may leave unread what it gets."""

    def __init__(self, port: int) -> None:
        self.port = port
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        self._socket.connect(("127.0.0.1", port))
        self._socket.setblocking(False)

    async def send(self, data: bytes) -> None:
        with contextlib.suppress(ConnectionError):
            await asyncio.get_running_loop().sock_sendall(self._socket, data)

    async def read(self) -> bytes:
        return await asyncio.get_running_loop().sock_recv(self._socket, 65_536)

    async def upgrade(self) -> None:
        await self.send(UPGRADE)
        assert b" 101 " in await self.read()

    def leave(self) -> None:
        self._socket.close()


def frame(first_byte: int, payload: bytes) -> bytes:
    """Masked with zeros (RFC 6455, 5.2); payloads of up to 125 bytes."""
    return bytes((first_byte, 0x80 | len(payload))) + bytes(4) + payload


def meet(
    scenario: Callable[[Stranger, uvicorn.Server], Awaitable[None]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seconds of patience are tenths here."""
    monkeypatch.setattr(connections, "HEAD_SECS", 0.2)
    monkeypatch.setattr(connections, "UNREAD_SECS", 0.2)

    async def run() -> None:
        async with serving() as (server, port):
            stranger = Stranger(port)
            try:
                await scenario(stranger, server)
            finally:
                stranger.leave()

    asyncio.run(asyncio.wait_for(run(), 20))


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[uvicorn.Server, int]]:
    config = uvicorn.Config(app, http=PatientHttp, ws=PatientWebSocket, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        task = asyncio.create_task(server._serve([listening]))
        await until(lambda: server.started)
        try:
            yield server, listening.getsockname()[1]
        finally:
            server.should_exit = server.force_exit = True
            await task


async def until(claim: Callable[[], bool], within: float = 3.0) -> None:
    async with asyncio.timeout(within):
        while not claim():
            await asyncio.sleep(0.01)


def open_connections(server: uvicorn.Server) -> int:
    return len(server.server_state.connections)


@pytest.mark.parametrize(
    "beginning",
    [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "],
    ids=["nothing", "half a line", "half a head"],
)
def test_a_request_that_does_not_come_is_not_waited_for(
    beginning: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """2,000 connections that said nothing, or half a head, stayed for ever: uvicorn's one timer is for the time
    between two requests. Fails when PatientHttp has no timer for heads.
    """

    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await until(lambda: open_connections(server) == 1)
        for byte in beginning:
            await stranger.send(bytes((byte,)))
            await asyncio.sleep(0.001)
        await until(lambda: open_connections(server) == 0, 1.0)

    meet(scenario, monkeypatch)


def test_a_body_that_drips_on_after_the_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte of a body that no route reads stopped the timer between two requests, and the next byte did so again.
    Fails when PatientHttp takes but heads as owed.
    """

    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await stranger.send(b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nx")
        assert b" 200 " in await stranger.read()
        for _ in range(100):
            await stranger.send(b"x")
            await asyncio.sleep(0.01)
        assert open_connections(server) == 0

    meet(scenario, monkeypatch)


def test_a_websocket_may_be_silent_for_longer_than_a_head(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await stranger.upgrade()
        await asyncio.sleep(0.5)
        await stranger.send(frame(0x80 | BINARY, b"hello"))
        assert (await stranger.read())[-4:] == struct.pack("!I", 5)

    meet(scenario, monkeypatch)


@pytest.mark.parametrize("by", ["http", "websocket"])
def test_who_does_not_read_is_cut_off(by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer that asked and never read kept its descriptor, and what was written for it, for as long as it liked, also
    after its call had ended: asyncio's close() waits until all is read. Fails when nothing aborts the transport.
    """

    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        if by == "http":
            await stranger.send(b"GET /long HTTP/1.1\r\nHost: x\r\n\r\n")
            await until(lambda: open_connections(server) == 1)
            await until(lambda: open_connections(server) == 0)
            return
        await stranger.upgrade()
        await stranger.send(frame(0x80 | BINARY, b"long") * 20)
        await until(lambda: open_connections(server) == 0)

    meet(scenario, monkeypatch)


@pytest.mark.parametrize("crumb", [PING, 0x80 | TEXT], ids=["pings", "short messages"])
def test_crumbs_are_read_at_their_pace_and_large_frames_at_once(
    crumb: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One peer that sent pings as fast as it could left no time for anybody's call: 226 of 250 ticks were skipped. A
    frame costs the same work however small it is. Fails when PatientWebSocket does not rest after crumbs.
    """

    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await stranger.upgrade()
        taken = 0
        take = PatientWebSocket.data_received

        def noted(self: PatientWebSocket, data: bytes) -> None:
            nonlocal taken
            taken += len(data)
            take(self, data)

        monkeypatch.setattr(PatientWebSocket, "data_received", noted)
        flood = asyncio.create_task(stranger.send(frame(crumb, b"") * 20_000))
        drain = asyncio.create_task(_read_all(stranger))
        await asyncio.sleep(1.0)
        crumbs = taken / 6
        print(f"{crumbs:.0f} crumbs of 20,000 were read in a second")
        assert connections.CRUMBS_AT_ONCE <= crumbs < 1_000
        flood.cancel()
        drain.cancel()

    meet(scenario, monkeypatch)


async def _read_all(stranger: Stranger) -> None:
    while await stranger.read():
        pass


def test_a_pace_lets_some_pass_at_once_and_the_rest_evenly() -> None:
    pace = connections.Pace(per_sec=100, at_once=400)
    assert pace.rest(400, now=10.0) == 0
    assert pace.rest(1, now=10.0) == pytest.approx(0.01)
    assert pace.rest(100, now=11.0) == pytest.approx(0.01)
    assert pace.rest(400, now=100.0) == 0, "a rest is no more than a rest, however long"


class Sender:
    def __init__(self) -> None:
        self.gave_way = False

    def give_way(self) -> None:
        self.gave_way = True


def test_of_too_much_that_is_unfinished_the_oldest_gives_way() -> None:
    unfinished = connections.Unfinished(limit=100)
    first, second, third = Sender(), Sender(), Sender()
    unfinished.hold(first, 10)
    unfinished.hold(second, 50)
    unfinished.hold(first, 0)
    unfinished.hold(first, 40)  # its next message
    unfinished.hold(third, 10)
    assert unfinished.total == 100
    assert not second.gave_way
    unfinished.hold(third, 11)
    assert (first.gave_way, second.gave_way, third.gave_way) == (False, True, False)
    assert unfinished.total == 51


@pytest.mark.parametrize("pieces", ["one frame", "many frames", "crumbs"])
def test_messages_that_never_end_take_no_more_than_their_share(
    pieces: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each connection may send 16 MiB in one message; 20 that sent 15 and answered pings held 300 MiB for as long as
    they liked, 2,000 would have held 30 GB. Fails when PatientWebSocket does not tell what it holds.
    """
    monkeypatch.setattr(connections, "SMALL_BYTES", 100)
    begun = {
        "one frame": bytes((0x80 | BINARY, 0xFF)) + struct.pack("!Q", 1_000_000) + bytes(4) + bytes(60_000),
        "many frames": frame(BINARY, bytes(125)) + frame(CONTINUED, bytes(125)) * 300,
        "crumbs": frame(BINARY, b"a") + frame(CONTINUED, b"a") * 190,
    }[pieces]
    limit = 25_000 if pieces == "crumbs" else 100_000
    monkeypatch.setattr(PatientWebSocket, "unfinished", connections.Unfinished(limit))

    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await stranger.upgrade()
        await stranger.send(begun)
        await until(lambda: PatientWebSocket.unfinished.total > limit / 3)
        other = Stranger(stranger.port)
        await other.upgrade()
        await other.send(begun)
        assert struct.pack("!H", 1013) in await asyncio.wait_for(stranger.read(), 5)
        await until(lambda: open_connections(server) == 1)
        assert limit / 3 < PatientWebSocket.unfinished.total <= limit, "the other one's"
        other.leave()
        await until(lambda: PatientWebSocket.unfinished.total == 0)

    meet(scenario, monkeypatch)


def test_a_large_message_in_pieces_arrives_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await stranger.upgrade()
        size = 300_000
        head = bytes((BINARY, 0xFF)) + struct.pack("!Q", size) + bytes(4)
        await stranger.send(head + bytes(size) + frame(0x80 | CONTINUED, b"end"))
        assert (await stranger.read())[-4:] == struct.pack("!I", size + 3)
        assert PatientWebSocket.unfinished.total == 0

    meet(scenario, monkeypatch)


def test_a_refusal_is_no_error_of_the_server(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each page of a foreign origin put a line at ERROR into the log, "ASGI callable returned without completing
    handshake": for uvicorn a response in place of the handshake does not complete it. Fails when send() does not.
    """

    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await stranger.send(UPGRADE.replace(b"/ws", b"/refused"))
        assert (await stranger.read()).startswith(b"HTTP/1.1 403 ")
        await until(lambda: open_connections(server) == 0)

    meet(scenario, monkeypatch)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_message_of_empty_frames_is_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames without content are never too big, and each was kept. Fails when PatientWebSocket keeps them."""

    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await stranger.upgrade()
        await stranger.send(frame(BINARY, b"a") + frame(CONTINUED, b"") * 150)
        connection = next(iter(server.server_state.connections))
        assert isinstance(connection, PatientWebSocket)
        await asyncio.sleep(0.2)
        assert len(connection.frames) == 1
        await stranger.send(frame(CONTINUED, b"b") + frame(0x80 | CONTINUED, b""))
        assert (await stranger.read())[-4:] == struct.pack("!I", 2)

    meet(scenario, monkeypatch)


def test_a_stranger_gets_no_more_than_a_slice_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """256 KiB of the smallest frames are 43,000, which are taken apart in one go: every call had a hole of half a
    second. Fails when connections read as much at once as asyncio likes.
    """

    async def scenario(stranger: Stranger, server: uvicorn.Server) -> None:
        await stranger.upgrade()
        sizes: list[int] = []
        take = PatientWebSocket.data_received

        def noted(self: PatientWebSocket, data: bytes) -> None:
            sizes.append(len(data))
            take(self, data)

        monkeypatch.setattr(PatientWebSocket, "data_received", noted)
        head = bytes((0x80 | BINARY, 0xFF)) + struct.pack("!Q", 200_000) + bytes(4)
        await stranger.send(head + bytes(200_000) + frame(PING, b"") * 150)
        await until(lambda: sum(sizes) == len(head) + 200_000 + 900)
        assert max(sizes) == 16 * 1024
        assert sizes[0] == 2 * 1024, "of somebody new"

    meet(scenario, monkeypatch)
