"""What is told of a node: one state for the whole, one row for all governors, and no more than is of use."""

from __future__ import annotations

import json

import pytest

from parley_tuner.report import Report
from parley_tuner.tune import Row
from tests.unit.parley_tuner.machine import wanting

WANTS = wanting({"vm.swappiness": "1"})


@pytest.mark.parametrize(
    ("states", "whole"),
    [
        (["Applied", "Applied"], "Applied"),
        (["Applied", "Restored", "Left"], "Applied"),
        (["Applied", "Skipped"], "Partly"),
        (["Applied", "Drifted"], "Partly"),
        (["Applied", "Conflict"], "Partly"),
        (["Applied", "Restoring"], "Partly"),
    ],
)
def test_the_whole_is_applied_when_every_wanted_key_is(states: list[str], whole: str) -> None:
    rows = {f"vm.a{number}": Row(state) for number, state in enumerate(states)}
    assert Report("node-a", WANTS, rows).state == whole


@pytest.mark.parametrize(
    ("states", "whole"),
    [([], "Restored"), (["Restored", "Left"], "Restored"), (["Restored", "Restoring"], "Restoring")],
)
def test_an_empty_profile_is_restored_when_nothing_is_still_to_be_put_back(
    states: list[str], whole: str
) -> None:
    rows = {f"vm.a{number}": Row(state) for number, state in enumerate(states)}
    assert Report("node-a", wanting(), rows).state == whole


def test_before_any_profile_nothing_is_claimed() -> None:
    assert Report("node-a", problem="no file").as_json() == {
        "node": "node-a",
        "owner": "",
        "profile": "",
        "state": "Unknown",
        "problem": "no file",
        "seconds_to_applied": None,
        "keys": {},
    }


def test_all_governors_are_one_row_which_is_the_worst_and_tells_which_cpu() -> None:
    rows = {
        "governor.cpu0": Row("Applied", "performance", "powersave"),
        "governor.cpu1": Row("Skipped", "performance", "powersave", "refused"),
        "governor.cpu2": Row("Applied", "performance", "schedutil", drifts=2),
    }
    assert Report("node-a", WANTS, rows).as_json()["keys"] == {
        "governor": {
            "state": "Skipped",
            "wanted": "performance",
            "before": "powersave on 2, schedutil on 1",
            "why": "cpu1: refused",
            "drifts": 2,
        }
    }


def test_a_report_of_a_large_machine_with_long_values_is_bounded() -> None:
    rows = {f"governor.cpu{cpu}": Row("Applied", "performance", "powersave") for cpu in range(1024)}
    rows |= {f"vm.a{number}": Row("Skipped", "1" * 9000, "2" * 9000, "3" * 9000) for number in range(256)}
    assert len(json.dumps(Report("node-a", WANTS, rows).as_json())) < 256 * 1000
