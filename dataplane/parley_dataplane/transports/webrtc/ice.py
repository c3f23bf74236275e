"""ICE of one call over the shared port: checks, answers, consent (RFC 8445, 7675, 8838).

Rules: no STUN or TURN server is asked here, though what a server has told of the port is offered too (reflexive.py); no
name is resolved, nothing waits, there is no task. Media goes from the socket to `on_media` in the same call; DTLS waits
in a bounded queue for aiortc. Candidates, paths and checks are bounded. No address reaches a log.

How a way is found: each address that the peer names or is seen at makes a path with each local address. A path is
checked at once where the peer has checked it, else in its turn. It is *proven* when the peer has answered a check of
ours, so that nobody else can be made to receive what we send. What is sent goes to the first path that is proven
(RFC 8445, 12.1), from then on to the one that was nominated last.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import ipaddress
import logging
import random
import secrets
from collections.abc import Callable
from dataclasses import dataclass

import ifaddr

from parley_dataplane.transports.webrtc import stun
from parley_dataplane.transports.webrtc.port import Address, LocalSocket, UdpPort

MOST_REMOTE = 64
"""Addresses that one peer may name or be seen at; each can cost connectivity checks."""

MOST_PATHS = 128
"""Pairs of a local and a remote address."""

MOST_LOCAL = 16
"""Addresses of ours that are offered; each is one socket of the process."""

CONSENT_SECS = 30.0
"""Without an answer to a check we stop sending (RFC 7675, 5.1)."""

# aiortc tells addresses, and whole SDPs, below this level: none may reach a log.
for _name in ("aioice", "aiortc"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_MOST_QUEUED = 256  # datagrams; a DTLS handshake has about ten
_PACE_SECS = 0.010  # between first checks of paths; RFC 8445, 14.2 wants 5 ms at least
_FIRST_RETRY_SECS = 0.5  # RFC 8445, 14.3; then doubled
_MOST_TRIES = 4  # over 3.5 s: an offer can name addresses of third parties
_TRIGGER_SECS = 0.05  # a peer that checks more often is not asked more often
_CONSENT_EVERY_SECS = (4.0, 6.0)  # RFC 7675, 5.1
_MOST_CONFLICTS = 4  # of roles; honest peers agree after one
_HOST, _PEER_REFLEXIVE, _SERVER_REFLEXIVE = 126, 110, 100  # type preferences (RFC 8445, 5.1.2.2)


def host_addresses() -> list[str]:
    """The addresses of this machine that are no link's own, loopback last: so a laptop without network can talk."""
    found = [
        ip.ip if isinstance(ip.ip, str) else ip.ip[0]
        for adapter in ifaddr.get_adapters()
        for ip in adapter.ips
        if isinstance(ip.ip, str) or ip.ip[2] == 0  # an IPv6 address with a scope is the link's
    ]
    reachable = [address for address in found if not ipaddress.ip_address(address).is_loopback]
    return [*reachable[: MOST_LOCAL - 1], "127.0.0.1"]


@dataclass(eq=False, slots=True)
class Path:
    """From a local to a remote address. `proven` is when the peer last answered a check on it, None for never."""

    at: LocalSocket
    remote: Address
    proven: float | None = None
    nominated: bool = False
    tries: int = 0
    checked: float = 0.0
    transaction: bytes = b""
    request: bytes = b""
    nominates: bool = False  # whether our check on its way asks for it


