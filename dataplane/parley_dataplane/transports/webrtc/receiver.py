"""The person's voice of one call as RTP in plain (RFC 3550): packets in, what is heard and receiver reports out.

Rules: no clock, no socket, no cipher: `now` is seconds of a monotonic clock, given. What a peer sends never raises: a
packet that makes no sense is counted in `broken` and dropped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from aiortc.rtp import RtcpReceiverInfo, RtcpRrPacket, clamp_packets_lost

from parley_dataplane.media import Pcm
from parley_dataplane.media.jitter import BEHIND, JitterBuffer, Piece, Popped
from parley_dataplane.media.opus import CLOCK_RATE, ticks_of
from parley_dataplane.media.voice import Voice
from parley_dataplane.transports.webrtc.rtp import parse_rtp

_MAX_DROPOUT = 3_000  # RFC 3550, A.1
_MAX_MISORDER = BEHIND  # 100 there, without a replay check
_LARGEST_LEAP_TICKS = 5 * CLOCK_RATE
"""A change of transit time beyond it is a leap of the timestamps, no jitter: as WebRTC's receiver has it."""


class Received(NamedTuple):
    """16 kHz PCM that one packet or tick brought: what detectors sense, and what STT hears, in order.

    Where nothing is missing both are the same list.
    """

    sensed: list[Pcm]
    heard: list[Pcm]


NOTHING = Received([], [])


@dataclass(frozen=True, slots=True)
class ReceiverCounts:
    """Packets of one call since it began, over all sources of the peer; and what is known of the network now."""

    received: int
    """Well formed ones of the call's payload type, with late, double and flooded ones."""
    lost: int
    """Never came, or came after they were given up."""
    recovered: int
    """Of the lost: heard all the same, from the copy inside the next packet (FEC)."""
    concealed: int
    """Of the lost and the broken: heard as Opus' guess, or as silence where a hole is long."""
    late: int
    """Came after they were given up, or far from the stream's place."""
    duplicate: int
    flooded: int
    """Would have brought more than two seconds beyond twice real time, and were dropped."""
    broken: int
    """No RTP, another payload type, or a payload that is no Opus."""
    restarts: int
    """The peer's stream went on elsewhere: another source, or a leap of its sequence numbers."""
    patience_ms: float
    """Gauge: how long a hole is waited for."""
    jitter_ms: float
    """Gauge: interarrival jitter (RFC 3550, 6.4.1)."""


class AudioReceiver:
    """The person's voice: packets in, 16 kHz PCM out. See Received and `media/jitter.py` for the two who listen.

    `tick(now)` every 20 ms keeps time going while no packet comes.
    """

    def __init__(self, payload_type: int) -> None:
        self._payload_type = payload_type
        self._ssrc: int | None = None
        self._statistics = ReceptionStatistics(0)
        self._sender_report: tuple[int, float] | None = None  # middle of its NTP time, when it came
        self._jitter = JitterBuffer(lambda: self._statistics.jitter / CLOCK_RATE)
        self._voice = Voice()
        self._ahead: _Ahead | None = None
        self._received = self._malformed = 0
        self._now = 0.0

    def receive(self, packet: bytes, now: float) -> Received:
        """Takes one RTP packet, decrypted; gives what can be sensed and heard by now."""
        parsed = parse_rtp(packet)
        if parsed is None or parsed[0] != self._payload_type:
            self._malformed += 1
            return NOTHING
        _, sequence, timestamp, ssrc, payload = parsed
        if ssrc != self._ssrc:
            self._new_source(ssrc, sequence)
        self._now = now
        self._received += 1
        self._statistics.add(sequence, timestamp, now)
        ticks = ticks_of(payload)
        if self._jitter.pass_on(sequence, timestamp, ticks, now):
            pcm = [self._voice.decode(payload, ticks)]
            return Received(pcm, pcm)
        self._jitter.push(sequence, timestamp, payload, ticks, now)
        return self._rendered(self._jitter.pop(now))

    def tick(self, now: float) -> Received:
        self._now = now
        return self._rendered(self._jitter.pop(now)) if self._jitter.may_pop(now) else NOTHING

    def sender_reported(self, ssrc: int, ntp: int, now: float) -> None:
        if ssrc == self._ssrc:
            self._sender_report = ((ntp >> 16) & 0xFFFFFFFF, now)

    def report(self, ssrc: int, now: float) -> bytes:
        """Receiver report (RFC 3550, 6.4.2) under our `ssrc`; nothing before the first packet."""
        if self._ssrc is None:
            return b""
        last, delay = 0, 0
        if self._sender_report is not None:
            last = self._sender_report[0]
            delay = min(round((now - self._sender_report[1]) * 65_536), 0xFFFFFFFF)
        block = self._statistics.block(self._ssrc, last, delay)
        return bytes(RtcpRrPacket(ssrc=ssrc, reports=[block]))

    @property
    def counts(self) -> ReceiverCounts:
        order, voice = self._jitter, self._voice
        return ReceiverCounts(
            received=self._received,
            lost=order.lost,
            recovered=voice.recovered,
            concealed=voice.concealed,
            late=order.late,
            duplicate=order.duplicate,
            flooded=order.flooded,
            broken=self._malformed + voice.broken,
            restarts=order.restarts,
            patience_ms=order.patience(self._now) * 1_000,
            jitter_ms=self._statistics.jitter * 1_000 / CLOCK_RATE,
        )

    def _new_source(self, ssrc: int, sequence: int) -> None:
        """Another SSRC is another stream: nothing of the old one's order, sound or statistics holds for it."""
        self._ssrc = ssrc
        if self._received:
            self._jitter.renew()
            self._voice.renew()
        self._ahead = None
        self._statistics = ReceptionStatistics(sequence)
        self._sender_report = None

    def _rendered(self, popped: Popped) -> Received:
        if popped.sensed is popped.heard:
            self._ahead = None
            pcm = [self._voice.hear(piece) for piece in popped.heard]
            return Received(pcm, pcm)
        ahead = self._ahead = self._ahead or _Ahead(self._voice)
        sensed = ahead.sense(popped.sensed)
        whole = not self._jitter.ahead
        if whole:
            self._ahead = None
            if ahead.pieces == popped.heard:
                # The hole stayed one: what is heard of it is what was sensed, and decoded already.
                self._voice = ahead.voice
                return Received(sensed, ahead.pcm)
        if popped.heard:
            ahead.part()
        return Received(sensed, [self._voice.hear(piece) for piece in popped.heard])


