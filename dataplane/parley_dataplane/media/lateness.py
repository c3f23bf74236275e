"""How long a packet that is missing is waited for, learnt from the packets that were overtaken and came after all.

Rules: no clock is read; memory is one histogram. Asked only while a packet is missing.

Two measures, the larger counts:

- Order. For each packet that another one overtook: how much later it came. A histogram of that, forgotten by half every
  20 s, as NetEq does it (WebRTC, `modules/audio_coding/neteq/reorder_optimizer.cc`, forget factor 0.9993 a packet);
  its 95th percentile is what waiting is good for. A network that keeps order is all but forgotten after a while: a hole
  in it is a loss, and nothing comes of waiting.
- Jitter. Where arrivals spread (RFC 3550, 6.4.1), packets may begin to overtake each other before the histogram has
  seen it: one packet time and four times the mean deviation, as TCP bounds its waiting (RFC 6298, 2).

An access network spreads arrivals by 5 to 15 ms: 40 to 80 ms of patience. A wire gets 20, a bad mobile network 200.
"""

from __future__ import annotations

import math

SHORTEST_SECS = 0.020
LONGEST_SECS = 0.200
FIRST_SECS = 0.060
"""Before anything is known: a call begins as if one packet had been overtaken by that much."""

_BUCKET_SECS = 0.010
_BUCKETS = round(LONGEST_SECS / _BUCKET_SECS)
_ENOUGH = 0.95
_FORGOTTEN = 0.5  # packets: what is left of one after 20 s
_HALF_LIFE_SECS = 20.0
_PACKET_SECS = 0.020
_DEVIATIONS = 4


class Lateness:
    """`now` and all results are seconds."""

    def __init__(self) -> None:
        self._weights = [0.0] * _BUCKETS
        self._weights[math.ceil(FIRST_SECS / _BUCKET_SECS) - 1] = 1.0
        self._forgot_at: float | None = None

    def begin(self, now: float) -> None:
        """A stream begins; what is known of the network stays, and fades from the first one on."""
        if self._forgot_at is None:
            self._forgot_at = now

    def overtaken(self, lateness: float, now: float) -> None:
        """A packet came `lateness` after the first one that had overtaken it."""
        if 0 <= lateness < LONGEST_SECS:  # what comes later than that is not waited for in any case
            self._forget(now)
            self._weights[int(lateness / _BUCKET_SECS)] += 1.0

    def patience(self, jitter: float, now: float) -> float:
        """How long to wait, by the stream's interarrival `jitter` and what was overtaken so far."""
        self._forget(now)
        spread = _PACKET_SECS + _DEVIATIONS * jitter
        return min(LONGEST_SECS, max(SHORTEST_SECS, spread, self._order()))

    def _order(self) -> float:
        total = sum(self._weights)
        if total <= _FORGOTTEN:
            return 0.0
        reached = 0.0
        for bucket, weight in enumerate(self._weights):
            reached += weight
            if reached >= _ENOUGH * total:
                return (bucket + 1) * _BUCKET_SECS
        return LONGEST_SECS  # sums of fractions may end a hair below their total

    def _forget(self, now: float) -> None:
        elapsed = now - self._forgot_at if self._forgot_at is not None else 0.0
        self._forgot_at = now
        if elapsed > 0:
            kept = 0.5 ** (elapsed / _HALF_LIFE_SECS)
            self._weights = [weight * kept for weight in self._weights]
