"""`kubectl parley status`: the table, and what stands below a row."""

from __future__ import annotations

from typing import Any

import pytest

from parley_api.kinds import MODEL_SERVER, NODE_TUNING
from parley_cli.cluster.agents import agents
from parley_cli.cluster.status import notes, nothing, nothing_of_kind, status, status_of_kind
from parley_cli.cluster.table import WIDTH
from parley_cli.cluster.told import told
from tests.unit.parley_cli.cluster.objects import NOW, condition, listed, voice_agent


def shown(*objects: Any, namespaces: bool = False) -> list[str]:
    return status(agents(listed(*objects)), NOW, namespaces=namespaces).splitlines()


def test_agents_that_are_well_are_a_line_each() -> None:
    well = voice_agent(calls=20), voice_agent("bakery", condition("Ready", since="4d"), replicas=1, ready=1)
    assert shown(*well) == [
        "AGENT      READY  PODS  CALLS  SINCE",
        "reception  yes    3/3   20+    12m",
        "bakery     yes    1/1   0      4d",
        "",
        "2 agents, 2 ready",
    ]


def test_below_an_agent_that_is_not_ready_stands_each_thing_that_it_lacks() -> None:
    lacking = voice_agent(
        "reception",
        condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        ),
        condition("UpToDate", "Unknown", "NoReadyPod"),
        condition("Ready", "False", "Available", "1 of 3 pods is ready"),
        ready=1,
    )
    assert shown(lacking) == [
        "AGENT      READY  PODS  CALLS  SINCE",
        "reception  no     1/3   0      12m",
        "    Available is False (MinimumReplicasUnavailable): Deployment does not have",
        "    minimum availability.",
        "    UpToDate is Unknown (NoReadyPod)",
        "",
        "1 agent, 0 ready; of one of them: kubectl parley why NAME",
    ]


def test_where_only_ready_lacks_its_own_message_says_why() -> None:
    [only] = agents(voice_agent("a", condition("Ready", "False", "Other", "a reason of a newer operator")))
    assert notes(only) == ["Ready is False (Other): a reason of a newer operator"]


@pytest.mark.parametrize(
    ("found", "said", "ready"),
    [
        (voice_agent(generation=3, observed=2), "the operator has read generation 2 of 3", "?"),
        (voice_agent(deletionTimestamp="2026-11-30T11:59:00Z"), "being deleted", "no"),
        (
            {**voice_agent(), "status": {}},
            "the operator has written nothing about it yet; is it running?",
            "?",
        ),
    ],
)
def test_what_is_on_its_way_is_told(found: dict[str, Any], said: str, ready: str) -> None:
    [only] = agents(found)
    assert notes(only) == [said]
    assert shown(found)[1].split()[1] == ready


def test_with_all_namespaces_each_name_has_its_own_before_it() -> None:
    assert shown(voice_agent(), voice_agent(namespace="b"), namespaces=True)[1:3] == [
        "shop/reception  yes    3/3   0      12m",
        "b/reception     yes    3/3   0      12m",
    ]


def test_the_largest_names_and_counts_fit_80_columns() -> None:
    large = voice_agent("n" * 63, namespace="m" * 63, replicas=1000, ready=1000, calls=100_000_000)
    assert (
        max(map(len, shown(large, large, namespaces=True))) <= 2 * 63 + 1
    )  # the name alone, in full, to be copied
    assert max(map(len, shown(large, namespaces=False))) <= WIDTH


def test_a_namespace_without_agents_is_told_how_to_make_one() -> None:
    assert nothing("in namespace shop") == (
        "There is no VoiceAgent in namespace shop. To make one: kubectl apply -f examples/reception.yaml"
    )


def test_objects_of_another_kind_are_a_line_each_and_what_lacks_is_below() -> None:
    lacking = condition("Tuned", "False", "Drifted", "node n1: vm.swappiness is 60")
    found = told(
        {
            "items": [
                {
                    "kind": "NodeTuning",
                    "metadata": {"name": "quiet"},
                    "status": {"conditions": [condition("Ready")]},
                },
                {
                    "kind": "NodeTuning",
                    "metadata": {"name": "loud"},
                    "status": {"conditions": [lacking, condition("Ready", "False")]},
                },
            ]
        }
    )
    assert status_of_kind(NODE_TUNING, found, NOW, namespaces=True).splitlines() == [
        "NODETUNING  READY  SINCE",
        "quiet       yes    12m",
        "loud        no     12m",
        "    Tuned is False (Drifted): node n1: vm.swappiness is 60",
        "",
        "2 NodeTunings, 1 ready; of one of them: kubectl parley why nodetuning/NAME",
    ]


def test_where_there_is_none_of_a_kind_it_says_how_to_make_one() -> None:
    assert nothing_of_kind(MODEL_SERVER, "in namespace models") == (
        "There is no ModelServer in namespace models. To make one: kubectl apply -f examples/modelserver.yaml"
    )
    assert "in this cluster" in nothing_of_kind(NODE_TUNING, "in namespace models")
