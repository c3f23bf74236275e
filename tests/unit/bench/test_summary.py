"""Raw samples become lines: nothing that could not be a sample is left out silently."""

from __future__ import annotations

from tests.bench.figures import ANSWER, CONNECT, FAILED, IDLE_TIMER, LEFT, LOAD, MEMORY, SLOTS
from tests.bench.summary import lines

LOADED = {"figure": LOAD, "calls": 40, "seconds": 30.0, "client_core": 0.2, "lost_packets": 0}


def test_percentiles_are_in_the_table_and_connects_are_told_apart_by_the_load() -> None:
    samples = [
        {"figure": CONNECT, "during": during, "milliseconds": 10.0 * n}
        for during in (0, 50)
        for n in (1, 2, 3)
    ]
    assert lines(samples)[2:] == [
        f"| {CONNECT} | 3 | 20.0 | 30.0 | 30.0 |",
        f"| {CONNECT}, while 50 calls run | 3 | 20.0 | 30.0 | 30.0 |",
    ]


def test_an_answer_that_came_early_and_one_that_never_came_are_counted() -> None:
    samples = [
        {"figure": ANSWER, "early": True},
        {"figure": ANSWER, "milliseconds": 10_000.0, "unanswered": True},
    ]
    table = "\n".join(lines(samples))
    assert f"| {ANSWER} | 1 | 10000.0 | 10000.0 | 10000.0 |" in table
    assert "without an answer (counted as the time that was waited) | 1 |" in table
    assert "answered before the sentence was over | 1 |" in table


def test_slots_are_summed_over_answers_and_stand_beside_the_idle_timer() -> None:
    samples = [
        {"figure": IDLE_TIMER, "slots": 1000, "missed": 1, "worst_ms": 12.0},
        {"figure": SLOTS, "slots": 150, "missed": 1, "worst_ms": 11.0},
        {"figure": SLOTS, "slots": 150, "missed": 2, "worst_ms": 14.0},
    ]
    assert lines(samples) == [
        "an idle 20 ms timer on the server's core missed 1 of 1000 slots by over 10 ms (0.100 %), worst 12.0 ms",
        "the sender missed 3 of 300 slots by over 10 ms (1.000 %), worst 14.0 ms",
    ]


def test_a_client_whose_core_is_full_says_so() -> None:
    assert "CORE IS FULL" not in lines([LOADED])[0]
    assert "CORE IS FULL" in lines([{**LOADED, "client_core": 0.86}])[0]


def test_memory_failures_and_what_is_left_are_told() -> None:
    samples = [
        {"figure": LEFT, "when": "before", "tasks": 9.0, "descriptors": 30, "processes": 1, "mib": 140.2},
        {"figure": MEMORY, "minute": 0, "mib": 150.0},
        {"figure": MEMORY, "minute": 1, "mib": 151.0},
        {"figure": FAILED, "call": 3, "why": "TimeoutError: "},
    ]
    assert lines(samples) == [
        "before the calls: 9 tasks, 30 descriptors, 1 processes, 140 MiB",
        "resident memory by the minute, MiB: 150 151",
        "1 calls failed; the first: TimeoutError: ",
    ]
