"""What is written on pods, and which of them are cut."""

from __future__ import annotations

from typing import Any

import pytest

from parley_operator import names
from parley_operator.plan.agent import PodStatus
from parley_operator.plan.plan import ObservedPod
from parley_operator.plan.pods import CUT_GRACE_SECONDS, cuts, marks


def pod(calls: int | None = 0, **facts: Any) -> ObservedPod:
    """`calls` None: it does not answer."""
    told = None if calls is None else PodStatus(calls, False, "", "")
    return ObservedPod(
        **{"name": "shop-1", "uid": "u1", "phase": "Running", "ready": True, "status": told, **facts}
    )


def written(one: ObservedPod, cut_with: str = "") -> tuple[dict[str, str], dict[str, str]] | None:
    """(labels, annotations)."""
    found = marks([one], "voice-ai", cut_with)
    if not found:
        return None
    [obj] = found
    assert (obj["kind"], obj["metadata"]["uid"], obj["metadata"]["namespace"]) == ("Pod", "u1", "voice-ai")
    return obj["metadata"].get("labels", {}), obj["metadata"].get("annotations", {})


BUSY = {names.BUSY: "true"}
IDLE = {names.BUSY: "false"}


def cost(calls: int) -> dict[str, str]:
    return {names.DELETION_COST: str(calls)}


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (pod(0), None),
        (pod(1), (BUSY, cost(1))),
        (pod(37), (BUSY, cost(20))),
        (pod(0, labels=BUSY, annotations=cost(20)), (IDLE, cost(0))),
        (pod(None), None),
        (pod(None, labels=BUSY, annotations=cost(20)), (BUSY, cost(20))),
        (pod(3, phase="Failed"), None),
        (pod(3, terminating=True), (BUSY, cost(2))),
    ],
    ids=[
        "an idle pod that never had a call is not written to",
        "a busy one costs",
        "the cost is rounded",
        "one that has become idle says so",
        "of one that does not answer nothing is known",
        "and what was known stays",
        "one that is over is left alone",
        "one that drains still tells that it is busy",
    ],
)
def test_marks(one: ObservedPod, expected: Any) -> None:
    assert written(one) == expected


def test_a_pod_of_an_agent_that_says_cut_carries_its_uid_and_one_that_says_drain_again_does_not() -> None:
    assert written(pod(0), cut_with="agent-1") == ({}, {names.CUT_WITH: "agent-1"})
    assert written(pod(0, annotations={names.CUT_WITH: "agent-1"})) == ({}, {names.CUT_WITH: ""})


CUT = {names.CUT_WITH: "agent-1"}


@pytest.mark.parametrize(
    ("one", "living", "is_cut"),
    [
        (pod(terminating=True, annotations=CUT), "", True),
        (pod(terminating=True, annotations=CUT, grace_seconds=3_630), "", True),
        (pod(terminating=True, annotations=CUT, grace_seconds=CUT_GRACE_SECONDS), "", False),
        (pod(terminating=True, annotations=CUT), "agent-1", False),
        (pod(terminating=True, annotations=CUT), "agent-2", True),
        (pod(annotations=CUT), "", False),
        (pod(terminating=True), "", False),
        (pod(terminating=True, annotations={names.CUT_WITH: ""}), "", False),
    ],
    ids=[
        "of an agent that is gone",
        "with the grace period of its calls",
        "but not twice",
        "a rollout of a living agent never cuts",
        "another agent of that name is not its own",
        "one that does not end yet is the garbage collector's to delete",
        "an agent that says drain",
        "an agent that says drain again",
    ],
)
def test_cuts(one: ObservedPod, living: str, is_cut: bool) -> None:
    found = cuts([one], "voice-ai", living)
    assert [(cut.ref.name, cut.uid, cut.grace_seconds) for cut in found] == [
        ("shop-1", "u1", CUT_GRACE_SECONDS)
    ] * is_cut
