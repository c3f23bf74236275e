"""`kubectl parley calls`: the table, by what the operator wrote or by what the pods say."""

from __future__ import annotations

import pytest

from parley_cli.cluster.calls import ask, calls, nothing
from parley_cli.cluster.kubectl import Kubectl, Refused
from parley_cli.cluster.pods import Said, pods
from tests.unit.parley_cli.cluster.objects import StubKubectl, listed, pod

TWO = pods(listed(pod("reception-agent-a", calls="20"), pod("reception-agent-b", calls=None, ready=False)))


def test_what_the_operator_wrote_is_at_least_so_much() -> None:
    assert calls(TWO, None, namespaces=False).splitlines() == [
        "POD                CALLS  STATE      NODE",
        "reception-agent-a  20+    ready      node-0",
        "reception-agent-b  ?      not ready  node-0",
        "",
        "2 pods, at least 20 calls; to ask the pods: kubectl parley calls --exact",
    ]


def test_what_the_pods_say_is_exact() -> None:
    answers = {TWO[0]: Said(23, False), TWO[1]: Said(1, True)}
    assert calls(TWO, answers, namespaces=True).splitlines() == [
        "POD                     CALLS  STATE     NODE",
        "shop/reception-agent-a  23     ready     node-0",
        "shop/reception-agent-b  1      draining  node-0",
        "",
        "2 pods, 24 calls",
    ]


def test_a_pod_that_does_not_answer_says_why_and_has_what_the_operator_wrote() -> None:
    answers = {TWO[0]: Refused("(Forbidden)"), TWO[1]: Said(1, False)}
    lines = calls(TWO, answers, namespaces=False).splitlines()
    assert lines[1] == "reception-agent-a  20+    ready      node-0"
    assert lines[2].startswith("    did not answer: (Forbidden); ask for")
    assert "2 pods, at least 21 calls" in lines[-1]


def test_every_pod_is_asked_and_one_that_fails_keeps_none_from_the_rest(stub: StubKubectl) -> None:
    stub.answer("reception-agent-a:9011", {"calls": 3, "draining": False})
    stub.answer(
        "reception-agent-b:9011", (1, "Error from server (ServiceUnavailable): dial tcp: i/o timeout")
    )
    answers = ask(Kubectl(("--context=x",)), TWO)
    assert answers[TWO[0]] == Said(3, False)
    assert str(answers[TWO[1]]) == "Error from server (ServiceUnavailable): dial tcp: i/o timeout"
    assert sorted(stub.asked()) == [f"--context=x get --raw {one.status_path}" for one in TWO]


def test_without_pods_it_says_where_to_look() -> None:
    assert "kubectl parley status" in nothing("in this cluster")


@pytest.mark.parametrize("namespaces", [True, False])
def test_the_longest_names_of_pods_stand_in_full(namespaces: bool) -> None:
    [long] = pods(listed(pod("p" * 63, namespace="n" * 63, node="node-with-a-name-of-its-own")))
    lines = calls([long], None, namespaces=namespaces).splitlines()
    assert any(line.endswith("p" * 63) for line in lines)
