"""The bill of a call: the sheet's own prices, its turns add up, and what nobody sent costs nothing."""

from __future__ import annotations

from decimal import Decimal

import pytest

from parley_api.costs import TOKENS_PER_WORD, of_services
from parley_api.prices import Prices
from parley_dataplane.bill import Bill
from parley_dataplane.events import TurnCost
from parley_dataplane.session_metrics import SessionMetrics

MINUTE = 60 * 16_000 * 2
"""Bytes that STT hears."""


def test_a_minute_a_thousand_words_and_a_thousand_characters_cost_what_the_table_says() -> None:
    metrics = SessionMetrics(bytes_heard=MINUTE, llm_words=1_000, tts_characters=1_000)
    cost = Bill(Prices(), metrics).so_far(0)
    assert cost == TurnCost(
        0, 0.0043, pytest.approx(0.00078), 0.015, pytest.approx(0.02008), pytest.approx(0.02008)
    )


def test_it_reckons_as_the_sheet_of_a_load_does() -> None:
    prices = Prices(stt_per_minute=0.01, llm_per_million_tokens=7, tts_per_million_characters=3)
    metrics = SessionMetrics(bytes_heard=MINUTE // 2, llm_words=30, tts_characters=250)
    rows = of_services(prices, Decimal("0.5"), 30 * TOKENS_PER_WORD, Decimal(250))
    cost = Bill(prices, metrics).so_far(0)
    assert [cost.stt_usd, cost.llm_usd, cost.tts_usd] == [float(row.cost) for row in rows]


def test_turns_add_up_to_the_call() -> None:
    metrics = SessionMetrics()
    bill = Bill(Prices(), metrics)
    turns = []
    for turn in range(5):
        metrics.bytes_heard += 77_777
        metrics.llm_words += 17
        metrics.tts_characters += 211
        under_way = bill.so_far(turn)
        turns.append(bill.close_turn(turn))
        assert turns[-1] == under_way
    assert sum(cost.turn_usd for cost in turns) == pytest.approx(turns[-1].call_usd)
    assert len({round(cost.turn_usd, 12) for cost in turns}) == 1


def test_a_turn_in_which_nothing_was_sent_or_said_costs_nothing() -> None:
    metrics = SessionMetrics(bytes_heard=MINUTE)
    bill = Bill(Prices(), metrics)
    bill.close_turn(0)
    assert bill.so_far(1) == TurnCost(1, 0.0, 0.0, 0.0, 0.0, 0.0043)
