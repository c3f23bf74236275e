"""RTP and RTCP packets in plain, taken apart and put together (RFC 3550): no stream's state, only its pieces.

Rules: no clock, no socket, no cipher. What a peer sends never raises: a packet that makes no sense is None.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from aiortc.rtp import RtcpPacket

HEADER = struct.Struct("!BBHLL")
"""The fixed part: version and flags, marker and payload type, sequence, timestamp, SSRC (RFC 3550, 5.1)."""

_read_header = HEADER.unpack_from
_NTP_OFFSET = 2_208_988_800  # seconds from 1900 to 1970 (RFC 5905)


def is_rtcp(datagram: bytes) -> bool:
    """RFC 5761, 4: the second byte of RTCP lies where RTP would have payload types that nobody uses."""
    return len(datagram) > 1 and 192 <= datagram[1] <= 223


class RtpPacket(NamedTuple):
    """The fields that a receiver looks at (RFC 3550, 5.1)."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse_rtp(packet: bytes) -> RtpPacket | None:
    """An RTP packet, or None where it is none (RFC 3550, 5.1)."""
    end = len(packet)
    if end < 12:
        return None
    first, second, sequence, timestamp, ssrc = _read_header(packet)
    if first == 0x80:  # nothing but the fixed part
        return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, packet[12:])
    start = 12 + 4 * (first & 0x0F)
    if first >> 6 != 2 or end < start:
        return None
    if first & 0x10:
        if end < start + 4:
            return None
        start += 4 + 4 * (packet[start + 2] << 8 | packet[start + 3])
    if first & 0x20:
        if not 0 < packet[-1] <= end - start:
            return None
        end -= packet[-1]
    if start > end:
        return None
    return RtpPacket(second & 0x7F, sequence, timestamp, ssrc, packet[start:end])


def parse_rtcp(packet: bytes) -> list[object]:
    """The parts of a compound RTCP packet; none where it makes no sense."""
    try:
        return list(RtcpPacket.parse(packet))
    except (ValueError, LookupError, struct.error):
        return []


def element(number: int | None, value: bytes) -> bytes:
    """One element of a one-byte header extension (RFC 8285, 4.2)."""
    return bytes(((number << 4) | (len(value) - 1),)) + value if number else b""


def ntp(wall: float) -> int:
    """Unix time as 32.32 fixed point since 1900 (RFC 3550, 4)."""
    return int((wall + _NTP_OFFSET) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
