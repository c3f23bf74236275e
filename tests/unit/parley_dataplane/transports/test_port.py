"""Whose a datagram is: the table of claims, what strangers cost, and one port number on every address."""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from structlog.testing import capture_logs

from parley_api.media import UdpSettings
from parley_dataplane.transports.webrtc import port as port_module
from parley_dataplane.transports.webrtc import stun
from parley_dataplane.transports.webrtc.port import Address, LocalSocket, UdpPort

LOOPBACK = ("127.0.0.1",)
MEDIA = b"\x80" + bytes(99)


class Call:
    """Notes what it is given."""

    def __init__(self) -> None:
        self.media: list[bytes] = []
        self.checks: list[Address] = []
        self.answers: list[Address] = []

    def receive(self, datagram: bytes) -> None:
        self.media.append(datagram)

    def check_received(self, datagram: bytes, at: LocalSocket, source: Address) -> None:
        self.checks.append(source)

    def answer_received(self, datagram: bytes, at: LocalSocket, source: Address) -> None:
        self.answers.append(source)


class Peer:
    """A socket of somebody's."""

    def __init__(self, port: UdpPort) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._to = ("127.0.0.1", port.number)
        self.address: Address = self._socket.getsockname()

    def send(self, datagram: bytes, times: int = 1) -> None:
        for _ in range(times):
            self._socket.sendto(datagram, self._to)


def check(ufrag: str) -> bytes:
    return stun.check(
        stun.new_transaction(), f"{ufrag}:them".encode(), b"x" * 22,
        priority=1, tie_breaker=1, controlling=True,
    )  # fmt: skip


def on_a_port(test: Callable[[UdpPort], Coroutine[Any, Any, None]]) -> None:
    async def scene() -> None:
        port = UdpPort.open(LOOPBACK)
        try:
            await test(port)
        finally:
            port.close()

    asyncio.run(scene())


async def read() -> None:
    """All that lies in the kernel's buffer is read."""
    for _ in range(20):
        await asyncio.sleep(0.001)


def test_a_datagram_from_a_claimed_address_is_the_calls_until_it_is_released() -> None:
    async def scene(port: UdpPort) -> None:
        call, peer, at = Call(), Peer(port), port.sockets[0]
        peer.send(MEDIA)
        await read()
        assert (call.media, port.counts.strangers) == ([], 1)
        assert at.claim(peer.address, call, proven=False)
        peer.send(MEDIA)
        await read()
        assert (call.media, port.counts.strangers) == ([MEDIA], 1)
        at.release(peer.address, call)
        peer.send(MEDIA)
        await read()
        assert (call.media, port.counts.strangers, port.claimed) == ([MEDIA], 2, 0)

    on_a_port(scene)


def test_what_is_read_in_a_row_is_one_reading_and_one_that_fails_is_ended() -> None:
    class Reading:
        def __init__(self) -> None:
            self.log: list[str] = []

        def begin(self) -> None:
            self.log.append("begin")

        def end(self) -> None:
            self.log.append("end")

    async def scene() -> None:
        reading = Reading()
        port = UdpPort.open(LOOPBACK, reading=reading)
        asyncio.get_running_loop().set_exception_handler(lambda *_: None)
        try:
            call, peer = Call(), Peer(port)
            port.sockets[0].claim(peer.address, call, proven=False)
            call.receive = lambda datagram: reading.log.append("media")  # type: ignore[method-assign]
            port.sockets[0].claim(peer.address, call, proven=True)
            peer.send(MEDIA, times=3)
            await read()
            assert reading.log == ["begin", "media", "media", "media", "end"]

            def fail(datagram: bytes) -> None:
                raise RuntimeError("broken")

            reading.log.clear()
            other, another = Call(), Peer(port)
            other.receive = fail  # type: ignore[method-assign]
            port.sockets[0].claim(another.address, other, proven=False)
            another.send(MEDIA)
            await read()
            assert reading.log == ["begin", "end"]
        finally:
            port.close()

    asyncio.run(scene())


def test_a_stranger_costs_one_look_up_and_a_request_of_theirs_one_name_more() -> None:
    async def scene(port: UdpPort) -> None:
        peer = Peer(port)
        peer.send(MEDIA, 50)
        peer.send(b"\x16" + bytes(60), 50)
        await read()
        assert (port.counts.strangers, port.counts.looked_into) == (100, 0)
        peer.send(check("nobody"), 10)
        peer.send(b"\x01\x01" + bytes(30), 10)
        peer.send(b"", 10)
        await read()
        assert (port.counts.strangers, port.counts.looked_into) == (130, 20)

    on_a_port(scene)


def test_a_request_finds_the_call_that_it_names_whoever_has_claimed_the_address() -> None:
    async def scene(port: UdpPort) -> None:
        ours, other, peer = Call(), Call(), Peer(port)
        assert port.enter(b"ours", ours)
        assert not port.enter(b"ours", other)
        port.sockets[0].claim(peer.address, other, proven=True)
        peer.send(check("ours"))
        await read()
        assert (ours.checks, other.checks, port.counts.strangers) == ([peer.address], [], 0)
        port.leave(b"ours")
        peer.send(check("ours"))
        await read()
        assert len(ours.checks) == 1

    on_a_port(scene)


