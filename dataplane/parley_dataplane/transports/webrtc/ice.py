"""ICE of one call on host addresses alone: sockets, candidates, checks (RFC 8445), by aioice where it serves.

Rules: no STUN or TURN server is asked, no name is resolved, nothing waits. Loopback is offered last, so that a laptop
without a network can be talked to. Candidates, prospective peers and queued datagrams are bounded. Media goes from the
socket to `on_media` in the same call, without a queue or a task in between; DTLS goes to aiortc by aioice's queue.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import struct
from collections.abc import Callable, Sequence
from typing import Any, cast

from aioice import Candidate, Connection, stun
from aioice.candidate import candidate_foundation, candidate_priority
from aioice.ice import ICE_COMPLETED, StunProtocol, get_host_addresses
from aioice.utils import random_string
from aiortc import RTCIceGatherer

_RETRANSMISSIONS = 3
"""Of a check of ours, over 3.5 s instead of aioice's 7 over a minute: an offer can name addresses of third parties."""

MOST_REMOTE = 64
"""Addresses that one peer may name or be seen at; each can cost a connectivity check."""

MOST_LOCAL = 16
"""Addresses of ours that are offered; each is one socket per call."""

# aioice and aiortc tell addresses, and whole SDPs, below this level: none may reach a log.
for _name in ("aioice", "aiortc"):
    logging.getLogger(_name).setLevel(logging.WARNING)

_MOST_QUEUED = 256  # datagrams; a DTLS handshake has about ten
_CHECK_SECS = 0.020
_ROLE_CONFLICT = 487  # RFC 8445, 7.3.1.1
_MOST_CONFLICTS = 4  # honest peers agree after one
_WRITE_BUFFER_BYTES = 64 * 1024  # beyond it the network takes nothing: audio that waits is worth nothing


def host_addresses() -> list[str]:
    """The addresses of this machine, loopback last."""
    return [*get_host_addresses(use_ipv4=True, use_ipv6=True)[: MOST_LOCAL - 1], "127.0.0.1"]


