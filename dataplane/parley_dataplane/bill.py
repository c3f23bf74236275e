"""What a call costs by the agent's price table, turn by turn.

Rules: nothing is counted here, only reckoned from the session's metrics; nothing is charged. STT is reckoned by the
audio that the call has heard, silence too where it was sent; the LLM by the words of questions and answers; TTS by the
characters that it was given. A turn costs what the call has cost since the turn before it was over, so that the turns
add up to the call.
"""

from __future__ import annotations

from decimal import Decimal

from parley_api.costs import TOKENS_PER_WORD, of_services
from parley_api.prices import Prices
from parley_dataplane.events import TurnCost
from parley_dataplane.media import HEARING_RATE
from parley_dataplane.session_metrics import SessionMetrics

_BYTES_PER_MINUTE = 60 * HEARING_RATE * 2


class Bill:
    def __init__(self, prices: Prices, metrics: SessionMetrics) -> None:
        self._prices = prices
        self._metrics = metrics
        self._before = [Decimal()] * 3

    def so_far(self, turn: int) -> TurnCost:
        """What the turn under way has cost until now."""
        now = self._now()
        stages = [cost - before for cost, before in zip(now, self._before, strict=True)]
        return TurnCost(turn, *map(float, (*stages, sum(stages), sum(now))))

    def close_turn(self, turn: int) -> TurnCost:
        """The turn is over: what it has cost."""
        cost = self.so_far(turn)
        self._before = self._now()
        return cost

    def _now(self) -> list[Decimal]:
        """Of the call: STT, LLM, TTS."""
        counted = self._metrics
        rows = of_services(
            self._prices,
            minutes=Decimal(counted.bytes_heard) / _BYTES_PER_MINUTE,
            tokens=counted.llm_words * TOKENS_PER_WORD,
            characters=Decimal(counted.tts_characters),
        )
        return [row.cost for row in rows]
