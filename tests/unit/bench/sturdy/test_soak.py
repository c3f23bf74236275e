"""The soak of odd callers: who calls how, and what its lines say of what was left."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import pytest

from tests.bench.sturdy import soak
from tests.bench.sturdy.sounds import SOUNDS
from tests.clients.events import Events


def held(when: str, mib: float, **more: float) -> dict[str, Any]:
    return {
        "figure": soak.LEFT,
        "when": when,
        "tasks": 3,
        "descriptors": 20,
        "processes": 3,
        "mib": 2 * mib,
        "own_mib": mib,
        **more,
    }


def test_every_sound_comes_through_every_door_and_the_seed_decides_in_which_order() -> None:
    calls = list(soak._calls(300, random.Random(1)))
    counted = Counter((way, sound) for way, sound, _ in calls)
    assert len(counted) == len(soak.WAYS) * len(SOUNDS)
    assert min(counted.values()) >= 4
    assert calls == list(soak._calls(300, random.Random(1)))
    assert calls != list(soak._calls(300, random.Random(2)))


@pytest.mark.parametrize(
    ("after", "verdict"),
    [
        (
            held("after all", 104.9),
            "held: tasks, descriptors and processes are as at the start, the server's own memory +4.9 %",
        ),
        (
            held("after all", 106.0),
            "NOT HELD: tasks, descriptors and processes are as at the start, the server's own memory +6.0 %",
        ),
        (
            held("after all", 99.0, tasks=4),
            "NOT HELD: tasks, descriptors and processes are not as at the start",
        ),
    ],
    ids=["within 5 %", "over 5 %", "a task more"],
)
def test_the_last_line_says_whether_it_holds(after: dict[str, Any], verdict: str) -> None:
    assert soak.table([held("before", 90.0), held("after 100 of", 100.0), after])[-1].startswith(verdict)


def test_what_was_said_is_told_apart() -> None:
    told = Events()
    told.add({"type": "reply", "turn": 0, "index": 0, "text": "Hello, this is the clinic."})
    told.add({"type": "transcript", "turn": 0, "text": "blue", "final": True})
    assert soak._became(told) == {"understood": True, "said": "", "errors": []}
    told.add({"type": "reply", "turn": 1, "index": 0, "text": soak.CONVERSATION.fallback})
    told.add({"type": "problem", "code": "engine-error", "detail": "x"})
    became = soak._became(told)
    assert soak._judged(became["said"]) == "told that it does not know"
    assert became["errors"] == ["engine-error"]
    assert soak._judged(soak.DEAF[0]) == "asked again"
    assert soak._judged("We are open.") == "answered"
    assert soak._judged("") == "without a word in the five seconds"
