"""The climb: what counts as holding, what comes next, and what the table says of it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.figures import ANSWER, FAILED, LOAD, SLOTS
from tests.bench.peers.ladder import Rung, carried, next_rung, rung, verdict

BASE = 60.0


def held(calls: int) -> Rung:
    return Rung(calls, BASE + 199.0, 0, 0.3)


@pytest.mark.parametrize(
    ("last", "why"),
    [
        (Rung(10, BASE + 200.0, 0, 0.3), "p95 has risen by 200 ms"),
        (Rung(10, BASE, 1, 0.3), "a call failed"),
        (Rung(10, None, 0, 0.3), "nothing was answered"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_climb_ends_at_the_first_rung_that_does_not_hold(last: Rung, why: str) -> None:
    assert next_rung([held(5), last], BASE, (5, 10, 15)) is None, why
    assert carried([held(5), last], BASE) == 5


def test_the_climb_goes_on_above_what_held_and_ends_at_the_top() -> None:
    assert next_rung([], BASE, (5, 10)) == 5
    assert next_rung([held(5)], BASE, (5, 10)) == 10
    assert next_rung([held(5), held(10)], BASE, (5, 10)) is None


def test_an_early_answer_is_no_latency_and_an_unanswered_sentence_is() -> None:
    samples: list[dict[str, Any]] = [
        {"figure": ANSWER, "early": True},
        {"figure": ANSWER, "milliseconds": 50.0},
        {"figure": ANSWER, "milliseconds": 10_000.0, "unanswered": True},
        {"figure": LOAD, "client_core": 0.4, "server_core": 0.9},
        {"figure": SLOTS, "slots": 150, "missed": 30},
        {"figure": FAILED, "why": "refused"},
    ]
    assert rung(7, samples) == Rung(7, 10_000.0, 1, 0.4, 0.9, 0.2)


def test_the_verdict_names_the_rung_that_broke_and_a_client_that_had_no_core_left() -> None:
    assert verdict([], BASE) == "not measured"
    assert verdict([held(5)], BASE) == "5 or more"
    assert verdict([held(5), Rung(10, 900.0, 0, 0.3)], BASE) == "5 (10 did not hold)"
    assert verdict([Rung(10, 900.0, 0, 0.99)], BASE) == "0 (10 did not hold, the client's core was full)"
