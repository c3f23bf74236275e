"""RTP and RTCP as far as a client that measures needs them (RFC 3550, RFC 6464, RFC 8285). Pure; no clock."""

from __future__ import annotations

import struct
from dataclasses import dataclass

TICKS = 960
"""RTP ticks of one packet: 20 ms at 48 kHz (RFC 7587, 4.1)."""

_HEADER = struct.Struct("!BBHII")
_SENDER_REPORT, _RECEIVER_REPORT, _DESCRIPTION = 200, 201, 202
_NTP_EPOCH = 2_208_988_800  # seconds from 1900 to 1970


def is_rtcp(datagram: bytes) -> bool:
    """Whether one that begins like RTP is RTCP (RFC 5761, 4)."""
    return 192 <= datagram[1] <= 223


def header(payload_type: int, sequence: int, timestamp: int, ssrc: int, *, extended: bool) -> bytes:
    return _HEADER.pack(0x90 if extended else 0x80, payload_type, sequence, timestamp, ssrc)


def level_extension(number: int, level: int) -> bytes:
    """Return the header extension that says how loud a packet is: `level` in dB below full scale, 0 to 127."""
    voiced = 0x80 if level < 50 else 0
    return struct.pack("!HHBBxx", 0xBEDE, 1, number << 4, voiced | level)


def read(packet: bytes) -> tuple[int, int, int, int, bytes]:
    """Return payload type, sequence, timestamp, source and payload; raises ValueError for a broken packet."""
    if len(packet) < 12:
        raise ValueError(f"an RTP packet of {len(packet)} bytes")
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(packet)
    start, end = 12 + 4 * (first & 0x0F), len(packet)
    if first & 0x10:
        if start + 4 > end:
            raise ValueError("an RTP extension beyond the end")
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    if first & 0x20 and end > start:
        end -= packet[-1]
    if start > end:
        raise ValueError("an RTP header longer than its packet")
    return second & 0x7F, sequence, timestamp, ssrc, packet[start:end]


@dataclass
class Reception:
    """What is reported of the peer's stream (RFC 3550, 6.4.1 and A.3); times are seconds of the wall clock."""

    ssrc: int = 0
    received: int = 0
    highest: int = 0
    first: int = 0
    jitter: float = 0.0
    _transit: float = 0.0
    _reported_ntp: int = 0
    _reported_at: float = 0.0

    def add(self, ssrc: int, sequence: int, timestamp: int, at: float) -> None:
        transit = at * 48_000 - timestamp
        if self.received == 0 or ssrc != self.ssrc:
            self.ssrc, self.received, self.first, self.highest = ssrc, 1, sequence, sequence
            self._transit, self.jitter = transit, 0.0
            return
        self.received += 1
        ahead = (sequence - self.highest) & 0xFFFF
        if ahead < 0x8000:
            self.highest += ahead
        change = abs(transit - self._transit)
        self._transit = transit
        if change < 48_000:  # beyond that the timestamp wrapped or jumped
            self.jitter += (change - self.jitter) / 16

    @property
    def lost(self) -> int:
        return max(0, self.highest - self.first + 1 - self.received)

    def sender_reported(self, packet: bytes, at: float) -> None:
        """Take a sender report's time, so that ours lets the peer compute the round trip."""
        if len(packet) >= 20 and packet[1] == _SENDER_REPORT:
            self._reported_ntp, self._reported_at = int.from_bytes(packet[10:14], "big"), at

    def block(self, now: float) -> bytes:
        """Return the report block, empty before the first packet."""
        if not self.received:
            return b""
        delay = round((now - self._reported_at) * 65_536) if self._reported_ntp else 0
        return struct.pack(
            "!IIIIII",
            self.ssrc,
            self.lost & 0xFFFFFF,
            self.highest & 0xFFFFFFFF,
            round(self.jitter) & 0xFFFFFFFF,
            self._reported_ntp,
            delay & 0xFFFFFFFF,
        )


def report(ssrc: int, sent: int, octets: int, timestamp: int, now: float, reception: Reception) -> bytes:
    """Return a compound packet: our sender report with what we received, and our name (RFC 3550, 6.1)."""
    block = reception.block(now)
    seconds = int(now)
    fraction = int((now - seconds) * 2**32)
    body = struct.pack(
        "!IIIIII",
        ssrc,
        (seconds + _NTP_EPOCH) & 0xFFFFFFFF,
        fraction,
        timestamp & 0xFFFFFFFF,
        sent & 0xFFFFFFFF,
        octets & 0xFFFFFFFF,
    )
    count = 1 if block else 0
    length = (4 + len(body) + len(block)) // 4 - 1
    first = struct.pack("!BBH", 0x80 | count, _SENDER_REPORT, length) + body + block
    name = struct.pack("!IBB5sx", ssrc, 1, 5, b"bench")
    return first + struct.pack("!BBH", 0x81, _DESCRIPTION, len(name) // 4) + name
