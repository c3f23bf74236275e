"""The order of what a peer sent: RTP packets in as they arrive, out in sequence, with holes and pauses made plain.

Rules: no clock is read, no packet is looked into; whatever is pushed, at most WINDOW packets are held. STT needs order,
not a steady beat, so a packet that is in order passes at once; only a hole costs time, at most `patience` seconds, and
then every packet that is missing comes out as `Lost`. Time in which the sender sent nothing (DTX, a muted microphone, a
frozen network) comes out as `Quiet`, so that whoever listens hears as many seconds as have passed.

All sequence numbers and timestamps wrap (RFC 3550, 5.1); inside, sequence numbers are unwrapped to plain integers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

WINDOW = 64
"""Packets around the expected one that are taken as late or early; further away is a sender that started anew."""

PATIENCE_SECS = 0.060
STALL_SECS = 0.100
"""Seconds without a packet after which what is heard is filled with quiet."""

_STEP_TICKS = 960
_STEP_SECS = 0.020
_LONGEST_QUIET_TICKS = 48_000  # one second: a timestamp that jumps by an hour is not an hour of silence
_LONGEST_STALL_SECS = 1.0  # a caller that pops late (a suspended laptop) is not owed more
_FLOOD_FACTOR = 2.0  # times real time that is let in for ever
_FLOOD_BURST_TICKS = 96_000  # and two seconds on top: what a network holds back and then delivers at once


@dataclass(frozen=True, slots=True)
class Packet:
    """In order; `sequence` is unwrapped."""

    sequence: int
    timestamp: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Lost:
    """One packet that never came, of about `ticks`; `following` is the payload right after it, if it is there."""

    ticks: int
    following: bytes | None


@dataclass(frozen=True, slots=True)
class Quiet:
    """The sender sent nothing for `ticks`."""

    ticks: int


Piece = Packet | Lost | Quiet
"""What comes out: some of the stream, or how much of it there is none of."""


class JitterBuffer:
    """Push what arrives, then pop until the next push or tick: `now` is seconds of one monotonic clock.

    `ticks_of(payload)` is how long a payload lasts, in ticks of its RTP clock; 0 where it can't be told.
    """

    def __init__(self, ticks_of: Callable[[bytes], int], patience: float = PATIENCE_SECS) -> None:
        self._ticks_of = ticks_of
        self._patience = patience
        self._held: dict[int, tuple[float, Packet]] = {}  # sequence -> arrival, packet
        self._next: int | None = None  # sequence of the packet that is to come out next
        self._restart: int | None = None  # where a sender that starts anew would go on
        self._due = 0  # timestamp that the next packet has if nothing is missing
        self._last_ticks = _STEP_TICKS
        self._supplied_at = 0.0  # up to when the listener has something to hear
        self._stalled = False
        self._filled = 0  # ticks of quiet given out before their packets came
        self._allowance = float(_FLOOD_BURST_TICKS)
        self._allowance_at: float | None = None
        self.lost = self.late = self.duplicate = self.flooded = 0

    def push(self, sequence: int, timestamp: int, payload: bytes, now: float) -> None:
        """Takes one packet of 16-bit `sequence` and 32-bit `timestamp`; late, double and too many ones are counted."""
        if not self._let_in(self._ticks_of(payload) or _STEP_TICKS, now):
            self.flooded += 1
            return
        if self._next is None:
            self._start(sequence, timestamp, now)
        unwrapped = self._unwrap(sequence)
        if unwrapped is None:
            if self._restart != sequence:
                # One stray packet is no new start: the next one decides (RFC 3550, A.1).
                self._restart = (sequence + 1) & 0xFFFF
                return
            self._start(sequence, timestamp, now)
            unwrapped = sequence
        self._restart = None
        if unwrapped in self._held:
            self.duplicate += 1
        elif self._next is not None and unwrapped < self._next:
            self.late += 1
        else:
            self._held[unwrapped] = (now, Packet(unwrapped, timestamp, payload))

    def pop(self, now: float) -> list[Piece]:
        """All that can come out by `now`, in order."""
        pieces: list[Piece] = []
        while self._held:
            first = min(self._held)
            if first != self._next:
                if now - min(arrival for arrival, _ in self._held.values()) < self._patience:
                    break
                pieces += self._give_up(first)
            pieces += self._take(first, now)
        if not self._held:
            pieces += self._stall(now)
        return pieces

    def _let_in(self, ticks: int, now: float) -> bool:
        """A token bucket of ticks: a peer may be in a hurry for a while, not for ever."""
        elapsed = now - self._allowance_at if self._allowance_at is not None else 0.0
        self._allowance_at = now
        self._allowance = min(_FLOOD_BURST_TICKS, self._allowance + elapsed * 48_000 * _FLOOD_FACTOR)
        if self._allowance < ticks:
            return False
        self._allowance -= ticks
        return True

    def _start(self, sequence: int, timestamp: int, now: float) -> None:
        self._held.clear()
        self._next, self._due = sequence, timestamp
        self._supplied_at, self._stalled, self._filled = now, False, 0

    def _unwrap(self, sequence: int) -> int | None:
        """The sequence number nearest to the expected one, or None where it is further away than WINDOW."""
        expected = self._next or 0
        distance = ((sequence - expected + 0x8000) & 0xFFFF) - 0x8000
        return expected + distance if -WINDOW <= distance < WINDOW else None

    def _give_up(self, first: int) -> Iterator[Lost]:
        """What is missing before the packet `first`, one marker each, as long as the timestamps say."""
        packet = self._held[first][1]
        missing = first - (self._next if self._next is not None else first)
        self.lost += missing
        gap = _signed32(packet.timestamp - self._due)
        each = gap // missing if 0 < gap <= missing * self._last_ticks else self._last_ticks
        for left in range(missing, 0, -1):
            if self._filled >= each:
                self._filled -= each
            else:
                yield Lost(each, packet.payload if left == 1 else None)
        self._due += missing * each
        self._next = first

    def _take(self, first: int, now: float) -> Iterator[Piece]:
        packet = self._held.pop(first)[1]
        pause = min(_signed32(packet.timestamp - self._due) - self._filled, _LONGEST_QUIET_TICKS)
        if pause > 0:
            yield Quiet(pause)
        yield packet
        self._last_ticks = self._ticks_of(packet.payload) or self._last_ticks
        self._next = first + 1
        self._due = (packet.timestamp + self._last_ticks) & 0xFFFFFFFF
        self._supplied_at, self._stalled, self._filled = now, False, 0

    def _stall(self, now: float) -> Iterator[Quiet]:
        """Quiet in step with the clock while nothing comes."""
        if self._next is None:
            return
        self._supplied_at = max(self._supplied_at, now - _LONGEST_STALL_SECS)
        while now - self._supplied_at >= (_STEP_SECS if self._stalled else STALL_SECS):
            self._stalled = True
            self._supplied_at += _STEP_SECS
            self._filled += _STEP_TICKS
            yield Quiet(_STEP_TICKS)


def _signed32(difference: int) -> int:
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000
