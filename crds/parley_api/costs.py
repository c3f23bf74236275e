"""What hearing, thinking and speaking cost by a price table: the one way to reckon it, for a load and for a call.

Rules: money is Decimal, and nothing is rounded here.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from parley_api.prices import Prices

TOKENS_PER_WORD = Decimal("1.3")
"""Tokens of the LLM to a word of English, where nobody has counted them."""

_MILLION = Decimal(1_000_000)


@dataclass(frozen=True, slots=True)
class Row:
    """`amount` of a unit, at `price` dollars for `per` of them."""

    what: str
    amount: Decimal
    unit: str
    price: Decimal
    per: Decimal = Decimal(1)

    @property
    def cost(self) -> Decimal:
        """Dollars."""
        return self.amount * self.price / self.per


def of_services(
    prices: Prices, minutes: Decimal, tokens: Decimal, characters: Decimal
) -> tuple[Row, Row, Row]:
    """STT that hears `minutes`, an LLM of `tokens`, TTS that speaks `characters`."""
    return (
        Row("STT", minutes, "minute", exact(prices.stt_per_minute)),
        Row("LLM", tokens, "token", exact(prices.llm_per_million_tokens), _MILLION),
        Row("TTS", characters, "character", exact(prices.tts_per_million_characters), _MILLION),
    )


def exact(number: float) -> Decimal:
    """The number as it stands in the file: 0.6, not the binary fraction nearest to it."""
    return Decimal(str(number))
