"""The stage that kills engines: which one when, and what its lines say."""

from __future__ import annotations

from collections import Counter

from tests.bench.sturdy import workers
from tests.bench.sturdy.workers import Hit


def test_both_engines_are_killed_and_stopped_as_often_as_each_other() -> None:
    counted = Counter(Hit.of(number).name for number in range(48))
    assert counted == dict.fromkeys(
        ("moonshine killed", "moonshine stopped", "espeak killed", "espeak stopped"), 12
    )


def test_the_lines_say_who_heard_what_and_how_many_calls_were_lost() -> None:
    hit = {"hit": "espeak killed", "number": 1}
    story = {
        "gap_before_ms": 21.0,
        "gap_after_ms": None,
        "problems": ["engine-crashed"],
        "apology": True,
    }
    out = workers.table(
        [
            {"figure": workers.USUAL, "milliseconds": 300.0},
            {"figure": workers.RECOVERY, **hit, "milliseconds": 700.0},
            {"figure": workers.VICTIM, **hit, "heard": "an apology"},
            {"figure": workers.LISTENER, **hit, **story},
            {"figure": workers.SILENT, **hit, "heard": []},
            {"figure": workers.CALL, "call": 0},
            {"figure": workers.FAILED, "call": 1, "why": "call 1: TimeoutError"},
        ]
    )
    assert f"| {workers.RECOVERY} | 1 | 700.0 | 700.0 | 700.0 |" in out
    assert "| - espeak killed | 1 | 700.0 | 700.0 | 700.0 |" in out
    assert f"| {workers.GAP} before it | 1 | 21.0 | 21.0 | 21.0 |" in out
    assert not any("after it" in line for line in out)
    assert "espeak killed: 1 heard an apology" in out
    assert "of 1 times that a caller listened meanwhile, 1 were told an error, 1 an apology" in out
    assert "of 1 times that a caller said nothing, 0 were told something" in out
    assert "1 of 2 calls lost" in out
