"""The person's voice of one call as RTP in plain (RFC 3550): packets in, what is heard and receiver reports out.

Rules: no clock, no socket, no cipher: `now` is seconds of a monotonic clock, given. What a peer sends never raises: a
packet that makes no sense is counted in `broken` and dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket, clamp_packets_lost

from parley_dataplane.errors import BadAudio
from parley_dataplane.media import HEARING_RATE, Pcm
from parley_dataplane.media.jitter import PATIENCE_SECS, JitterBuffer, Lost, Packet, Piece, Quiet
from parley_dataplane.media.opus import CLOCK_RATE, FRAME_TICKS, Decoder, new_decoder, ticks_of
from parley_dataplane.transports.webrtc.rtp import parse_rtp

_MUTED_AFTER_TICKS = 5 * FRAME_TICKS  # Opus' own concealment is background noise by then
_LONGEST_HOLE_TICKS = CLOCK_RATE
"""A second: more than the jitter buffer's window of usual packets would not be missed."""


class Received(NamedTuple):
    """16 kHz PCM that one packet or tick brought: what detectors sense, and what STT hears, in order.

    Where nothing is missing both are the same list.
    """

    sensed: list[Pcm]
    heard: list[Pcm]


NOTHING = Received([], [])


@dataclass(frozen=True, slots=True)
class ReceiverCounts:
    """Packets of one call since it began, over all sources of the peer; and how long a hole is waited for now."""

    received: int
    """Packets of audio that were authentic and well formed, with late, double and flooded ones."""
    lost: int
    """Never came, or came after they were given up."""
    recovered: int
    """Of the lost: heard all the same, from the copy inside the next packet (FEC)."""
    concealed: int
    """Of the lost and the broken: heard as Opus' guess, or as silence where a hole is long."""
    late: int
    """Came after they were given up."""
    duplicate: int
    flooded: int
    """Came faster than twice real time for longer than two seconds, and were dropped."""
    broken: int
    """No RTP, another payload type, or a payload that is no Opus."""
    restarts: int
    """The peer's stream went on elsewhere: another source, or a leap of its sequence numbers."""
    patience_ms: float
    """Gauge: how long a hole is waited for."""
    jitter_ms: float
    """Gauge: interarrival jitter (RFC 3550, 6.4.1)."""


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

    def receive(self, packet: bytes, now: float) -> Received:
        """Takes one RTP packet, decrypted; gives what can be heard by now."""
        parsed = parse_rtp(packet)
        if parsed is None or parsed.payload_type != self._payload_type:
            self.broken += 1
            return NOTHING
        _, sequence, timestamp, ssrc, payload = parsed
        if ssrc != self._ssrc:
            self._ssrc = ssrc
            self._new_source()
        if not payload:
            return NOTHING  # padding alone: a probe of the peer's
        self._statistics.add(sequence, timestamp, now)
        self.jitter.push(sequence, timestamp, payload, now)
        return self.tick(now)

    def tick(self, now: float) -> Received:
        heard = [self._heard(piece) for piece in self.jitter.pop(now)]
        return Received(heard, heard)

    @property
    def counts(self) -> ReceiverCounts:
        jitter = self.jitter
        return ReceiverCounts(
            received=self._statistics.received,
            lost=jitter.lost,
            recovered=0,
            concealed=0,
            late=jitter.late,
            duplicate=jitter.duplicate,
            flooded=jitter.flooded,
            broken=self.broken,
            restarts=0,
            patience_ms=PATIENCE_SECS * 1_000,
            jitter_ms=0.0,
        )

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
