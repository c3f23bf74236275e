"""What one kind of door has answered since the start: how many turns, how long they took, how many in the last minute.

An observer of the pipeline's records; it keeps counts and times alone.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from parley_dataplane.records import Record, TurnStarted
from parley_dataplane.session_metrics import answer_ms

MINUTE_SECS = 60.0


@dataclass(slots=True)
class PipelineStats:
    """Of the doors that are called `door`. A request is a question whose answer began to sound."""

    door: str
    clock: Callable[[], float] = time.monotonic
    requests: int = 0
    total_latency_ms: int = 0
    _recent: deque[float] = field(default_factory=deque)

    def __call__(self, record: Record) -> None:
        if isinstance(record, TurnStarted) and record.door == self.door:
            self.requests += 1
            self.total_latency_ms += answer_ms(record.stt_ms, record.llm_ms, record.tts_ms)
            self._recent.append(self.clock())
            self._forget_old()

    @property
    def average_latency_ms(self) -> int:
        return round(self.total_latency_ms / self.requests) if self.requests else 0

    @property
    def last_minute(self) -> int:
        """Requests of the last 60 s."""
        self._forget_old()
        return len(self._recent)

    def _forget_old(self) -> None:
        oldest = self.clock() - MINUTE_SECS
        while self._recent and self._recent[0] <= oldest:
            self._recent.popleft()