def test_an_answer_finds_the_call_that_asked_and_only_once_it_is_asked() -> None:
    async def scene(port: UdpPort) -> None:
        call, peer = Call(), Peer(port)
        transaction = stun.new_transaction()
        answer = stun.success(transaction, "127.0.0.1", port.number, b"x" * 22)
        peer.send(answer)
        await read()
        port.asked(transaction, call)
        peer.send(answer)
        await read()
        port.settled(transaction)
        peer.send(answer)
        await read()
        assert (call.answers, port.counts.strangers) == ([peer.address], 2)

    on_a_port(scene)


def test_a_proven_address_goes_to_another_call_by_proof_alone() -> None:
    async def scene(port: UdpPort) -> None:
        first, second, at, address = Call(), Call(), port.sockets[0], ("127.0.0.1", 9)
        assert at.claim(address, first, proven=False)
        assert at.claim(address, second, proven=False)
        assert at.claim(address, second, proven=True)
        assert not at.claim(address, first, proven=False)
        at.release(address, first)
        assert port.claimed == 1
        assert at.claim(address, first, proven=True)
        assert at.claim(address, first, proven=False)  # one that it has it keeps
        assert not at.claim(address, second, proven=False)
        assert port.counts.taken_over == 2

    on_a_port(scene)


def test_ten_thousand_datagrams_of_strangers_take_no_datagram_of_a_call() -> None:
    async def scene(port: UdpPort) -> None:
        call, peer, stranger = Call(), Peer(port), Peer(port)
        port.sockets[0].claim(peer.address, call, proven=True)
        for number in range(100):
            stranger.send(MEDIA, 50)
            stranger.send(check("nobody"), 50)
            peer.send(b"\x80" + bytes((number,)))
            while len(call.media) <= number:
                await asyncio.sleep(0)
        assert [datagram[1] for datagram in call.media] == list(range(100))
        assert port.counts.strangers == 10_000

    on_a_port(scene)


def test_a_read_gives_way_to_the_loop_after_a_number_of_datagrams() -> None:
    async def scene(port: UdpPort) -> None:
        peer = Peer(port)
        peer.send(MEDIA, port_module.MOST_PER_READ * 3)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert 0 < port.counts.strangers <= port_module.MOST_PER_READ * 2
        await read()
        assert port.counts.strangers == port_module.MOST_PER_READ * 3

    on_a_port(scene)


def test_the_number_is_the_same_on_every_address_and_an_address_of_another_machine_is_left_out() -> None:
    async def scene() -> None:
        before = len(os.listdir("/proc/self/fd"))
        port = UdpPort.open(("127.0.0.1", "203.0.113.77", "127.0.0.2", "::1"))
        hosts = [local.host for local in port.sockets]
        assert hosts[:2] == ["127.0.0.1", "127.0.0.2"]  # and ::1, where the machine has IPv6
        assert {local._socket.getsockname()[1] for local in port.sockets} == {port.number}
        assert len(os.listdir("/proc/self/fd")) == before + len(hosts)
        port.close()
        port.close()
        assert len(os.listdir("/proc/self/fd")) == before

    asyncio.run(scene())


def test_a_number_that_one_address_has_taken_is_left_for_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel finds a number that is free on the first address; on the second somebody has it."""

    async def scene() -> None:
        bind, refused = port_module._bind_each, []

        def bind_late(addresses: Any, number: int) -> Any:
            if len(refused) < 3:
                refused.append(number)
                raise OSError(errno.EADDRINUSE, "taken")
            return bind(addresses, number)

        monkeypatch.setattr(port_module, "_bind_each", bind_late)
        port = UdpPort.open(LOOPBACK)
        assert refused == [0, 0, 0]
        port.close()

    asyncio.run(scene())


def test_the_port_of_the_spec_is_taken_or_refused_and_nothing_is_left_open() -> None:
    async def scene() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.0.2", 0))
            number = taken.getsockname()[1]
            before = len(os.listdir("/proc/self/fd"))
            with pytest.raises(OSError, match="in use"):
                UdpPort.open(("127.0.0.1", "127.0.0.2"), UdpSettings(port=number))
            assert len(os.listdir("/proc/self/fd")) == before
        port = UdpPort.open(("127.0.0.1", "127.0.0.2"), UdpSettings(port=number))
        assert port.number == number
        port.close()
        with pytest.raises(OSError, match="none of the addresses"):
            UdpPort.open(("203.0.113.77",))

    asyncio.run(scene())


def test_the_kernel_is_asked_for_the_buffers_of_the_spec_and_less_is_said_once() -> None:
    async def scene() -> None:
        small = UdpPort.open(LOOPBACK, UdpSettings(receive_buffer_bytes=131_072, send_buffer_bytes=65_536))
        assert small.sockets[0].buffers() == (131_072, 65_536)
        small.close()
        with capture_logs() as logs:
            large = UdpPort.open(
                ("127.0.0.1", "127.0.0.2"),
                UdpSettings(receive_buffer_bytes=268_435_456, send_buffer_bytes=268_435_456),
            )
        granted = large.sockets[0].buffers()
        large.close()
        assert granted[0] < 268_435_456
        assert [(log["event"], log["receive"], log["send"]) for log in logs] == [
            ("udp-buffers-are-smaller-than-asked", *granted)
        ]

    asyncio.run(scene())
