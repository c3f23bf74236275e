"""The agent's voice of one call as RTP in plain (RFC 3550): frames in, packets and sender reports out.

Rules: no clock, no socket, no cipher: `wall` is Unix time in seconds, given. The header is made once, and each packet
writes into it what changes: 3 us beside the encoding of a spoken frame, under 1 for a silent one.

While the agent is silent (DTX), TAIL more frames are encoded, so that the peer's decoder has faded out, then an empty
one is sent each SILENCE_EVERY (RFC 7587, 3.1.3), without encoding anything. Timestamps go on, sequence numbers count
what was sent. Chrome and Firefox take an empty payload for DTX: they make the silence themselves and keep their delay;
aiortc's buffer just waits, and gets the last spoken frames out of its prefetch by means of the tail.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping

import numpy as np
from aiortc.rtp import (
    RtcpByePacket,
    RtcpReceiverInfo,
    RtcpSdesPacket,
    RtcpSenderInfo,
    RtcpSourceInfo,
    RtcpSrPacket,
)

from parley_dataplane.media import SPEAKING_FRAME, Pcm
from parley_dataplane.media.opus import CLOCK_RATE, FRAME_TICKS, OpusSettings, empty_payload, new_encoder
from parley_dataplane.transports.webrtc.rtp import HEADER, element, ntp
from parley_dataplane.transports.webrtc.sdp import AUDIO_LEVEL, MID, SEND_TIME

TAIL = 10
"""Silent frames that are sent before DTX begins, 200 ms."""

SILENCE_EVERY = 20
"""Frames of DTX for which one is sent, 400 ms."""

LOSS_WINDOW = 250
"""Packets over which the peer's loss is averaged, 5 s of speech: browsers report as often."""

_SILENCE = np.zeros(SPEAKING_FRAME, np.int16)
_samples = np.zeros(SPEAKING_FRAME, np.float32)
"""Of the frame whose level is taken: room that is made once is half of the work."""

_SILENT_LEVEL = 127  # -dBov (RFC 6464, 3)
_FULL_POWER = SPEAKING_FRAME * 32_767.0**2
_CHANGING = struct.Struct(
    "!BHL"
)  # marker and payload type, sequence, timestamp: from the header's second byte on
_TIME = struct.Struct("!L")
_ENDLESS = 1 << 16


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
        self._encoder = new_encoder(settings)
        self._silent = 1  # frames since the agent spoke last: the first word bears a marker too
        self._tail = TAIL if settings.dtx else _ENDLESS
        self._empty = b""
        self._lay_out(extensions, mid.encode())
        self._reported = (sequence - 1) & 0xFFFF  # the last of ours that the peer has told of
        self._packets = self._octets = 0
        self._last: tuple[float, int] | None = None  # wall clock and timestamp of the packet sent last
        self.round_trip: float | None = None  # seconds, by the peer's last report
        self.peer_lost = 0.0  # share of our packets that the peer lost lately, over LOSS_WINDOW

    @property
    def rests(self) -> bool:
        """Whether silence would send nothing in the next slot."""
        beyond = self._silent + 1 - self._tail
        return beyond > 0 and bool(self._empty) and beyond % SILENCE_EVERY != 0

    def packet(self, frame: Pcm | None, wall: float) -> bytes | None:
        """The next packet: SPEAKING_FRAME samples, None for silence. None comes back where DTX has nothing to send."""
        timestamp = self._timestamp
        self._timestamp = (timestamp + FRAME_TICKS) & 0xFFFFFFFF
        second = self._payload_type
        if frame is not None:
            # The first packet after silence bears the marker (RFC 3551, 4.1): a peer may adapt its delay there.
            if self._silent:
                second |= 0x80
                self._silent = 0
            payload = self._encoder.encode(frame)
        else:
            self._silent += 1
            beyond = self._silent - self._tail
            if beyond > 0 and self._empty:
                if beyond % SILENCE_EVERY:
                    return None
                payload = self._empty
            else:
                payload = self._encoder.encode(_SILENCE)
                self._empty = empty_payload(payload) if payload else b""
        if not payload:
            return None
        packet = self._start
        _CHANGING.pack_into(packet, 1, second, self._sequence, timestamp)
        if self._level_at:
            packet[self._level_at] = _SILENT_LEVEL if frame is None else _level(frame)
        if self._time_at:
            # Seconds as 6.18 fixed point; only differences count.
            _TIME.pack_into(packet, self._time_at, self._time_head | (int(wall * (1 << 18)) & 0xFFFFFF))
        self._sequence = (self._sequence + 1) & 0xFFFF
        self._packets += 1
        self._octets += len(payload)
        self._last = (wall, timestamp)
        return bytes(packet) + payload

    def report(self, wall: float) -> bytes:
        """Sender report and source description (RFC 3550, 6.4.1 and 6.5); nothing before the first packet."""
        if self._last is None:
            return b""
        sent_at, timestamp = self._last
        # Both clocks of one instant: the timestamp of "now", not of the last packet (RFC 3550, 6.4.1).
        info = RtcpSenderInfo(
            ntp_timestamp=ntp(wall),
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
        self._lost(report)
        if report.lsr:
            elapsed = (((ntp(wall) >> 16) & 0xFFFFFFFF) - report.lsr - report.dlsr) & 0xFFFFFFFF
            if elapsed < 60 << 16:  # a report that claims more is about another clock
                self.round_trip = elapsed / 65_536

    def _lost(self, report: RtcpReceiverInfo) -> None:
        """A report weighs as much as the packets that it is about: in DTX one lost of two is not half of all."""
        told = (report.highest_sequence - self._reported) & 0xFFFF
        if not 0 < told < 0x8000:  # of nothing new, or older than the last
            return
        self._reported = report.highest_sequence & 0xFFFF
        weight = min(1.0, told / LOSS_WINDOW)
        self.peer_lost += weight * (report.fraction_lost / 256 - self.peer_lost)
        self._encoder.expect_loss(round(100 * self.peer_lost))

    def _lay_out(self, extensions: Mapping[str, int], mid: bytes) -> None:
        """Header and extensions with all that stays, and where in them lies what changes (0: nowhere)."""
        elements = element(extensions.get(MID), mid) if 0 < len(mid) <= 16 else b""
        self._level_at = self._time_at = self._time_head = 0
        start = HEADER.size + 4
        if level := extensions.get(AUDIO_LEVEL):
            self._level_at = start + len(elements) + 1
            elements += element(level, b"\0")
        if time := extensions.get(SEND_TIME):
            self._time_at = start + len(elements)
            self._time_head = element(time, bytes(3))[0] << 24
            elements += element(time, bytes(3))
        words = -(-len(elements) // 4)
        self._start = bytearray(HEADER.pack(0x90 if words else 0x80, 0, 0, 0, self.ssrc))
        if words:
            self._start += struct.pack("!HH", 0xBEDE, words) + elements.ljust(4 * words, b"\0")


def _level(frame: Pcm) -> int:
    """-dBov of a frame, 0 (loud) to 127 (silent): RFC 6464, 3."""
    _samples[:] = frame
    power = float(_samples.dot(_samples))
    return min(_SILENT_LEVEL, max(0, int(-10 * math.log10(power / _FULL_POWER)))) if power else _SILENT_LEVEL
