"""The order of what a peer sent: RTP packets in as they arrive, out in sequence, with holes and pauses made plain.

Rules: no clock is read, no packet is looked into; whatever is pushed, at most WINDOW packets are held, and at most
twice real time comes out. There are two who listen. Who *hears* (STT) needs order, not a steady beat: a packet that is
in order passes at once, only a hole costs time, as long as Lateness says, and then what is missing comes out as `Lost`.
Who *senses* (the detectors) waits for nothing: what arrives beyond a hole comes out at once, the hole before it as
`Lost`, and what was overtaken is not sensed again. While nothing is missing both are one, at one place of the stream.
Time in which the sender sent nothing (DTX, a muted microphone, a frozen network) comes out as `Quiet` for both, so that
whoever listens gets as many seconds as have passed.

All sequence numbers and timestamps wrap (RFC 3550, 5.1); inside, sequence numbers are unwrapped to plain integers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from parley_dataplane.media.lateness import Lateness

WINDOW = 64
"""Packets ahead of the expected one that are taken as early; further away is a sender that started anew."""

BEHIND = 1_024
"""Packets behind it that are taken as late: SRTP's replay check, as aiortc sets it, lets none through that is older."""

STALL_SECS = 0.100
"""Seconds without a packet after which what is heard is filled with quiet."""

_STEP_TICKS = 960
_STEP_SECS = 0.020
_SHORTEST_TICKS = 120  # what Opus can conceal is a multiple of it
_LONGEST_GAP_TICKS = 48_000  # one second: a timestamp that jumps by an hour is not an hour of silence
_LONGEST_STALL_SECS = 1.0  # a caller that pops late (a suspended laptop) is not owed more
_FLOOD_BURST_SECS = (
    1.0  # at twice real time: two seconds, what a network holds back and then delivers at once
)
_SECS_PER_TICK = 1 / 96_000  # of twice real time, which is let in for ever


@dataclass(frozen=True, slots=True, eq=False)
class Packet:
    """In order; `sequence` is unwrapped. Equal only to itself."""

    sequence: int
    timestamp: int
    payload: bytes
    ticks: int


@dataclass(frozen=True, slots=True)
class Lost:
    """One packet that is not there, of about `ticks`; `following` is the payload right after it, if it is there."""

    ticks: int
    following: bytes | None


@dataclass(frozen=True, slots=True)
class Quiet:
    """The sender sent nothing for `ticks`."""

    ticks: int


Piece = Packet | Lost | Quiet
"""What comes out: some of the stream, or how much of it there is none of."""


class Popped(NamedTuple):
    """What came out for either listener; one and the same list while nothing is missing."""

    sensed: list[Piece]
    heard: list[Piece]


