"""The writer never makes anyone wait, a slow reader is let go, and whatever ends first ends all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import pytest
from starlette.websockets import WebSocket

from parley_dataplane.errors import BadSdp, Busy, ParleyError, SlowReader, TooBig
from parley_dataplane.transports import websocket
from parley_dataplane.transports.websocket import Peer

Message = MutableMapping[str, Any]


class Wire:
    """The server's side of one connection, as ASGI sees it; `reads` is cleared when the peer stops reading."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.inbox: asyncio.Queue[Message] = asyncio.Queue()
        self.reads = asyncio.Event()
        self.reads.set()

    async def send(self, message: Message) -> None:
        await self.reads.wait()
        self.sent.append(message)

    async def open(self, **limits: int) -> Peer:
        await self.inbox.put({"type": "websocket.connect"})
        socket = WebSocket({"type": "websocket"}, self.inbox.get, self.send)
        await socket.accept()
        return Peer(socket, **limits)

    def say(self, raw: str | bytes) -> None:
        kind = "text" if isinstance(raw, str) else "bytes"
        self.inbox.put_nowait({"type": "websocket.receive", kind: raw})

    def leave(self, code: int = 1005) -> None:
        self.inbox.put_nowait({"type": "websocket.disconnect", "code": code})

    def messages(self) -> list[str | bytes]:
        kept = [message for message in self.sent if message["type"] == "websocket.send"]
        return [message.get("text") or message["bytes"] for message in kept]

    def closed(self) -> tuple[int, str] | None:
        for message in self.sent:
            if message["type"] == "websocket.close":
                return message["code"], message["reason"]
        return None


def run(scenario: Callable[[Wire], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> None:
    """Seconds of patience are hundredths here; every task has to be over at the end."""
    monkeypatch.setattr(websocket, "CLOSE_SECS", 0.02)

    async def alone() -> None:
        await scenario(Wire())
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(alone())


async def ignore(raw: str | bytes) -> None:
    """What the peer says does not matter here."""


def test_messages_leave_in_order_and_then_the_close(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open()
        peer.send_text("one")
        peer.send_bytes(b"two")
        peer.close(1001, "going")
        peer.send_text("after the close")
        assert await peer.run(ignore) is None
        assert wire.messages() == ["one", b"two"]
        assert wire.closed() == (1001, "going")

    run(scenario, monkeypatch)


def test_what_the_peer_says_is_handed_on_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer, seen, inside = await wire.open(), [], 0

        async def handle(raw: str | bytes) -> None:
            nonlocal inside
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            seen.append(raw)
            inside -= 1

        for raw in ("one", b"two", b""):
            wire.say(raw)
        wire.leave()
        await peer.run(handle)
        assert seen == ["one", b"two", b""]

    run(scenario, monkeypatch)


def test_others_have_their_turn_between_two_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """100,000 tiny messages that had arrived were handed on in one go, and every call had a hole of half a second: what
    is there already is received without waiting. Fails when the reader does not let go after each message.
    """

    async def scenario(wire: Wire) -> None:
        peer = await wire.open()
        turns = 0

        async def handle(raw: str | bytes) -> None:
            assert turns >= int(raw) - 5

        async def other() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        beside = asyncio.create_task(other())
        for number in range(100):
            wire.say(str(number))
        wire.leave()
        await peer.run(handle)
        beside.cancel()
        await asyncio.gather(beside, return_exceptions=True)

    run(scenario, monkeypatch)


def test_nothing_is_handed_on_once_the_connection_is_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A peer whose connection was being closed went on being listened to: 100,000 wrong messages were 9,000 lines in
    the log. Fails when the reader does not look.
    """

    async def scenario(wire: Wire) -> None:
        peer, seen = await wire.open(), 0

        async def handle(raw: str | bytes) -> None:
            nonlocal seen
            seen += 1
            peer.close(1008, "enough")

        for _ in range(100):
            wire.say("wrong")
        await peer.run(handle)
        assert seen == 1

    run(scenario, monkeypatch)


@pytest.mark.parametrize("limits", [{"max_waiting_bytes": 1_000}, {"max_waiting_messages": 10}])
def test_a_peer_that_does_not_read_is_let_go(limits: dict[str, int], monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open(**limits)
        wire.reads.clear()
        serving = asyncio.create_task(peer.run(ignore))
        for _ in range(30):
            peer.send_bytes(bytes(100))
            await asyncio.sleep(0)
        error = await asyncio.wait_for(serving, 1.0)
        assert isinstance(error, SlowReader)

    run(scenario, monkeypatch)


def test_a_peer_that_reads_again_is_told_why_it_was_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open(max_waiting_bytes=1_000)
        for _ in range(11):
            peer.send_bytes(bytes(100))
        await peer.run(ignore)
        assert wire.messages() == []
        code, reason = wire.closed() or (0, "")
        assert code == 1008
        assert reason.startswith("reading too slowly")

    run(scenario, monkeypatch)


def test_a_close_does_not_wait_for_a_peer_that_never_reads(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open()
        wire.reads.clear()
        peer.send_text("stuck")
        peer.close(1001, "going")
        await asyncio.wait_for(peer.run(ignore), 1.0)

    run(scenario, monkeypatch)


def test_an_interruption_drops_audio_and_keeps_words(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open()
        for item in (b"audio", "words", b"more audio"):
            (peer.send_text if isinstance(item, str) else peer.send_bytes)(item)  # type: ignore[operator]
        peer.drop_audio()
        peer.close()
        await peer.run(ignore)
        assert wire.messages() == ["words"]

    run(scenario, monkeypatch)


@pytest.mark.parametrize("error", [BadSdp("no sdp"), TooBig("too big")], ids=lambda error: error.code)
def test_an_error_that_the_handler_raises_ends_the_connection(
    error: ParleyError, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open()

        async def handle(raw: str | bytes) -> None:
            raise error

        wire.say("anything")
        assert await peer.run(handle) is error
        assert wire.closed() == (error.close_code, error.detail)

    run(scenario, monkeypatch)


def test_a_fault_of_our_own_is_1011_and_is_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open()

        async def handle(raw: str | bytes) -> None:
            raise ZeroDivisionError

        wire.say("anything")
        with pytest.raises(ZeroDivisionError):
            await peer.run(handle)
        assert wire.closed() == (1011, "internal error")

    run(scenario, monkeypatch)


@pytest.mark.parametrize(("code", "error"), [(1009, TooBig), (1013, Busy)])
def test_a_message_that_the_server_refused_is_an_error_of_the_peers(
    code: int, error: type[ParleyError], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server closes with 1009 by itself, before a message is whole, and with 1013 where too many are not."""

    async def scenario(wire: Wire) -> None:
        peer = await wire.open()
        wire.leave(code)
        assert isinstance(await peer.run(ignore), error)

    run(scenario, monkeypatch)


def test_a_reason_is_cut_to_what_a_close_frame_carries(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open()
        peer.close(1008, "ä" * 100)
        await peer.run(ignore)
        assert wire.closed() == (1008, "ä" * 61)

    run(scenario, monkeypatch)


def test_cancelling_the_server_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario(wire: Wire) -> None:
        peer = await wire.open()
        serving = asyncio.create_task(peer.run(ignore))
        await asyncio.sleep(0)
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)

    run(scenario, monkeypatch)
