"""Where the calls' port is seen from outside a NAT: asked of STUN servers, again and again (RFC 8489, 2.2).

    stun: URL -> its addresses -> a request from each local address -> LocalSocket.seen_at -> a candidate of each answer

Rules: the servers are asked one at a time, the next one where none of our addresses was answered. Only an answer from
the address that was asked, to the transaction that went there, is believed. Asking again keeps the NAT's mapping as it
is (RFC 8445, 5.1.1.4). Nothing is relayed here: a turn: URL is for clients. No address reaches a log.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from itertools import cycle

import structlog

from parley_api.media import IceServer
from parley_dataplane.transports.webrtc import stun
from parley_dataplane.transports.webrtc.port import Address, LocalSocket, UdpPort

ASK_EVERY_SECS = 15.0

_WAITS_SECS = (0.5, 1.0, 2.0)
"""For an answer, before the request is sent again, and given up in the end (RFC 8489, 6.2.1, with fewer tries)."""

_USUAL_PORT = 3478

HostAndPort = tuple[str, int]


def stun_servers(servers: Iterable[IceServer]) -> list[HostAndPort]:
    """Those that can be asked through the calls' port: STUN over UDP."""
    urls = [url for server in servers for url in server.urls]
    found = [re.fullmatch(r"stun:(\[[^]]*\]|[^:]*)(?::([0-9]+))?", url) for url in urls]
    return [(one[1].strip("[]"), int(one[2] or _USUAL_PORT)) for one in found if one is not None]


class Reflexive:
    """Asks from `start()` to `close()`."""

    def __init__(self, port: UdpPort, servers: Sequence[HostAndPort]) -> None:
        self._port = port
        self._servers = servers
        self._asked: dict[bytes, tuple[LocalSocket, Address]] = {}
        self._all_answered = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        if self._servers:
            self._task = asyncio.create_task(self._keep(), name="stun")

    def close(self) -> None:
        """What was found is not offered any more; again is no harm."""
        if self._task is not None:
            self._task.cancel()
        self._give_up()
        for at in self._port.sockets:
            at.seen_at = None

    def answer_received(self, datagram: bytes, at: LocalSocket, source: Address) -> None:
        message = stun.read(datagram)
        if message is None or message.kind != stun.SUCCESS:
            return
        if self._asked.get(message.transaction) == (at, source):
            self._settle(message.transaction)
            at.seen_at = _usable(message.address(), at, self._port.number)

    async def _keep(self) -> None:
        unanswered = 0
        for host, port in cycle(self._servers):
            if await self._ask(host, port):
                unanswered = 0
                while await self._ask_again(host, port):
                    pass
            unanswered += 1
            if unanswered == len(self._servers):
                structlog.get_logger().warning(
                    "no-stun-server-answers",
                    servers=len(self._servers),
                    until_then="offers are answered with this machine's own addresses alone",
                )
            if unanswered >= len(self._servers):
                await asyncio.sleep(ASK_EVERY_SECS)

    async def _ask_again(self, host: str, port: int) -> bool:
        await asyncio.sleep(ASK_EVERY_SECS)
        return await self._ask(host, port)

    async def _ask(self, host: str, port: int) -> bool:
        """From each local address; whether any was answered. What was found at one that is not is forgotten."""
        addresses = await _look_up(host, port)
        for at in self._port.sockets:
            if at.family in addresses:
                transaction = stun.new_transaction()
                self._asked[transaction] = at, at.address_of(addresses[at.family], port)
                self._port.asked(transaction, self)
        self._all_answered.clear()
        sent = 0
        for wait in _WAITS_SECS:
            sent = max(sent, self._send())
            if not self._asked:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._all_answered.wait(), wait)
        return sent > self._give_up()

    def _send(self) -> int:
        """What is not answered; how many of our addresses a server can be asked from at all."""
        for transaction, (at, where) in list(self._asked.items()):
            try:
                at.sendto(stun.request(transaction), where)
            except BlockingIOError:  # full for now: the next round sends it
                continue
            except OSError:  # loopback leads nowhere else
                at.seen_at = None
                self._settle(transaction)
        return len(self._asked)

    def _give_up(self) -> int:
        """How many were not answered."""
        left = list(self._asked.items())
        for transaction, (at, _) in left:
            at.seen_at = None
            self._settle(transaction)
        return len(left)

    def _settle(self, transaction: bytes) -> None:
        self._asked.pop(transaction, None)
        self._port.settled(transaction)
        if not self._asked:
            self._all_answered.set()


async def _look_up(host: str, port: int) -> dict[socket.AddressFamily, str]:
    """An address of each family that the name has; none where it has none now."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except (OSError, UnicodeError):
        return {}
    return {family: str(address[0]) for family, _, _, _, address in reversed(found)}  # the first one wins


def _usable(seen: HostAndPort | None, at: LocalSocket, number: int) -> HostAndPort | None:
    """None where there is no NAT, or nobody could answer from what was told."""
    if seen is None or seen == (at.host, number) or not seen[1]:
        return None
    address = ipaddress.ip_address(seen[0])
    return None if address.is_multicast or address.is_unspecified else seen
