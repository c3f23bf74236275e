"""An agent's pods: JSON -> values."""

from __future__ import annotations

from typing import Any

import pytest

from parley_cli.cluster.pods import AGENT_LABEL, COST, OF_PARLEY, PORT, Said, pods, said
from parley_operator import names
from parley_operator.render import pod as rendered
from tests.unit.parley_cli.cluster.objects import listed, pod


def test_the_busiest_pod_of_each_agent_comes_first() -> None:
    found = pods(
        listed(pod("b-1", agent="b"), pod("a-1", agent="a", calls="1"), pod("a-2", agent="a", calls="20"))
    )
    assert [(one.name, one.calls) for one in found] == [("a-2", 20), ("a-1", 1), ("b-1", 0)]


@pytest.mark.parametrize(
    ("given", "state"),
    [
        ({}, "ready"),
        ({"ready": False}, "not ready"),
        ({"ready": False, "phase": "Pending", "node": None}, "pending"),
        ({"ready": False, "phase": "Failed"}, "failed"),
        ({"ending": True}, "ending"),
    ],
)
def test_a_pod_has_one_state(given: dict[str, Any], state: str) -> None:
    [only] = pods(listed(pod("a", **given)))
    assert only.state == state
    assert only.node == ("-" if "node" in given else "node-0")


@pytest.mark.parametrize("cost", ["", "-5", "many", "9" * 20, "١"])
def test_what_is_no_number_of_calls_is_not_known(cost: str) -> None:
    assert pods(listed(pod("a", calls=cost)))[0].calls is None


@pytest.mark.parametrize(("ready", "calls"), [(True, 0), (False, None)])
def test_a_pod_that_nobody_wrote_to_never_had_a_call_if_it_is_ready(ready: bool, calls: int | None) -> None:
    assert pods(listed(pod("a", calls=None, ready=ready)))[0].calls == calls


def test_it_is_asked_through_the_api_server_at_its_own_port() -> None:
    [only] = pods(listed(pod("reception-agent-1")))
    assert only.status_path == "/api/v1/namespaces/shop/pods/reception-agent-1:9011/proxy/v1/status"


@pytest.mark.parametrize(
    ("answer", "read"),
    [
        ({"calls": 7, "draining": True, "agent_digest": "x", "version": "0.1.0"}, Said(7, True)),
        ({"calls": 0}, Said(0, False)),
        ({"calls": "7"}, None),
        ({}, None),
    ],
)
def test_what_a_pod_says_is_read_or_passed_over(answer: dict[str, Any], read: Said | None) -> None:
    assert said(answer) == read


@pytest.mark.parametrize("found", [{}, {"items": None}, {"items": ["x", None]}])
def test_what_is_no_list_of_pods_has_none(found: dict[str, Any]) -> None:
    assert pods(found) == []


def test_what_is_looked_for_is_what_the_operator_writes() -> None:
    """The command line has no code of the operator's."""
    key, _, value = OF_PARLEY.partition("=")
    assert names.labels("any")[key] == value
    assert (AGENT_LABEL, COST, PORT) == (names.PARLEY_AGENT, names.DELETION_COST, rendered.PORT)
