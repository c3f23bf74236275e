"""STUN as ICE and its servers use it: binding requests and their answers, read and written (RFC 8489, RFC 8445). Pure.

Rules: no clock, no socket. What a stranger sends never raises: what makes no sense is None. Where there is a
MESSAGE-INTEGRITY only what it covers is read.
"""

from __future__ import annotations

import hmac
import secrets
import struct
import zlib
from ipaddress import ip_address
from typing import NamedTuple

REQUEST = 0x0001
SUCCESS = 0x0101
FAILURE = 0x0111
ROLE_CONFLICT = 487
"""RFC 8445, 7.3.1.1."""

MOST_ATTRIBUTES = 16
"""Of one message; a browser's check has about nine."""

_HEADER = struct.Struct("!HHI12s")
_ATTRIBUTE = struct.Struct("!HH")
_COOKIE = 0x2112A442
_FINGERPRINT = 0x5354554E

_USERNAME, _INTEGRITY, _ERROR, _MAPPED = 0x0006, 0x0008, 0x0009, 0x0020
_PRIORITY, _USE_CANDIDATE = 0x0024, 0x0025
_CRC, _CONTROLLED, _CONTROLLING = 0x8028, 0x8029, 0x802A
_SIZES = {_INTEGRITY: 20, _PRIORITY: 4, _USE_CANDIDATE: 0, _CRC: 4, _CONTROLLED: 8, _CONTROLLING: 8}


class Binding(NamedTuple):
    """A message that was read. `signed` is what `integrity` was made from; nothing of it is proven before `is_by`."""

    kind: int
    transaction: bytes
    username: bytes
    has_priority: bool
    use_candidate: bool
    controlling: int | None
    controlled: int | None
    error: int
    signed: bytes
    integrity: bytes
    mapped: bytes

    def is_by(self, password: bytes) -> bool:
        """Whether it was made by one who knows `password` (RFC 8489, 14.5)."""
        return bool(self.integrity) and hmac.compare_digest(
            self.integrity, hmac.digest(password, self.signed, "sha1")
        )

    def address(self) -> tuple[str, int] | None:
        """Where a server saw the request come from, by its answer (XOR-MAPPED-ADDRESS; RFC 8489, 14.2)."""
        if len(self.mapped) not in (8, 20) or self.mapped[1] != (1 if len(self.mapped) == 8 else 2):
            return None
        packed = _masked(self.mapped[4:], self.transaction)
        return str(ip_address(packed)), int.from_bytes(self.mapped[2:4], "big") ^ _COOKIE >> 16


def new_transaction() -> bytes:
    return secrets.token_bytes(12)


def ufrag_of(datagram: bytes) -> bytes | None:
    """Whom a binding request is for: its USERNAME up to the colon (RFC 8445, 7.2.2). Nothing else is looked at, and
    most of what is no request is known by four bytes.
    """
    if datagram[:2] != b"\x00\x01" or datagram[4:8] != b"\x21\x12\xa4\x42":
        return None
    at = 20
    for _ in range(MOST_ATTRIBUTES):
        if at + 4 > len(datagram):
            return None
        kind, size = _ATTRIBUTE.unpack_from(datagram, at)
        if kind == _USERNAME:
            ufrag, colon, _ = datagram[at + 4 : at + 4 + size].partition(b":")
            return ufrag if colon else None
        at += 4 + (size + 3 & ~3)
    return None


def transaction_of(datagram: bytes) -> bytes | None:
    """Of an answer to a binding request, or None for anything else."""
    is_answer = datagram[:2] in (b"\x01\x01", b"\x01\x11") and datagram[4:8] == b"\x21\x12\xa4\x42"
    return datagram[8:20] if is_answer else None


