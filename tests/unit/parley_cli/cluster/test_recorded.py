"""What a real API server answered to `kubectl get -o json` (Kubernetes 1.34), of three agents and an operator at work:

bakery names a Secret that is not there, for museum there is no node, and reception's pods do not answer yet.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from parley_api.kinds import VOICE_AGENT
from parley_cli.cluster.agents import agents
from parley_cli.cluster.calls import calls
from parley_cli.cluster.pods import pods
from parley_cli.cluster.status import status
from parley_cli.cluster.table import WIDTH, wrapped
from parley_cli.cluster.told import READY, order
from parley_cli.cluster.why import why

RECORDED = Path(__file__).parent / "recorded"
AGENTS = {agent.name: agent for agent in agents(json.loads((RECORDED / "agents.json").read_text()))}
PODS = pods(json.loads((RECORDED / "pods.json").read_text()))
NOW = datetime(2026, 11, 30, 12, 30, tzinfo=UTC)


def test_every_field_that_is_read_is_there() -> None:
    expected = [
        name for name in order(VOICE_AGENT) if name != "EnginesReady"
    ]  # none of them names a ModelServer
    for agent in AGENTS.values():
        assert tuple(one.type for one in agent.conditions) == (*expected, READY)
        assert None not in (agent.wanted, agent.ready, agent.calls, agent.created)
        assert (agent.generation, agent.observed, agent.behind) == (1, 1, False)
        assert agent.deletion == "Drain"


def test_status_tells_what_each_lacks_in_80_columns() -> None:
    lines = status(list(AGENTS.values()), NOW, namespaces=True).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert [line.split()[:3] for line in lines if line.startswith("shop/")] == [
        ["shop/bakery", "no", "0/3"],
        ["shop/museum", "no", "0/3"],
        ["shop/reception", "?", "3/3"],
    ]
    assert lines[-1] == "3 agents, 0 ready; of one of them: kubectl parley why NAME"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "bakery",
            "Its spec was not accepted: the Secret keys is not in this namespace: create it, or take it out",
        ),
        (
            "museum",
            "Its Deployment is not available: Deployment does not have minimum availability. (no node takes",
        ),
        (
            "reception",
            "reception in namespace shop is not known to be ready: 3 of 3 pods are ready, no call is in",
        ),
    ],
)
def test_why_says_it_in_words(name: str, said: str) -> None:
    paragraph = why(AGENTS[name], NOW)
    assert said in paragraph
    assert max(map(len, wrapped(paragraph))) <= WIDTH


def test_calls_lists_the_pods_of_all() -> None:
    lines = calls(PODS, None, namespaces=False).splitlines()
    assert max(map(len, lines)) <= WIDTH
    assert [(pod.agent, pod.state, pod.calls) for pod in PODS] == [
        *[("museum", "pending", None)] * 3,
        *[("reception", "ready", 0)] * 3,
    ]
