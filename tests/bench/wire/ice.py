"""ICE of a controlling client with one socket (RFC 8445): checks out, answers to the peer's, one chosen path.

No socket and no timer in here: `call.py` sends what these methods return. A caller on the server's own machine would
be taken over loopback: that address is chosen where it is offered, the first one otherwise, and the check that finds it
nominates it. So a slower second candidate never moves the media elsewhere.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from aioice import stun

Address = tuple[str, int]

_CHARS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_PRIORITY = 1_862_270_975  # of a peer-reflexive candidate of component 1 (RFC 8445, 5.1.2.1)
_MOST_WAITING = 32


class IceAgent:
    """`ufrag` and `password` are ours; `path` is where the peer is, once a check of ours was answered."""

    def __init__(self) -> None:
        self.ufrag, self.password = _random(8), _random(24)
        self.path: Address | None = None
        self._tie_breaker = secrets.randbits(64)
        self._peer_ufrag, self._peer_key = "", b""
        self._waiting: dict[bytes, Address] = {}

    def meet(self, ufrag: str, password: str) -> None:
        """Take the peer's credentials, from its answer."""
        self._peer_ufrag, self._peer_key = ufrag, password.encode()

    @staticmethod
    def choose(candidates: Sequence[Address]) -> list[Address]:
        """Return the candidates in the order in which they are tried."""
        return sorted(candidates, key=lambda address: not address[0].startswith("127."))

    def check(self, address: Address) -> bytes:
        """Return a check that nominates; later ones keep the peer's consent alive (RFC 7675)."""
        request = stun.Message(stun.Method.BINDING, stun.Class.REQUEST)
        request.attributes["USERNAME"] = f"{self._peer_ufrag}:{self.ufrag}"
        request.attributes["PRIORITY"] = _PRIORITY
        request.attributes["ICE-CONTROLLING"] = self._tie_breaker
        request.attributes["USE-CANDIDATE"] = None
        request.add_message_integrity(self._peer_key)
        while len(self._waiting) >= _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[request.transaction_id] = address
        return bytes(request)

    def receive(self, datagram: bytes, source: Address) -> bytes | None:
        """Return the answer to a check of the peer's, None for all else; broken and forged ones change nothing."""
        try:
            message = stun.parse_message(datagram)
        except ValueError:
            return None
        if message.message_class == stun.Class.REQUEST:
            return self._answer(message, source)
        address = self._waiting.pop(message.transaction_id, None)
        is_proven = address is not None and message.check_message_integrity(self._peer_key)
        if is_proven and message.message_class == stun.Class.RESPONSE and self.path is None:
            self.path = address
        return None

    def _answer(self, request: stun.Message, source: Address) -> bytes | None:
        key = self.password.encode()
        if not request.check_message_integrity(key):
            return None
        response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, request.transaction_id)
        response.attributes["XOR-MAPPED-ADDRESS"] = source
        response.add_message_integrity(key)
        return bytes(response)


def _random(length: int) -> str:
    return "".join(secrets.choice(_CHARS) for _ in range(length))
