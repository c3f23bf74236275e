"""The one UDP port with two calls on it: STUN of strangers and of peers, media, candidates.

The sockets are doubles and the clock is virtual; all behind them is the server's own.
"""

from __future__ import annotations

import asyncio
import hmac
import socket
import struct
from collections import deque
from typing import Any, cast

from parley_dataplane.transports.webrtc import stun
from parley_dataplane.transports.webrtc.ice import MOST_PATHS, MOST_REMOTE, Ice
from parley_dataplane.transports.webrtc.port import LocalSocket, UdpPort
from tests.fuzz.choices import Choices
from tests.virtual_time import run

_PASSWORD = "x" * 22
_MEDIA = b"\x80" + bytes(30)
_MOST_QUEUED = 1_024
_MOST_STEPS = 200
_SENT_PER_STEP = 160
"""Datagrams of ours for each step: while 5 s pass, two calls check each of their paths a few times."""

CANDIDATES = (
    "1467250027 1 udp 2122260223 192.0.2.1 46243 typ host generation 0 ufrag 4ZcD network-id 1",
    "1 1 udp 2122260223 6f1c4b5a-6a8f-4f3c-9f1e-1c2d3e4f5a6b.local 51000 typ host generation 0",
    "842163049 1 udp 1677729535 2001:db8::7 40000 typ srflx raddr 192.0.2.1 rport 46243",
    "2 2 UDP 2122252542 192.0.2.2 9 typ host",
    "3 1 tcp 2105458943 192.0.2.3 9 typ host tcptype active",
    "4 1 udp 1 224.0.0.1 1 typ relay raddr 0.0.0.0 rport 0",
)


class _Socket:
    """What `LocalSocket` asks of the kernel."""

    def __init__(self, host: str) -> None:
        self.family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.arrived: deque[tuple[bytes, Any]] = deque()
        self.sent: list[tuple[bytes, Any]] = []
        self._host = host

    def getsockname(self) -> tuple[str, int]:
        return self._host, 9_012

    def recvfrom(self, _: int) -> tuple[bytes, Any]:
        if not self.arrived:
            raise BlockingIOError
        return self.arrived.popleft()

    def sendto(self, datagram: bytes, address: Any) -> int:
        self.sent.append((datagram, address))
        return len(datagram)

    def fileno(self) -> int:
        return -1


class _Scene:
    """Two calls, "a" and "b" of the peers' names, on one port of two addresses."""

    def __init__(self) -> None:
        self.port = UdpPort()
        self.port.number = 9_012
        self.kernel = [_Socket("192.0.2.200"), _Socket("2001:db8::200")]
        self.port.sockets = [LocalSocket(cast(socket.socket, sock), self.port) for sock in self.kernel]
        self.heard: list[list[bytes]] = [[], []]
        self.calls = [self._call(0), self._call(1)]

    def _call(self, index: int) -> Ice:
        ice = Ice(
            self.port,
            remote_ufrag="ab"[index] * 4,
            remote_password=_PASSWORD,
            remote_is_lite=False,
            on_media=self.heard[index].append,
            on_alive=_nothing,
            on_failed=_nothing,
        )
        ice._tie_breaker = 1 << 63
        return ice

    def arrive(self, datagram: bytes, source: int) -> None:
        """From one of a few addresses; the high bit says by which of ours."""
        if (message := stun.read(datagram)) is not None:
            message.address()  # as one who asks a STUN server reads it
        at = source >> 7
        host = f"2001:db8::{source & 7}" if at else f"192.0.2.{source & 7}"
        port = 40_000 + (source >> 3 & 15)
        self.kernel[at].arrived.append((datagram, (host, port, 0, 0) if at else (host, port)))
        self.port.sockets[at]._read()

    def last_asked(self) -> tuple[bytes, int, Any] | None:
        """(transaction, our socket, address) of the check that we sent last."""
        for at, kernel in enumerate(self.kernel):
            for datagram, address in reversed(kernel.sent):
                if datagram[:2] == b"\x00\x01":
                    return datagram[8:20], at, address
        return None


def port(data: bytes) -> None:
    run(_port(Choices(data)))


async def _port(choices: Choices) -> None:
    scene = _Scene()
    for ice in scene.calls:
        ice.start()
    steps = 0
    while choices and steps < _MOST_STEPS:
        steps += 1
        await _step(scene, choices)
        for ice in scene.calls:
            assert len(ice._paths) <= MOST_PATHS
            assert len(ice._remotes) <= MOST_REMOTE
            assert len(ice._asked) <= MOST_PATHS
            assert ice._queue.qsize() <= _MOST_QUEUED
        assert scene.port.claimed <= 2 * MOST_PATHS
    assert sum(len(kernel.sent) for kernel in scene.kernel) <= _SENT_PER_STEP * (steps + 1)
    for ice in scene.calls:
        ice.close()
        ice.close()
    left = (scene.port.claimed, len(scene.port._calls), len(scene.port._transactions))
    assert left == (0, 0, 0), f"what closed calls leave behind: {left}"