def read(datagram: bytes) -> Binding | None:
    """A binding request or its answer; None for all else."""
    if len(datagram) < 20:
        return None
    kind, size, cookie, transaction = _HEADER.unpack_from(datagram)
    if kind not in (REQUEST, SUCCESS, FAILURE) or cookie != _COOKIE or size + 20 != len(datagram) or size % 4:
        return None
    values: dict[int, bytes] = {}
    signed = b""
    at = 20
    for _ in range(MOST_ATTRIBUTES):
        if at == len(datagram) or signed:
            break  # what follows MESSAGE-INTEGRITY is covered by nothing (RFC 8489, 14.5)
        if at + 4 > len(datagram):
            return None
        name, length = _ATTRIBUTE.unpack_from(datagram, at)
        value = datagram[at + 4 : at + 4 + length]
        if len(value) != length or _SIZES.get(name, length) != length:
            return None
        if name == _INTEGRITY:
            # Its own end stands in the header of what is signed, whatever follows (RFC 8489, 14.5).
            signed = _HEADER.pack(kind, at + 4, cookie, transaction) + datagram[20:at]
        values.setdefault(name, value)
        at += 4 + (length + 3 & ~3)
    return Binding(
        kind=kind,
        transaction=transaction,
        username=values.get(_USERNAME, b""),
        has_priority=_PRIORITY in values,
        use_candidate=_USE_CANDIDATE in values,
        controlling=_number(values.get(_CONTROLLING)),
        controlled=_number(values.get(_CONTROLLED)),
        error=_error(values.get(_ERROR, b"")),
        signed=signed,
        integrity=values.get(_INTEGRITY, b""),
        mapped=values.get(_MAPPED, b""),
    )


def request(transaction: bytes) -> bytes:
    """Asks a STUN server where it sees us (RFC 8489, 2.2); it knows no password of ours, and asks for none."""
    return _HEADER.pack(REQUEST, 0, _COOKIE, transaction)


def check(
    transaction: bytes,
    username: bytes,
    password: bytes,
    *,
    priority: int,
    tie_breaker: int,
    controlling: bool,
    use_candidate: bool = False,
) -> bytes:
    """A connectivity check (RFC 8445, 7.2.2): `username` is "theirs:ours", `password` theirs."""
    role = _CONTROLLING if controlling else _CONTROLLED
    attributes = [
        _attribute(_USERNAME, username),
        _attribute(_PRIORITY, priority.to_bytes(4, "big")),
        _attribute(role, tie_breaker.to_bytes(8, "big")),
    ]
    if use_candidate:
        attributes.append(_attribute(_USE_CANDIDATE, b""))
    return _sealed(REQUEST, transaction, b"".join(attributes), password)


def success(transaction: bytes, host: str, port: int, password: bytes) -> bytes:
    """The answer to a check that came from `host` and `port` (RFC 8489, 14.2)."""
    packed = ip_address(host.partition("%")[0]).packed
    family = 1 if len(packed) == 4 else 2
    value = struct.pack("!BBH", 0, family, port ^ _COOKIE >> 16) + _masked(packed, transaction)
    return _sealed(SUCCESS, transaction, _attribute(_MAPPED, value), password)


def role_conflict(transaction: bytes, password: bytes) -> bytes:
    value = struct.pack("!HBB", 0, *divmod(ROLE_CONFLICT, 100)) + b"Role Conflict"
    return _sealed(FAILURE, transaction, _attribute(_ERROR, value), password)


def _attribute(name: int, value: bytes) -> bytes:
    return _ATTRIBUTE.pack(name, len(value)) + value + bytes(-len(value) % 4)


def _sealed(kind: int, transaction: bytes, attributes: bytes, password: bytes) -> bytes:
    """With MESSAGE-INTEGRITY and FINGERPRINT, each over a header that already counts it (RFC 8489, 14.5, 14.7)."""
    signed = _HEADER.pack(kind, len(attributes) + 24, _COOKIE, transaction) + attributes
    integrity = _attribute(_INTEGRITY, hmac.digest(password, signed, "sha1"))
    body = _HEADER.pack(kind, len(attributes) + 32, _COOKIE, transaction) + attributes + integrity
    return body + _attribute(_CRC, (zlib.crc32(body) ^ _FINGERPRINT).to_bytes(4, "big"))


def _masked(address: bytes, transaction: bytes) -> bytes:
    """An address so that no middle box takes it for one (RFC 8489, 14.2), or back again."""
    mask = _COOKIE.to_bytes(4, "big") + transaction
    return bytes(a ^ b for a, b in zip(address, mask, strict=False))


def _number(value: bytes | None) -> int | None:
    return None if value is None else int.from_bytes(value, "big")


def _error(value: bytes) -> int:
    return (value[2] & 7) * 100 + value[3] if len(value) >= 4 else 0