class JitterBuffer:
    """`pass_on` or else push what arrives, then pop until the next packet or tick.

    `now` is seconds of one monotonic clock. `jitter()` is the stream's interarrival jitter in seconds, asked only while
    a packet is missing.
    """

    def __init__(self, jitter: Callable[[], float] = lambda: 0.0) -> None:
        self._jitter = jitter
        self._lateness = Lateness()
        self._held: dict[int, tuple[float, Packet]] = {}  # sequence -> arrival, packet; in order of arrival
        self._hearing = self._sensing = _Place(0, 0, 0.0)
        self._started = False
        self._missing: dict[int, float] = {}  # sequence -> when the first packet overtook it
        self._stray: tuple[int, int, bytes, int] | None = None
        self._ready: list[Piece] = []  # for both
        self._sensed: list[Piece] = []  # what follows it, for who senses
        self._paid_until = 0.0  # GCRA: the time by which all that was let in would be due at twice real time
        self.lost = self.late = self.duplicate = self.flooded = self.restarts = 0

    def pass_on(self, sequence: int, timestamp: int, ticks: int, now: float) -> bool:
        """The ordinary case, made cheap: whether a packet is the very next one at its time, and nothing is missing.

        Then it counts as pushed and popped, and the caller has it already. Otherwise nothing has happened: push it.
        """
        place = self._hearing
        if (
            timestamp != place.due
            or (sequence - place.next) & 0xFFFF
            or place is not self._sensing
            or not ticks
            or not self._started
            or self._paid_until > now + _FLOOD_BURST_SECS
        ):
            return False
        self._paid_until = max(self._paid_until, now) + ticks * _SECS_PER_TICK
        if self._stray is not None:
            self._forget_stray()
        place.next += 1
        place.due = (timestamp + ticks) & 0xFFFFFFFF
        place.last_ticks = ticks
        place.supplied_at = now
        place.filled = 0
        return True

    def push(self, sequence: int, timestamp: int, payload: bytes, ticks: int, now: float) -> None:
        """Takes one packet of 16-bit `sequence` and 32-bit `timestamp` that lasts `ticks`, 0 if that can't be told.

        Late, double and too many ones are counted. One without payload (padding, a probe) only keeps its place.
        """
        ticks = (ticks or _STEP_TICKS) if payload else 0
        if not self._started:
            self._start(sequence, timestamp, now)
        ahead = ((sequence - self._hearing.next + 0x8000) & 0xFFFF) - 0x8000
        if -BEHIND <= ahead < WINDOW:
            self._forget_stray()
            self._take(self._hearing.next + ahead, timestamp, payload, ticks, now)
        elif self._stray is None or sequence != (self._stray[0] + 1) & 0xFFFF:
            # One stray packet is no new start: the next one decides (RFC 3550, A.1).
            self._forget_stray()
            self._stray = (sequence, timestamp, payload, ticks)
        else:
            stray, self._stray = self._stray, None
            self.restarts += 1
            self._start(stray[0], stray[1], now)
            self._take(*stray, now)
            self._take(stray[0] + 1, timestamp, payload, ticks, now)

    @property
    def ahead(self) -> bool:
        """Whether more was sensed than heard: something is missing."""
        return self._sensing is not self._hearing

    def may_pop(self, now: float) -> bool:
        """Whether `pop` could give anything: cheap, for the many ticks that bring nothing."""
        place = self._sensing
        if not self._started:
            return False
        return place is not self._hearing or now - place.supplied_at >= (
            _STEP_SECS if place.filled else STALL_SECS
        )

    def pop(self, now: float) -> Popped:
        """All that can come out by `now`."""
        heard, self._ready = self._ready, []
        if not self._started:
            return Popped(heard, heard)
        hearing, sensing = self._hearing, self._sensing
        if sensing is hearing:
            heard += hearing.stall(now)
            return Popped(heard, heard)
        sensed, self._sensed = heard + self._sensed, []
        sensed += sensing.stall(now)
        while self._held:
            first = min(self._held)
            if first != hearing.next:
                arrival, _ = next(iter(self._held.values()))
                if now - arrival < self.patience(now):
                    break
                self.lost += first - hearing.next
            arrival, packet = self._held.pop(first)
            heard += hearing.reach(packet, arrival)
        if not self._held:
            heard += hearing.stall(now)
            self._sensing = hearing
        return Popped(sensed, heard)

    def renew(self) -> None:
        """Another source begins: its order is its own. What is counted, allowed and known of the network stays."""
        self._forget_stray()
        self.restarts += self._started
        self._drop()
        self._started = False

    def patience(self, now: float) -> float:
        """Seconds that a hole is waited for."""
        return self._lateness.patience(self._jitter(), now)

    def _start(self, sequence: int, timestamp: int, now: float) -> None:
        self._drop()
        self._lateness.begin(now)
        self._hearing = self._sensing = _Place(sequence, timestamp, now)
        self._started = True

    def _drop(self) -> None:
        self.lost += len(self._held)
        self._held.clear()
        self._missing.clear()
        self._sensed.clear()

    def _forget_stray(self) -> None:
        self.late += self._stray is not None
        self._stray = None

    def _take(self, sequence: int, timestamp: int, payload: bytes, ticks: int, now: float) -> None:
        overtaken_at = self._missing.pop(sequence, None)
        if overtaken_at is not None:
            self._lateness.overtaken(now - overtaken_at, now)
        if sequence in self._held or sequence < self._hearing.next:
            if overtaken_at is None:
                self.duplicate += 1
            else:
                self.late += 1
            return
        sensing = self._sensing
        silent = sensing.gap(timestamp) if sequence >= sensing.next else 0
        if not self._let_in(ticks + silent, now):
            self.flooded += 1
            payload = b""  # keeps its place in the sequence, so that it is no hole, and is not heard
        packet = Packet(sequence, timestamp, payload, ticks)
        if sensing is self._hearing:
            if sequence == sensing.next:
                self._ready += sensing.reach(packet, now)
                return
            sensing = self._sensing = copy.copy(sensing)
        self._held[sequence] = (now, packet)
        if sequence >= sensing.next:
            self._note_missing(sensing.next, sequence, now)
            self._sensed += sensing.reach(packet, now)

    def _note_missing(self, first: int, end: int, now: float) -> None:
        self._missing.update(dict.fromkeys(range(first, end), now))
        if len(self._missing) > WINDOW + BEHIND:
            oldest = self._hearing.next - BEHIND
            self._missing = {number: at for number, at in self._missing.items() if number >= oldest}

    def _let_in(self, ticks: int, now: float) -> bool:
        """A peer may be in a hurry for a while, not for ever (ITU-T I.371, the generic cell rate algorithm)."""
        if self._paid_until > now + _FLOOD_BURST_SECS:
            return False
        self._paid_until = max(self._paid_until, now) + ticks * _SECS_PER_TICK
        return True


