"""The one UDP port of the process: a socket for each local address, shared by all calls, and whose a datagram is.

Rules: a datagram from an address that a call has claimed is the call's by one look-up in a dict. From any other address
only a binding request that names a living call is looked into, and of that only the name; all else is dropped at the
cost of the look-up, and counted. Nothing waits and nothing is queued here: the kernel's buffers are the queue.

Who may claim: a call, by a check that holds its password's proof (RFC 8445, 7.3), takes an address that is free or that
is itself only claimed so. Where the source of a check may be forged, an answer to a check of ours can not: only who
reads at an address knows the transaction. So an address that was proven in this way is given to another call by such a
proof alone: nobody can take the media of a call by a check in its peer's name.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import structlog

from parley_api.media import UdpSettings
from parley_dataplane.transports.webrtc import stun

Address = tuple[str, int] | tuple[str, int, int, int]
"""As the kernel gives it: of IPv6 with flow and scope."""

MOST_PER_READ = 16
"""Datagrams that are read in a row before the loop turns to something else: with all that they set off about 2 ms,
which an offer and the pacer can wait. A turn of the loop by itself costs what 5 datagrams do.
"""

LARGEST_DATAGRAM = 2_048
"""Bytes; what is longer than any path's MTU is cut, and then fails its cipher."""

_MOST_TRIES = 32  # for a port that is free on every address


class Asker(Protocol):
    """Who has asked, and waits for the answer."""

    def answer_received(self, datagram: bytes, at: LocalSocket, source: Address) -> None:
        """With the transaction that was asked with."""


class Owner(Asker, Protocol):
    """A call's ICE."""

    def receive(self, datagram: bytes) -> None:
        """From an address that is claimed, and no STUN."""

    def check_received(self, datagram: bytes, at: LocalSocket, source: Address) -> None:
        """A binding request that names this call; nothing is proven yet."""


class Reading(Protocol):
    """What brackets the datagrams that are read in a row."""

    def begin(self) -> None:
        """Ahead of the first."""

    def end(self) -> None:
        """After the last."""


class _NoReading:
    def begin(self) -> None:
        return

    def end(self) -> None:
        return


class Claim(NamedTuple):
    receive: Callable[[bytes], None]
    owner: Owner
    proven: bool


@dataclass(slots=True)
class PortCounts:
    """Of the process, since its start."""

    strangers: int = 0
    """Datagrams that were nobody's."""

    looked_into: int = 0
    """Binding requests of strangers whose name was read."""

    taken_over: int = 0
    """Addresses that went from one call to another."""