async def _step(scene: _Scene, choices: Choices) -> None:
    kind = choices.byte()
    index = kind >> 4 & 1
    ice = scene.calls[index]
    match kind & 0x0F:
        case 0:
            scene.arrive(choices.text(), choices.byte())
        case 1:
            scene.arrive(_check(ice, index, choices), choices.byte())
        case 2:
            check = bytearray(_check(ice, index, choices))
            check[choices.byte() % len(check)] ^= choices.byte()
            scene.arrive(bytes(check[: len(check) - choices.byte() % 4]), choices.byte())
        case 3 | 4:
            _answer(scene, failed=kind & 0x0F == 4, elsewhere=bool(kind & 0x80))
        case 5:
            before = [len(heard) for heard in scene.heard]
            scene.arrive(_MEDIA, choices.byte())
            gained = [len(heard) - was for heard, was in zip(scene.heard, before, strict=True)]
            assert sum(gained) <= 1, "one datagram is of one call"
            assert not (gained[0] and scene.calls[0]._closed), "a closed call hears nothing"
        case 6:
            scene.arrive(bytes((20 + (kind >> 4),)) + choices.text(), choices.byte())
        case 7:
            _add(ice, CANDIDATES[choices.byte() % len(CANDIDATES)])
        case 8:
            await asyncio.sleep(choices.byte() / 50)
        case 9:
            ice.close()
        case 10:
            scene.arrive(
                b"\x01\x01\x00\x00\x21\x12\xa4\x42" + choices.take(12).ljust(12, b"\0"), choices.byte()
            )
        case _:
            ice.check_consent(asyncio.get_running_loop().time() + choices.byte())
    await asyncio.sleep(0)


def _check(ice: Ice, index: int, choices: Choices) -> bytes:
    """A check of the peer's, its proof right unless a bit says otherwise."""
    flags = choices.byte()
    attributes = _attribute(0x0006, f"{ice.ufrag}:{'ab'[index] * 4}".encode())
    if not flags & 1:
        attributes += _attribute(0x0024, b"\x6e\0\1\xff")
    if flags & 2:
        attributes += _attribute(0x0025, b"")
    if flags & 4:
        attributes += _attribute(0x802A if flags & 8 else 0x8029, choices.number(8).to_bytes(8, "big"))
    if flags & 16:
        attributes += _attribute(choices.number(2), choices.text())
    password = "wrong" if flags & 32 else ice.password
    return _signed(stun.REQUEST, b"transact" + bytes((flags, 0, 0, 0)), attributes, password)


def _answer(scene: _Scene, *, failed: bool, elsewhere: bool) -> None:
    """To the last check of ours, by the peer's password."""
    asked = scene.last_asked()
    if asked is None:
        return
    transaction, at, address = asked
    attributes = _attribute(0x0009, b"\0\0\4\x57Role Conflict") if failed else b""
    answer = _signed(stun.FAILURE if failed else stun.SUCCESS, transaction, attributes, _PASSWORD)
    source = ("192.0.2.99", 9) if elsewhere and not at else address
    scene.kernel[at].arrived.append((answer, source))
    scene.port.sockets[at]._read()


def _attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def _signed(kind: int, transaction: bytes, attributes: bytes, password: str) -> bytes:
    """RFC 8489, 14.5, written out: not by the code that is tested."""
    signed = struct.pack("!HHI", kind, len(attributes) + 24, 0x2112A442) + transaction + attributes
    return signed + _attribute(0x0008, hmac.digest(password.encode(), signed, "sha1"))


def candidate(data: bytes) -> None:
    """Lines of candidates, as offers and signaling bring them."""

    async def add() -> None:
        scene = _Scene()
        for line in data.decode("utf-8", "replace").splitlines():
            _add(scene.calls[0], line)
        await asyncio.sleep(0.1)
        assert len(scene.calls[0]._remotes) <= MOST_REMOTE
        for host, number in scene.calls[0]._remotes:
            assert 0 < number < 65_536
            assert len(host) <= 64, "an address, and no name"
        for ice in scene.calls:
            ice.close()

    run(add())


def _add(ice: Ice, line: str) -> None:
    """ValueError is what callers are told to expect."""
    try:
        ice.add(line)
    except ValueError:
        return


def candidate_seeds() -> list[bytes]:
    return [line.encode() for line in (*CANDIDATES, "\n".join(CANDIDATES))]


def port_seeds() -> list[bytes]:
    ordinary = b"\x01\x06\xff\xff\xff\xff\xff\xff\xff\xff\x09\x03\x05\x09\x01\x02\x09\x05\x09\x06\x04abcd\x09"
    return [
        ordinary,
        ordinary + b"\x11\x02\x09\x05\x09\x0b\x06\x0b\x40\x09\x05\x09",
        b"\x07\x00\x07\x02\x08\x20\x03\x0b\x20\x08\xff\x83\x04",
        b"\x01\x0c\x00\x00\x00\x00\x00\x00\x00\x01\x09\x01\x04\xff\xff\xff\xff\xff\xff\xff\xff\x0a\x04\x03",
        b"".join(b"\x01\x02" + bytes((source,)) for source in range(0, 255, 3)),
        b"\x02\x22\x10\x40\x00\x09" + b"\x02\x10\x00\x06\x03abc\x19\x01\x00\x09",
        b"\x00\x14\x00\x01\x00\x00\x21\x12\xa4\x42" + bytes(12) + b"\x09\x0a" + bytes(12) + b"\x09",
        b"\x00\x1c\x00\x01\x00\x08\x21\x12\xa4\x42" + bytes(12) + b"\x00\x06\x00\x04a:bc" + b"\x09",
    ]


def _nothing() -> None:
    return None