class HostIce(Connection):
    """`on_media(datagram)` gets every RTP and RTCP packet; `on_alive()` tells that STUN proved the peer to be there."""

    def __init__(
        self, on_media: Callable[[bytes], None], on_alive: Callable[[], None], addresses: Sequence[str]
    ) -> None:
        super().__init__(ice_controlling=False, local_username=random_string(8))
        self._on_media = on_media
        self._addresses = addresses
        self.on_alive = on_alive
        self._conflicts = 0

    async def gather_candidates(self) -> None:
        """One socket and one candidate for each address; an address that can't be bound is left out."""
        if self._local_candidates_start:
            return
        self._local_candidates_start = True
        for rank, address in enumerate(self._addresses):
            with contextlib.suppress(OSError):
                self._local_candidates.append(await self._bind(address, preference=65_535 - rank))
        self._local_candidates_end = True

    async def _bind(self, address: str, preference: int) -> Candidate:
        loop = asyncio.get_running_loop()
        _, protocol = await loop.create_datagram_endpoint(
            lambda: DemuxProtocol(self), local_addr=(address, 0)
        )
        host, port = protocol.transport.get_extra_info("sockname")[:2]
        protocol.local_candidate = Candidate(
            foundation=candidate_foundation("host", "udp", host),
            component=1,
            transport="udp",
            priority=candidate_priority(1, "host", preference),
            host=host,
            port=port,
            type="host",
        )
        self._protocols.append(protocol)
        return protocol.local_candidate

    def add(self, line: str) -> bool:
        """Takes a remote candidate, "candidate:" left out; False for one that is no use here.

        Names (mDNS `.local`) are left alone: looking one up takes up to a second, and the peer's own check, which comes
        from the address behind the name, arrives sooner (RFC 8445, 7.3.1.3). ValueError where the line is malformed.
        """
        candidate = Candidate.from_sdp(line)
        if (
            candidate.transport.lower() != "udp"
            or candidate.component != 1
            or candidate.host.endswith(".local")
        ):
            return False
        address = ipaddress.ip_address(candidate.host)
        if address.is_multicast or address.is_unspecified or not 0 < candidate.port < 65_536:
            raise ValueError("a candidate that no one can answer from")
        if self._closing or len(self._remote_candidates) >= MOST_REMOTE:
            return False
        self._add_remote_candidate(candidate, candidate.host)
        return True

    async def connect(self) -> None:
        """aioice's, less its waits: it sleeps 20 ms after every check, also when that was the one that succeeded.

        The end of candidates is never declared: a peer that named none that works may still be seen by its own checks,
        and how long to wait in all is the call's to say. ConnectionError when closed meanwhile.
        """
        for remote in self._remote_candidates:
            self._pair_remote_candidate(remote)
        self.sort_check_list()
        self._unfreeze_initial()
        for early in self._early_checks:
            self.check_incoming(*early)
        self._early_checks.clear()
        self._early_checks_done = True
        result = None
        while result is None:
            self._check_periodic()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_CHECK_SECS):
                    result = await self._check_list_state.get()
        for pair in self._check_list:
            if pair.task:
                pair.task.cancel()
        # Closed in the moment of success, aioice's own would start a consent task that nobody ends.
        if result != ICE_COMPLETED or self._closing:
            raise ConnectionError("closed before ICE found a way to the peer")
        self._query_consent_task = asyncio.create_task(self.query_consent())

    def send_now(self, data: bytes) -> bool:
        """One datagram on the nominated path; False where there is none or the network takes nothing."""
        pair = self._nominated.get(1)
        if pair is None:
            return False
        # typeshed knows no get_write_buffer_size of a datagram transport; every loop's has it.
        socket = cast(Any, pair.protocol.transport)
        if socket.get_write_buffer_size() > _WRITE_BUFFER_BYTES:
            return False
        socket.sendto(data, pair.remote_addr)
        return True

    def release(self) -> None:
        """Closed: from here on nobody is told anything."""
        self._on_media = lambda _: None
        self.on_alive = lambda: None

    def may_change_role(self) -> bool:
        """Whether one more conflict of roles is believed: aioice asks again at once, inside the call that asked."""
        self._conflicts += 1
        return self._conflicts <= _MOST_CONFLICTS

    def data_received(self, data: bytes, component: int) -> None:
        if 127 < data[0] < 192:
            self._on_media(data)
        elif self._queue.qsize() < _MOST_QUEUED:
            self._queue.put_nowait((data, component))

    def request_received(self, message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        """Keeps from aioice what it would trip over: a check without priority, and addresses without number."""
        is_known = any(c.host == addr[0] and c.port == addr[1] for c in self._remote_candidates)
        if "PRIORITY" in message.attributes and (is_known or len(self._remote_candidates) < MOST_REMOTE):
            super().request_received(message, addr, protocol)

    def check_incoming(self, message: stun.Message, addr: tuple[str, int], protocol: StunProtocol) -> None:
        """aioice comes here only with checks that hold the password's proof."""
        self.on_alive()
        super().check_incoming(message, addr, protocol)


class DemuxProtocol(StunProtocol):
    """One socket: what a datagram is tells its first byte (RFC 7983, 7), not a parser that fails."""

    def __init__(self, receiver: HostIce) -> None:
        super().__init__(receiver)
        self._ice = receiver

    def datagram_received(self, data: bytes | str, addr: tuple[Any, ...]) -> None:
        if not data:
            return
        if cast(bytes, data)[0] < 4:
            # aioice's parser answers a stranger's broken attributes with whatever its parts raise.
            with contextlib.suppress(ValueError, LookupError, AssertionError, struct.error):
                super().datagram_received(data, addr)
        else:
            self._ice.data_received(cast(bytes, data), 1)

    async def request(
        self,
        request: stun.Message,
        addr: tuple[str, int],
        integrity_key: bytes | None = None,
        retransmissions: int | None = None,
    ) -> tuple[stun.Message, tuple[str, int]]:
        """A check of ours; its answer is proven to be the peer's, consent included (RFC 7675)."""
        try:
            answer = await super().request(
                request, addr, integrity_key, _RETRANSMISSIONS if retransmissions is None else retransmissions
            )
        except stun.TransactionFailed as failed:
            if failed.response.error_code == _ROLE_CONFLICT and not self._ice.may_change_role():
                raise stun.TransactionTimeout from None
            raise
        self._ice.on_alive()
        return answer


class HostGatherer(RTCIceGatherer):
    """aiortc's gatherer around our ICE; the one that it makes for itself never opens a socket."""

    def __init__(self, ice: HostIce) -> None:
        super().__init__(iceServers=[])
        self._connection = ice