class _Place:
    """How far a listener has come in the stream, and in time."""

    __slots__ = ("due", "filled", "last_ticks", "next", "supplied_at")

    def __init__(self, sequence: int, timestamp: int, now: float) -> None:
        self.next = sequence  # unwrapped, of the packet that is to come out next
        self.due = timestamp  # that it has if nothing is missing
        self.last_ticks = _STEP_TICKS
        self.supplied_at = now  # up to when the listener has something
        self.filled = 0  # ticks of quiet given out before the packets of that time came

    def gap(self, timestamp: int) -> int:
        """Ticks between here and there, of which nothing has come out yet; never below 0."""
        ticks = ((timestamp - self.due + 0x80000000) & 0xFFFFFFFF) - 0x80000000 - self.filled
        return max(0, min(ticks, _LONGEST_GAP_TICKS))

    def reach(self, packet: Packet, arrival: float) -> Iterator[Piece]:
        """What is between here and the packet, then the packet, after which this place is behind it."""
        if packet.payload:
            gap = self.gap(packet.timestamp)
            if gap:
                yield from self._fill(gap, packet)
            yield packet
        self.next = packet.sequence + 1
        if packet.ticks:
            self.due = (packet.timestamp + packet.ticks) & 0xFFFFFFFF
            self.last_ticks = packet.ticks
            self.supplied_at = arrival
            self.filled = 0

    def _fill(self, gap: int, packet: Packet) -> Iterator[Piece]:
        """A marker for each missing packet, as long as the timestamps allow; what they say beyond that is a pause."""
        missing = packet.sequence - self.next
        count = min(missing, -(-gap // self.last_ticks))
        each = min(self.last_ticks, gap // count) // _SHORTEST_TICKS * _SHORTEST_TICKS if count else 0
        pause = gap - count * self.last_ticks
        if each:
            for left in range(count, 0, -1):
                yield Lost(each, packet.payload if left == 1 and pause <= 0 else None)
        if pause > 0:
            yield Quiet(pause)

    def stall(self, now: float) -> Iterator[Quiet]:
        """Quiet in step with the clock while nothing comes."""
        self.supplied_at = max(self.supplied_at, now - _LONGEST_STALL_SECS)
        while now - self.supplied_at >= (_STEP_SECS if self.filled else STALL_SECS):
            self.supplied_at += _STEP_SECS
            self.filled += _STEP_TICKS
            yield Quiet(_STEP_TICKS)
