"""The agent's voice of one call as RTP in plain (RFC 3550): frames in, packets and sender reports out.

Rules: no clock, no socket, no cipher: `wall` is Unix time in seconds, given.
"""

from __future__ import annotations

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
from parley_dataplane.media.opus import CLOCK_RATE, FRAME_TICKS, OpusSettings, new_encoder
from parley_dataplane.transports.webrtc.rtp import HEADER, element, ntp
from parley_dataplane.transports.webrtc.sdp import AUDIO_LEVEL, MID, SEND_TIME

_SILENCE = np.zeros(SPEAKING_FRAME, np.int16)
_SILENT_LEVEL = 127  # -dBov (RFC 6464, 3)
_DTX_BYTES = 2  # a payload that need not be sent (RFC 7587, 3.1.3)


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
        self._mid = element(extensions.get(MID), mid.encode()) if 0 < len(mid.encode()) <= 16 else b""
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
        header = HEADER.pack(
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
        self.peer_lost = report.fraction_lost / 256
        if report.lsr:
            elapsed = (((ntp(wall) >> 16) & 0xFFFFFFFF) - report.lsr - report.dlsr) & 0xFFFFFFFF
            if elapsed < 60 << 16:  # a report that claims more is about another clock
                self.round_trip = elapsed / 65_536

    def _extension(self, frame: Pcm | None, wall: float) -> bytes:
        elements = self._mid
        if self._level_id:
            elements += element(self._level_id, bytes((_level(frame),)))
        if self._time_id:
            # Seconds as 6.18 fixed point; only differences count.
            elements += element(self._time_id, (int(wall * (1 << 18)) & 0xFFFFFF).to_bytes(3, "big"))
        if not elements:
            return b""
        words = -(-len(elements) // 4)
        return struct.pack("!HH", 0xBEDE, words) + elements.ljust(4 * words, b"\0")


def _level(frame: Pcm | None) -> int:
    """-dBov of a frame, 0 (loud) to 127 (silent): RFC 6464, 3."""
    if frame is None:
        return _SILENT_LEVEL
    samples = frame.astype(np.float32)
    power = float(np.dot(samples, samples)) / len(samples) / 32_767**2
    return int(min(_SILENT_LEVEL, max(0.0, -10 * np.log10(power)))) if power > 0 else _SILENT_LEVEL