class _Ahead:
    """Who senses, while who hears waits: a voice of its own, and what it said since the two parted."""

    def __init__(self, voice: Voice) -> None:
        self.voice = voice.clone()
        self.pieces: list[Piece] | None = []
        self.pcm: list[Pcm] = []

    def sense(self, pieces: list[Piece]) -> list[Pcm]:
        pcm = [self.voice.hear(piece) for piece in pieces]
        if self.pieces is not None:
            self.pieces += pieces
            self.pcm += pcm
        return pcm

    def part(self) -> None:
        """The other one has gone on in its own way: nothing that was said here can serve both."""
        self.pieces = None
        self.pcm = []


class ReceptionStatistics:
    """What a receiver report says about one source (RFC 3550, A.1, A.3, A.8), which begins at `sequence`.

    There is no probation as in A.1: who can seal a packet is the peer.
    """

    __slots__ = (
        "_base",
        "_expected_before",
        "_highest",
        "_leap",
        "_received",
        "_received_before",
        "_transit",
        "jitter",
    )

    def __init__(self, sequence: int) -> None:
        self.jitter = 0.0  # ticks
        self._transit: float | None = None
        self._begin(sequence)

    def _begin(self, sequence: int) -> None:
        self._received = 0
        self._base = self._highest = sequence  # unwrapped
        self._leap: int | None = None
        self._expected_before = self._received_before = 0

    def add(self, sequence: int, timestamp: int, now: float) -> None:
        """Every packet of the source, in the order of arrival."""
        ahead = (sequence - self._highest) & 0xFFFF
        if ahead == 1:
            self._highest += 1
        elif not self._follow(sequence, ahead):
            return
        self._received += 1
        # Timestamps wrap once a day, and then the transit time leaps too.
        transit = now * CLOCK_RATE - timestamp
        if self._transit is not None:
            change = abs(transit - self._transit)
            if change < _LARGEST_LEAP_TICKS:
                self.jitter += (change - self.jitter) / 16
        self._transit = transit

    def _follow(self, sequence: int, ahead: int) -> bool:
        """What is not the next one: a gap, a leap, or from the past."""
        if ahead < _MAX_DROPOUT:
            self._highest += ahead
        elif ahead <= 0x10000 - _MAX_MISORDER:
            if sequence != self._leap:
                self._leap = (sequence + 1) & 0xFFFF
                return False
            self._begin(sequence)
        return True

    def block(self, ssrc: int, last_report: int, delay: int) -> RtcpReceiverInfo:
        expected = self._highest - self._base + 1
        expected_lately = expected - self._expected_before
        lost_lately = expected_lately - (self._received - self._received_before)
        self._expected_before, self._received_before = expected, self._received
        share = min(255, (lost_lately << 8) // expected_lately) if expected_lately and lost_lately > 0 else 0
        return RtcpReceiverInfo(
            ssrc=ssrc,
            fraction_lost=share,
            packets_lost=clamp_packets_lost(expected - self._received),
            highest_sequence=self._highest & 0xFFFFFFFF,
            jitter=min(int(self.jitter), 0xFFFFFFFF),
            lsr=last_report,
            dlsr=delay,
        )
