"""The two audio streams of a call as RTP and RTCP in plain (RFC 3550): frames in, packets out, and the other way round.

Rules: no clock, no socket, no cipher: `now` is seconds of a monotonic clock and `wall` of Unix time, both given. What a
peer sends never raises: a packet that makes no sense is counted in `broken` and dropped.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from aiortc.rtp import (
    RtcpByePacket,
    RtcpPacket,
    RtcpReceiverInfo,
    RtcpRrPacket,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
    clamp_packets_lost,
)

from parley_dataplane.errors import BadAudio
from parley_dataplane.media import HEARING_RATE, SPEAKING_FRAME, Pcm
from parley_dataplane.media.jitter import JitterBuffer, Lost, Packet, Piece, Quiet
from parley_dataplane.media.opus import (
    CLOCK_RATE,
    FRAME_TICKS,
    Decoder,
    OpusSettings,
    new_decoder,
    new_encoder,
    ticks_of,
)
from parley_dataplane.transports.webrtc.sdp import AUDIO_LEVEL, MID, SEND_TIME

_HEADER = struct.Struct("!BBHLL")
_NTP_OFFSET = 2_208_988_800  # seconds from 1900 to 1970 (RFC 5905)
_SILENCE = np.zeros(SPEAKING_FRAME, np.int16)
_SILENT_LEVEL = 127  # -dBov (RFC 6464, 3)
_DTX_BYTES = 2  # a payload that need not be sent (RFC 7587, 3.1.3)
_MUTED_AFTER_TICKS = 5 * FRAME_TICKS  # Opus' own concealment is background noise by then
_LONGEST_HOLE_TICKS = CLOCK_RATE
"""A second: more than the jitter buffer's window of usual packets would not be missed."""


def is_rtcp(datagram: bytes) -> bool:
    """RFC 5761, 4: the second byte of RTCP lies where RTP would have payload types that nobody uses."""
    return len(datagram) > 1 and 192 <= datagram[1] <= 223


