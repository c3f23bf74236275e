"""One kind of client slows another where p95 grows by over a tenth; an answer is right by the texts that are told."""

from __future__ import annotations

from typing import Any

import pytest

from tests.bench.doors.together import ALONE, ANSWER, PHASE, RIGHT, TOGETHER, is_right, right, table

ANSWERS = ["We are open from six to one, and closed on Mondays."]


def samples(alone: float, together: float) -> list[dict[str, Any]]:
    phases = [
        {"figure": PHASE, "phase": phase, "server_core": 0.2, "client_late_ms": 3.0}
        for phase in (ALONE, TOGETHER)
    ]
    answers = [
        {"figure": ANSWER, "kind": "duplex", "phase": phase, "milliseconds": value}
        for phase, value in ((ALONE, alone), (TOGETHER, together))
    ]
    return [*phases, *answers]


@pytest.mark.parametrize(
    ("together", "verdict"),
    [(275.0, "| +10.0 % | holds |"), (276.0, "| +10.4 % | DOES NOT HOLD |"), (240.0, "| -4.0 % | holds |")],
    ids=["a tenth slower", "slower by more", "faster"],
)
def test_nobody_is_slower_than_alone_by_more_than_a_tenth(together: float, verdict: str) -> None:
    [line] = [line for line in table(samples(250.0, together)) if "full-duplex" in line]
    assert verdict in line


def test_the_configured_silence_is_told_apart() -> None:
    [line] = [line for line in table(samples(250.0, 260.0)) if "full-duplex" in line]
    assert line.endswith("| 50.0, 60.0 |")


def test_answers_before_the_questions_end_are_told_and_not_counted() -> None:
    early = {"figure": ANSWER, "kind": "duplex", "phase": ALONE, "early": True}
    lines = table([*samples(250.0, 250.0), early])
    assert "| 1, 1 |" in lines[2]
    assert lines[-1].startswith("answered before the question was over: 1;")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (["We are open from six to one,"], True),
        (["We are open from six to one,", "and closed on Mondays."], True),
        (["Hmm...", "We are open from six to one,"], True),
        (["The car park is behind the house."], False),
        (["Hmm..."], False),
        ([""], False),
        ([], False),
    ],
    ids=[
        "its beginning",
        "all of it",
        "after a filler",
        "another answer",
        "a filler alone",
        "an empty text",
        "nothing",
    ],
)
def test_an_answer_is_right_by_what_is_told_so_far(told: list[str], expected: bool) -> None:
    assert is_right(told, ANSWERS) is expected


def test_right_answers_are_counted_and_wrong_ones_named() -> None:
    assert right(
        [
            {"figure": RIGHT, "kind": kind, "round": 0, "right": kind == "offer"}
            for kind in ("offer", "duplex")
        ]
    ) == [
        "1 of 2 answers were right, one of each kind at once",
        "wrong: full-duplex agent, round 0",
    ]