class Ice:
    """`start()` after making it, `close()` for certain. Callbacks are plain: `on_media(datagram)` gets RTP and RTCP,
    `on_alive()` tells that the peer proved to be there, `on_failed()` that it withdrew its consent.

    It is the transport of aiortc's DTLS as far as that needs one: `role`, `_recv`, `_send`.
    """

    def __init__(
        self,
        port: UdpPort,
        *,
        remote_ufrag: str,
        remote_password: str,
        remote_is_lite: bool,
        on_media: Callable[[bytes], None],
        on_alive: Callable[[], None],
        on_failed: Callable[[], None],
    ) -> None:
        self._port = port
        self._loop = asyncio.get_running_loop()
        self.password = _random_text(18)  # 144 bits, of which RFC 8445, 5.3 wants 128
        self.ufrag = _random_text(6)
        while not port.enter(self.ufrag.encode(), self):
            self.ufrag = _random_text(6)
        self.forged = 0
        self.seen = False
        """Whether the peer has got our answer: it has checked us with the password that stands there. One that never
        checks by itself has when it answers.
        """
        self._is_lite = remote_is_lite
        self._password = self.password.encode()
        self._remote_password = remote_password.encode()
        self._our_name = f"{remote_ufrag}:{self.ufrag}".encode()
        self._their_name = f"{self.ufrag}:{remote_ufrag}".encode()
        self._controlling = remote_is_lite  # one that only answers can't lead (RFC 8445, 6.1.1)
        self._tie_breaker = secrets.randbits(64)
        self._conflicts = 0
        self._on_media, self._on_alive, self._on_failed = on_media, on_alive, on_failed
        self._paths: dict[tuple[LocalSocket, Address], Path] = {}
        self._remotes: set[tuple[str, int]] = set()
        self._asked: dict[bytes, Path] = {}
        self._path: Path | None = None
        self._next_consent = 0.0
        self._queue: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._found = self._loop.create_future()
        self._timer: asyncio.Handle | None = None
        self._started = self._closed = False

    # What the call asks

    def candidates(self) -> list[tuple[str, int, str]]:
        """(address, port, line without "candidate:"): each local address, the preferred one first, then where those are
        seen from outside.
        """
        number, sockets = self._port.number, self._port.sockets
        own = [
            (at.host, number, f"{rank + 1} 1 udp {_priority(_HOST, rank)} {at.host} {number} typ host")
            for rank, at in enumerate(sockets)
        ]
        outside = [
            (*at.seen_at, _reflexive(rank, at.seen_at, f"raddr {at.host} rport {number}"))
            for rank, at in enumerate(sockets)
            if at.seen_at is not None
        ]
        return own + outside

    def add(self, line: str) -> bool:
        """Takes a remote candidate, "candidate:" left out; False for one that is no use here.

        Names (mDNS `.local`) are left alone: looking one up takes up to a second, and the peer's own check, which comes
        from the address behind the name, arrives sooner (RFC 8445, 7.3.1.3). ValueError where the line is malformed.
        """
        parts = line.split()
        if len(parts) < 8 or parts[6] != "typ":
            raise ValueError("a candidate has at least eight parts (RFC 8839, 5.1)")
        component, port = int(parts[1]), int(parts[5])
        if parts[2].lower() != "udp" or component != 1 or parts[4].endswith(".local"):
            return False
        address = ipaddress.ip_address(parts[4])
        if address.is_multicast or address.is_unspecified or not 0 < port < 65_536:
            raise ValueError("a candidate that no one can answer from")
        return self._add_remote(str(address), port)

    def start(self) -> None:
        """Begins the checks; the peer's own are answered already."""
        self._started = True
        self._tick()

    async def connected(self) -> None:
        """Returns once there is a proven path. ConnectionError when closed meanwhile."""
        await self._found

    def send_now(self, datagram: bytes) -> bool:
        """One datagram on the chosen path; False where there is none or the network takes nothing."""
        path = self._path
        if path is None:
            return False
        try:
            path.at.sendto(datagram, path.remote)
        except OSError:
            return False
        return True

    def check_consent(self, now: float) -> None:
        """To be called every second or so: asks whether the peer still wants to hear us (RFC 7675)."""
        path = self._path
        if path is None or path.proven is None:
            return
        if now - path.proven > CONSENT_SECS:
            self._on_failed()
            return
        is_to_nominate = self._controlling and not path.nominated  # what asked for it before was lost
        if now >= self._next_consent or is_to_nominate:
            self._next_consent = now + random.uniform(*_CONSENT_EVERY_SECS)
            self._ask(path, now, nominate=is_to_nominate)

    def close(self) -> None:
        """Frees name, addresses and timer; from here on nobody is told anything. Again is no harm."""
        if self._closed:
            return
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
        self._port.leave(self.ufrag.encode())
        for transaction in self._asked:
            self._port.settled(transaction)
        for path in self._paths.values():
            path.at.release(path.remote, self)
        self._asked.clear()
        self._paths.clear()
        self._path = None
        self._on_media = lambda _: None
        self._on_alive = self._on_failed = lambda: None
        self._queue.put_nowait(None)
        if not self._found.done():
            self._found.set_exception(ConnectionError("closed before ICE found a way to the peer"))
            self._found.exception()  # seen, where nobody waits for it

    # What aiortc's DTLS asks

    @property
    def role(self) -> str:
        return "controlling" if self._controlling else "controlled"

    async def _recv(self) -> bytes:
        datagram = await self._queue.get()
        if datagram is None:
            raise ConnectionError("closed")
        return datagram

    async def _send(self, datagram: bytes) -> None:
        if self._closed:
            raise ConnectionError("closed")
        self.send_now(
            datagram
        )  # one that the network does not take is one that is lost: DTLS and SCTP send again

    # What the port calls

    def receive(self, datagram: bytes) -> None:
        if 127 < datagram[0] < 192:
            self._on_media(datagram)
        elif 19 < datagram[0] < 64 and self._queue.qsize() < _MOST_QUEUED:
            self._queue.put_nowait(datagram)

    def check_received(self, datagram: bytes, at: LocalSocket, source: Address) -> None:
        message = stun.read(datagram)
        if (
            message is None
            or not message.has_priority
            or message.username != self._their_name
            or not message.is_by(self._password)
        ):
            self.forged += 1  # and unanswered: who knows no password needs no help
            return
        path = self._paths.get((at, source))
        if path is None:
            if len(self._paths) >= MOST_PATHS or not self._may_add_remote(source):
                return
            path = self._add_path(at, source)
        at.claim(source, self, proven=False)
        self.seen = True
        self._on_alive()
        if self._closed:
            return
        if not self._agree_on_roles(message, path):
            return
        _send_to(path, stun.success(message.transaction, source[0], source[1], self._password))
        now = self._loop.time()
        if message.use_candidate and not self._controlling:
            path.nominated = True
            if path.proven is not None:
                self._choose(path)
        if path.proven is None and (not path.tries or now - path.checked >= _TRIGGER_SECS):
            self._ask(path, now)

    def answer_received(self, datagram: bytes, at: LocalSocket, source: Address) -> None:
        message = stun.read(datagram)
        if message is None or not message.is_by(self._remote_password):
            self.forged += 1
            return
        path = self._asked.get(message.transaction)
        if path is None or path.at is not at or path.remote != source:
            return  # it must come from where we asked (RFC 8445, 7.2.5.2.1)
        self._settle(path)
        now = self._loop.time()
        if message.kind == stun.SUCCESS:
            self._prove(path, now)
        elif message.error == stun.ROLE_CONFLICT and self._conflicts < _MOST_CONFLICTS:
            self._conflicts += 1
            self._controlling = not self._controlling
            self._ask(path, now)
        else:
            path.tries = _MOST_TRIES

    # Paths

    def _may_add_remote(self, remote: Address) -> bool:
        """Whether an address is known, or is now."""
        if remote[:2] not in self._remotes and len(self._remotes) >= MOST_REMOTE:
            return False
        self._remotes.add(remote[:2])
        return True

    def _add_remote(self, host: str, port: int) -> bool:
        if self._closed or not self._may_add_remote((host, port)):
            return False
        for at in self._port.sockets:
            if (":" in host) == (":" in at.host) and len(self._paths) < MOST_PATHS:
                address = at.address_of(host, port)
                if (at, address) not in self._paths:
                    self._add_path(at, address)
        if self._started and self._timer is None and self._path is None:
            self._timer = self._loop.call_soon(self._tick)
        return True

    def _add_path(self, at: LocalSocket, remote: Address) -> Path:
        path = self._paths[at, remote] = Path(at, remote)
        return path

    def _tick(self) -> None:
        """While no way is found: what is due again, and the first check of one path more."""
        self._timer = None
        if self._closed or self._path is not None:
            return
        now = self._loop.time()
        is_left = False
        may_begin = True
        for path in list(self._paths.values()):
            if path.proven is not None or path.tries >= _MOST_TRIES:
                continue
            is_left = True
            if path.tries:
                if now - path.checked >= _FIRST_RETRY_SECS * 2 ** (path.tries - 1):
                    self._ask(path, now)
            elif may_begin:
                may_begin = False
                self._ask(path, now)
        if is_left:
            self._timer = self._loop.call_later(_PACE_SECS, self._tick)

    def _ask(self, path: Path, now: float, *, nominate: bool = False) -> None:
        """A check, or the same once more while it is unanswered."""
        path.checked = now
        path.tries += 1
        if path.proven is not None or not path.transaction:
            self._settle(path)
            path.nominates = nominate
            path.transaction = stun.new_transaction()
            path.request = stun.check(
                path.transaction,
                self._our_name,
                self._remote_password,
                priority=_priority(_PEER_REFLEXIVE, self._port.sockets.index(path.at)),
                tie_breaker=self._tie_breaker,
                controlling=self._controlling,
                use_candidate=nominate,
            )
            self._asked[path.transaction] = path
            self._port.asked(path.transaction, self)
        _send_to(path, path.request)

    def _settle(self, path: Path) -> None:
        if path.transaction:
            self._asked.pop(path.transaction, None)
            self._port.settled(path.transaction)
            path.transaction = b""

    def _prove(self, path: Path, now: float) -> None:
        is_first = path.proven is None
        path.proven = now
        self.seen = self.seen or self._is_lite
        path.at.claim(path.remote, self, proven=True)
        self._on_alive()
        if self._closed:
            return
        if self._controlling:
            path.nominated = path.nominated or path.nominates
            if is_first and self._path is None:
                self._ask(path, now, nominate=True)
        if (path.nominated and is_first) or self._path is None:
            self._choose(path)

    def _choose(self, path: Path) -> None:
        self._path = path
        if not self._found.done():
            self._next_consent = self._loop.time() + random.uniform(*_CONSENT_EVERY_SECS)
            self._found.set_result(None)

    def _agree_on_roles(self, message: stun.Binding, path: Path) -> bool:
        """Whether the peer's check may be answered (RFC 8445, 7.3.1.1): the greater number leads."""
        theirs = message.controlling if self._controlling else message.controlled
        if theirs is None:
            return True
        if (self._tie_breaker >= theirs) is self._controlling:
            _send_to(path, stun.role_conflict(message.transaction, self._password))
            return False
        self._controlling = not self._controlling
        return True


def _send_to(path: Path, datagram: bytes) -> None:
    with contextlib.suppress(OSError):  # no route from here: another path has one
        path.at.sendto(datagram, path.remote)


def _reflexive(rank: int, seen_at: tuple[str, int], base: str) -> str:
    """A candidate whose foundation is no host's (RFC 8445, 5.1.1.3)."""
    host, port = seen_at
    return (
        f"{MOST_LOCAL + rank + 1} 1 udp {_priority(_SERVER_REFLEXIVE, rank)} {host} {port} typ srflx {base}"
    )


def _priority(kind: int, rank: int) -> int:
    """RFC 8445, 5.1.2.1."""
    return (kind << 24) | (65_535 - rank << 8) | 255


def _random_text(size: int) -> str:
    """`size` random bytes in base64, whose letters are all ice-chars (RFC 8839, 5.4)."""
    return base64.b64encode(secrets.token_bytes(size)).decode()