class LocalSocket:
    """One local address of the port. `sendto(datagram, address)` is the kernel's own: it raises OSError where the
    network takes nothing now.
    """

    def __init__(self, sock: socket.socket, port: UdpPort) -> None:
        self.host: str = sock.getsockname()[0]
        self.family = sock.family
        self.sendto = sock.sendto
        self.seen_at: tuple[str, int] | None = None
        """Where a STUN server sees it, if that is another address than its own (reflexive.py)."""
        self._socket = sock
        self._recvfrom = sock.recvfrom
        self._port = port
        self._claims: dict[Address, Claim] = {}

    def claim(self, address: Address, owner: Owner, *, proven: bool) -> bool:
        """Whether datagrams from `address` are now this owner's; see the module's rules."""
        held = self._claims.get(address)
        if held is not None and held.owner is not owner:
            if held.proven and not proven:
                return False
            self._port.counts.taken_over += 1
        if held is None or held.owner is not owner or (proven and not held.proven):
            self._claims[address] = Claim(owner.receive, owner, proven)
        return True

    def release(self, address: Address, owner: Owner) -> None:
        """No harm where it is another's by now."""
        held = self._claims.get(address)
        if held is not None and held.owner is owner:
            del self._claims[address]

    @property
    def claimed(self) -> int:
        return len(self._claims)

    def address_of(self, host: str, port: int) -> Address:
        """As the kernel will name it."""
        return (host, port) if self.family == socket.AF_INET else (host, port, 0, 0)

    def buffers(self) -> tuple[int, int]:
        """Bytes that may wait to be read and to be sent. The kernel tells twice of what it grants (socket(7))."""
        get = self._socket.getsockopt
        return (
            get(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2,
            get(socket.SOL_SOCKET, socket.SO_SNDBUF) // 2,
        )

    def start(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.add_reader(self._socket.fileno(), self._read)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._socket.fileno() >= 0:
            loop.remove_reader(self._socket.fileno())
            self._socket.close()
        self._claims.clear()

    def _read(self) -> None:
        reading = self._port.reading
        reading.begin()
        try:
            self._read_in_a_row()
        finally:
            reading.end()

    def _read_in_a_row(self) -> None:
        recvfrom, find = self._recvfrom, self._claims.get
        for _ in range(MOST_PER_READ):
            try:
                datagram, source = recvfrom(LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            except OSError:  # what an earlier datagram of ours met on its way (udp(7))
                continue
            claim = find(source)
            # Below 4 it is STUN (RFC 7983, 7), which says itself whose it is.
            if claim is not None and datagram and datagram[0] > 3:
                claim.receive(datagram)
            elif datagram and datagram[0] < 2:
                self._port.stun_received(datagram, self, source, claim is not None)
            elif claim is None:
                self._port.counts.strangers += 1


class UdpPort:
    """Made by `open`, in the loop that then reads it."""

    def __init__(self) -> None:
        self.counts = PortCounts()
        self.reading: Reading = _NoReading()
        self.sockets: list[LocalSocket] = []
        self.number = 0
        self._loop = asyncio.get_running_loop()
        self._calls: dict[bytes, Owner] = {}
        self._transactions: dict[bytes, Asker] = {}

    @classmethod
    def open(
        cls, addresses: Sequence[str], settings: UdpSettings | None = None, reading: Reading | None = None
    ) -> UdpPort:
        """The same port on each of `addresses`, the first being the one that is preferred; an address that this machine
        does not have is left out. OSError where none can be bound; EADDRINUSE where the port of the settings is taken.
        """
        settings = settings or UdpSettings()
        port = cls()
        port.reading = reading or port.reading
        for sock in _bind_all(addresses, settings.port):
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, settings.receive_buffer_bytes)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, settings.send_buffer_bytes)
            port.number = sock.getsockname()[1]
            local = LocalSocket(sock, port)
            port.sockets.append(local)
            local.start(port._loop)
        port._tell_buffers(settings)
        return port

    def is_seen_at(self, host: str) -> None:
        """Callers reach the same port by that address as well: the first of its family has it."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        for local in self.sockets:
            if local.family == family and local.host != host:
                local.seen_at = (host, self.number)
                return

    def close(self) -> None:
        """Frees the port; again is no harm."""
        for local in self.sockets:
            local.close(self._loop)
        self.sockets.clear()
        self._calls.clear()
        self._transactions.clear()

    @property
    def claimed(self) -> int:
        """Addresses that belong to a call now."""
        return sum(local.claimed for local in self.sockets)

    def enter(self, ufrag: bytes, owner: Owner) -> bool:
        """A call can be found by its name from here on; False where another has it."""
        return self._calls.setdefault(ufrag, owner) is owner

    def leave(self, ufrag: bytes) -> None:
        self._calls.pop(ufrag, None)

    def asked(self, transaction: bytes, asker: Asker) -> None:
        """The answer to this is the asker's, wherever it comes from, until `settled`."""
        self._transactions[transaction] = asker

    def settled(self, transaction: bytes) -> None:
        self._transactions.pop(transaction, None)

    def stun_received(self, datagram: bytes, at: LocalSocket, source: Address, is_known: bool) -> None:
        """Finds whose it is; `is_known` where the address is claimed."""
        transaction = stun.transaction_of(datagram)
        if transaction is not None:
            asker = self._transactions.get(transaction)
            if asker is not None:
                asker.answer_received(datagram, at, source)
                return
        else:
            self.counts.looked_into += 1
            ufrag = stun.ufrag_of(datagram)
            owner = None if ufrag is None else self._calls.get(ufrag)
            if owner is not None:
                owner.check_received(datagram, at, source)
                return
        if not is_known:
            self.counts.strangers += 1

    def _tell_buffers(self, settings: UdpSettings) -> None:
        granted = [local.buffers() for local in self.sockets]
        receive, send = min(r for r, _ in granted), min(s for _, s in granted)
        if receive < settings.receive_buffer_bytes or send < settings.send_buffer_bytes:
            structlog.get_logger().warning(
                "udp-buffers-are-smaller-than-asked",
                receive=receive,
                send=send,
                raise_them_by="net.core.rmem_max and net.core.wmem_max",
            )


def _bind_all(addresses: Sequence[str], number: int) -> list[socket.socket]:
    """A free port of one address may be taken on the next: then another is tried."""
    for tries_left in reversed(range(1 if number else _MOST_TRIES)):
        try:
            return _bind_each(addresses, number)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or not tries_left:
                raise
    raise AssertionError("the last try raises")


def _bind_each(addresses: Sequence[str], number: int) -> list[socket.socket]:
    """On all of them or, where one has the port taken, none."""
    with contextlib.ExitStack() as bound:
        sockets: list[socket.socket] = []
        for address in addresses:
            sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
            try:
                sock.bind((address, number))
            except OSError as error:
                sock.close()
                if error.errno == errno.EADDRNOTAVAIL:
                    continue
                raise
            number = sock.getsockname()[1]
            sockets.append(bound.enter_context(sock))
        if not sockets:
            raise OSError(errno.EADDRNOTAVAIL, "this machine has none of the addresses that were to be bound")
        bound.pop_all()
        return sockets