class AudioSender:
    """The agent's voice: one call of `packet` per 20 ms, whether it speaks or not."""

    def __init__(
        self,
        *,
        ssrc: int,
        cname: str,
        payload_type: int,
        sequence: int,
        timestamp: int,
        extensions: Mapping[str, int],
        mid: str,
        settings: OpusSettings,
    ) -> None:
        self.ssrc = ssrc
        self._cname = cname
        self._payload_type = payload_type
        self._sequence = sequence
        self._timestamp = timestamp
        self._level_id = extensions.get(AUDIO_LEVEL)
        self._time_id = extensions.get(SEND_TIME)
        self._mid = _element(extensions.get(MID), mid.encode()) if 0 < len(mid.encode()) <= 16 else b""
        self._encoder = new_encoder(settings)
        self._dtx = settings.dtx
        self._talking = False
        self._packets = self._octets = 0
        self._last: tuple[float, int] | None = None  # wall clock and timestamp of the packet sent last
        self.round_trip: float | None = None  # seconds, by the peer's last report
        self.peer_lost = 0.0  # share of our packets that the peer lost lately

    def packet(self, frame: Pcm | None, wall: float) -> bytes | None:
        """The next packet: SPEAKING_FRAME samples, None for silence. None comes back where DTX has nothing to send."""
        payload = self._encoder.encode(_SILENCE if frame is None else frame)
        timestamp = self._timestamp
        self._timestamp = (timestamp + FRAME_TICKS) & 0xFFFFFFFF
        # The first packet after silence bears the marker (RFC 3551, 4.1), so that a peer may adapt its delay there.
        marker = 0x80 if frame is not None and not self._talking else 0
        self._talking = frame is not None
        if not payload or (self._dtx and len(payload) <= _DTX_BYTES):
            return None
        extension = self._extension(frame, wall)
        header = _HEADER.pack(
            0x90 if extension else 0x80, marker | self._payload_type, self._sequence, timestamp, self.ssrc
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        self._last = (wall, timestamp)
        return header + extension + payload

    def report(self, wall: float) -> bytes:
        """Sender report and source description (RFC 3550, 6.4.1 and 6.5); nothing before the first packet."""
        if self._last is None:
            return b""
        sent_at, timestamp = self._last
        # Both clocks of one instant: the timestamp of "now", not of the last packet (RFC 3550, 6.4.1).
        info = RtcpSenderInfo(
            ntp_timestamp=_ntp(wall),
            rtp_timestamp=(timestamp + round((wall - sent_at) * CLOCK_RATE)) & 0xFFFFFFFF,
            packet_count=self._packets & 0xFFFFFFFF,
            octet_count=self._octets & 0xFFFFFFFF,
        )
        name = RtcpSourceInfo(ssrc=self.ssrc, items=[(1, self._cname.encode())])
        return bytes(RtcpSrPacket(ssrc=self.ssrc, sender_info=info)) + bytes(RtcpSdesPacket(chunks=[name]))

    def goodbye(self) -> bytes:
        return bytes(RtcpByePacket(sources=[self.ssrc]))

    def reported(self, report: RtcpReceiverInfo, wall: float) -> None:
        """What the peer says about our stream (RFC 3550, 6.4.1, for the round trip)."""
        if report.ssrc != self.ssrc:
            return
        self.peer_lost = report.fraction_lost / 256
        if report.lsr:
            elapsed = (((_ntp(wall) >> 16) & 0xFFFFFFFF) - report.lsr - report.dlsr) & 0xFFFFFFFF
            if elapsed < 60 << 16:  # a report that claims more is about another clock
                self.round_trip = elapsed / 65_536

    def _extension(self, frame: Pcm | None, wall: float) -> bytes:
        elements = self._mid
        if self._level_id:
            elements += _element(self._level_id, bytes((_level(frame),)))
        if self._time_id:
            # Seconds as 6.18 fixed point; only differences count.
            elements += _element(self._time_id, (int(wall * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big"))
        if not elements:
            return b""
        words = -(-len(elements) // 4)
        return struct.pack("!HH", 0xBEDE, words) + elements.ljust(4 * words, b"\0")


class AudioReceiver:
    """The person's voice: packets in, 16 kHz PCM out, in order and without holes.

    `tick(now)` every 20 ms keeps time going while no packet comes.
    """

    def __init__(self, payload_type: int) -> None:
        self._payload_type = payload_type
        self._ssrc: int | None = None
        self._statistics = ReceptionStatistics()
        self._sender_report: tuple[int, float] | None = None  # middle of its NTP time, when it came
        self.broken = 0
        self._new_source()

    def receive(self, packet: bytes, now: float) -> list[Pcm]:
        """Takes one RTP packet, decrypted; gives what can be heard by now."""
        parsed = parse_rtp(packet)
        if parsed is None or parsed.payload_type != self._payload_type:
            self.broken += 1
            return []
        _, sequence, timestamp, ssrc, payload = parsed
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._new_source()
        if not payload:
            return []  # padding alone: a probe of the peer's
        self._statistics.add(sequence, timestamp, now)
        self.jitter.push(sequence, timestamp, payload, now)
        return self.tick(now)

    def tick(self, now: float) -> list[Pcm]:
        return [self._heard(piece) for piece in self.jitter.pop(now)]

    def sender_reported(self, ssrc: int, ntp: int, now: float) -> None:
        if ssrc == self._ssrc:
            self._sender_report = ((ntp >> 16) & 0xFFFFFFFF, now)

    def report(self, ssrc: int, now: float) -> bytes:
        """Receiver report (RFC 3550, 6.4.2) under our `ssrc`; nothing before the first packet."""
        if self._ssrc is None or not self._statistics.received:
            return b""
        last, delay = 0, 0
        if self._sender_report is not None:
            last = self._sender_report[0]
            delay = min(round((now - self._sender_report[1]) * 65_536), 0xFFFFFFFF)
        block = self._statistics.block(self._ssrc, last, delay)
        return bytes(RtcpRrPacket(ssrc=ssrc, reports=[block]))

    def _new_source(self) -> None:
        """Another SSRC is another stream: nothing of the old one's order, codec state or count holds for it."""
        self.jitter = JitterBuffer(ticks_of)
        self._decoder: Decoder = new_decoder()
        self._statistics = ReceptionStatistics()
        self._sender_report = None
        self._concealed = 0  # ticks in a row

    def _heard(self, piece: Piece) -> Pcm:
        match piece:
            case Packet():
                return self._decoded(piece.payload)
            case Lost():
                return self._recovered(min(piece.ticks, _LONGEST_HOLE_TICKS), piece.following)
            case Quiet():
                # The sender chose to send nothing: to prolong its last sound would keep the turn from ending.
                return np.zeros(piece.ticks * HEARING_RATE // CLOCK_RATE, np.int16)

    def _decoded(self, payload: bytes) -> Pcm:
        try:
            pcm = self._decoder.decode(payload)
        except BadAudio:
            self.broken += 1
            return self._recovered(FRAME_TICKS, None)
        self._concealed = 0
        return pcm

    def _recovered(self, ticks: int, following: bytes | None) -> Pcm:
        self._concealed += ticks
        if following is not None:
            return self._decoder.recover(following, ticks)
        if self._concealed > _MUTED_AFTER_TICKS:
            return np.zeros(ticks * HEARING_RATE // CLOCK_RATE, np.int16)
        return self._decoder.conceal(ticks)


class ReceptionStatistics:
    """What a receiver report says about one source (RFC 3550, A.1, A.3, A.8)."""

    def __init__(self) -> None:
        self.received = 0
        self._base = self._highest = 0  # unwrapped
        self._jitter = 0.0  # ticks
        self._transit: float | None = None
        self._expected_before = self._received_before = 0

    def add(self, sequence: int, timestamp: int, now: float) -> None:
        if not self.received:
            self._base = self._highest = sequence
        self.received += 1
        ahead = ((sequence - self._highest + 0x8000) & 0xFFFF) - 0x8000
        self._highest += max(0, ahead)
        transit = (now * CLOCK_RATE - timestamp) % (1 << 32)
        if self._transit is not None:
            change = abs(transit - self._transit)
            self._jitter += (min(change, (1 << 32) - change) - self._jitter) / 16
        self._transit = transit

    def block(self, ssrc: int, last_report: int, delay: int) -> RtcpReceiverInfo:
        expected = self._highest - self._base + 1
        expected_lately = expected - self._expected_before
        lost_lately = expected_lately - (self.received - self._received_before)
        self._expected_before, self._received_before = expected, self.received
        share = min(255, (lost_lately << 8) // expected_lately) if expected_lately and lost_lately > 0 else 0
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=share,
            packets_lost=clamp_packets_lost(expected - self.received),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=min(int(self._jitter), 0xFFFFFFFF),
            lsr=last_report,
            dlsr=delay,
        )


class RtpPacket(NamedTuple):
    """The fields that a receiver looks at (RFC 3550, 5.1)."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    payload: bytes


def parse_rtp(packet: bytes) -> RtpPacket | None:
    """An RTP packet, or None where it is none (RFC 3550, 5.1)."""
    if len(packet) < 12:
        return None
    first, second, sequence, timestamp, ssrc = _HEADER.unpack_from(packet)
    start = 12 + 4 * (first & 0x0F)
    if first >> 6 != 2 or len(packet) < start:
        return None
    if first & 0x10:
        if len(packet) < start + 4:
            return None
        start += 4 + 4 * int.from_bytes(packet[start + 2 : start + 4], "big")
    end = len(packet)
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


def _element(number: int | None, value: bytes) -> bytes:
    """One element of a one-byte header extension (RFC 8285, 4.2)."""
    return bytes(((number << 4) | (len(value) - 1),)) + value if number else b""


def _level(frame: Pcm | None) -> int:
    """-dBov of a frame, 0 (loud) to 127 (silent): RFC 6464, 3."""
    if frame is None:
        return _SILENT_LEVEL
    samples = frame.astype(np.float32)
    power = float(np.dot(samples, samples)) / len(samples) / 32_767**2
    return int(min(_SILENT_LEVEL, max(0.0, -10 * np.log10(power)))) if power > 0 else _SILENT_LEVEL


def _ntp(wall: float) -> int:
    """Unix time as 32.32 fixed point since 1900 (RFC 3550, 4)."""
    return int((wall + _NTP_OFFSET) * (1 << 32)) & 0xFFFFFFFFFFFFFFFF
