"""What `make bench-answers` counts and when it fails."""

from __future__ import annotations

import pytest

from parley_cli.spoken_tests.verdict import Verdict
from tests.bench.answers.questions import FOREIGN, OTHER, OWN
from tests.bench.answers.table import Sample, failed, is_under_a_floor, summary, table


def asked(part: str, verdict: Verdict, count: int, *, noisy: bool = False) -> list[Sample]:
    one = {"part": part, "verdict": verdict.value, "noisy": noisy, "voice": "v", "heard": "h", "said": "s"}
    return [{**one, "say": f"{part} {verdict.value}"} for _ in range(count)]


GOOD = [
    *asked(OWN, Verdict.RIGHT, 100),
    *asked(OTHER, Verdict.RIGHT, 100),
    *asked(OTHER, Verdict.RIGHT, 100, noisy=True),
    *asked(FOREIGN, Verdict.RIGHT, 100),
]


def test_all_right_is_over_every_floor() -> None:
    assert not is_under_a_floor(GOOD)
    assert "NOT HELD" not in summary(GOOD)


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (asked(OWN, Verdict.AGAIN, 10), "own phrasing, quiet: right 90.9 % (at least 92, NOT HELD)"),
        (asked(OTHER, Verdict.UNANSWERED, 35), "paraphrase, quiet: right 74.1 % (at least 75, NOT HELD)"),
        (
            asked(OTHER, Verdict.AGAIN, 60, noisy=True),
            "paraphrase, noise: right 62.5 % (at least 65, NOT HELD)",
        ),
        (asked(OTHER, Verdict.WRONG, 20), "paraphrase: wrong 9.1 % (at most 8, NOT HELD)"),
        (asked(FOREIGN, Verdict.WRONG, 20), "foreign: answered 16.7 % (at most 15, NOT HELD)"),
    ],
)
def test_each_floor_by_itself_fails_the_run(more: list[Sample], told: str) -> None:
    assert is_under_a_floor([*GOOD, *more])
    assert told in summary([*GOOD, *more])
    assert summary([*GOOD, *more]).count("NOT HELD") == 1


def test_the_table_has_a_line_for_each_part_room_and_voice_and_one_for_all_voices() -> None:
    lines = table([*GOOD, *({**one, "voice": "w"} for one in asked(OWN, Verdict.WRONG, 100))])
    own = [line.split() for line in lines if line.startswith(OWN)]
    assert [(line[3], line[4], line[5], line[-2]) for line in own if line[2] == "quiet"] == [
        ("v", "100", "100", "0"),
        ("w", "100", "0", "100"),
        ("all", "200", "50", "50"),
    ]


def test_what_failed_is_told_the_most_frequent_first() -> None:
    told = failed([*asked(OWN, Verdict.AGAIN, 1), *asked(OTHER, Verdict.WRONG, 2), *GOOD])
    assert [line.split("\n")[0].split("  ")[-1] for line in told] == ["paraphrase wrong"] * 2 + [
        "own phrasing asked again"
    ]
