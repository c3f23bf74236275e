"""VoiceAgents: JSON -> values."""

from __future__ import annotations

from typing import Any

import pytest

from parley_api.kind import Kind
from parley_api.kinds import KINDS, VOICE_AGENT
from parley_api.voiceagent_status import CONDITIONS
from parley_cli.cluster.agents import agent, agents
from parley_cli.cluster.told import READY, order, told
from tests.unit.parley_cli.cluster.objects import condition, listed, voice_agent


def test_an_object_and_a_list_of_it_read_alike() -> None:
    one = voice_agent(calls=20)
    assert agents(one) == agents(listed(one)) == [agent(one)]


def test_conditions_come_in_the_order_in_which_they_come_true() -> None:
    found = voice_agent()
    found["status"]["conditions"].reverse()
    assert [one.type for one in agent(found).conditions] == [
        "Accepted",
        "Available",
        "Guaranteed",
        "UpToDate",
        "Ready",
    ]


def test_it_is_ready_when_ready_is_true_of_the_spec_as_it_is_now() -> None:
    assert agent(voice_agent()).is_ready
    assert not agent(voice_agent("a", condition("Ready", "False"))).is_ready
    assert not agent(voice_agent("a", condition("Ready", "Unknown"))).is_ready
    assert not agent(voice_agent(generation=2)).is_ready
    assert not agent(voice_agent(deletionTimestamp="2026-11-30T11:59:00Z")).is_ready


def test_what_lacks_is_told_without_ready_itself() -> None:
    found = voice_agent(
        "a", condition("Ready", "False"), condition("UpToDate", "Unknown"), condition("Available", "False")
    )
    assert [one.type for one in agent(found).lacking] == ["Available", "UpToDate"]


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"metadata": None, "spec": [], "status": "x"},
        {"metadata": {"name": 7, "generation": "1"}, "spec": {"replicas": True}},
        {"status": {"conditions": [None, "x", {}]}},
        {"status": {"conditions": "x"}},
    ],
)
def test_an_object_of_another_form_reads_as_not_known(found: dict[str, Any]) -> None:
    read = agent(found)
    assert (read.name, read.wanted, read.ready, read.calls, read.is_ready) == ("", None, None, None, False)
    assert {one.state for one in read.conditions} <= {"Unknown"}


def test_the_conditions_are_those_of_the_api_in_its_order() -> None:
    assert (*order(VOICE_AGENT), READY) == tuple(CONDITIONS)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_an_object_of_any_kind_is_read_by_its_conditions_in_their_order(kind: Kind) -> None:
    conditions = [condition(name) for name in reversed(list(kind.conditions))]
    [one] = told({"kind": kind.name, "metadata": {"name": "a"}, "status": {"conditions": conditions}})
    assert one.kind is kind
    assert [found.type for found in one.conditions] == [*order(kind), READY]
    assert one.is_ready
