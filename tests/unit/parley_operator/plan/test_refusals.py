"""What can't be served as it is written: the reason, what to do, and that what runs stays as it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from parley_api import __version__
from parley_operator.settings import Settings
from tests.small_cluster import SmallCluster, changed, condition, voice_agent

Change = Callable[[SmallCluster], None]


def enforcing(level: str) -> Change:
    labels = {"pod-security.kubernetes.io/enforce": level}
    namespace = {"kind": "Namespace", "metadata": {"name": "voice-ai", "labels": labels}}
    return lambda cluster: cluster.see(namespace=namespace)


def no_port_left(cluster: SmallCluster) -> None:
    cluster.settings = Settings(host_port_first=20_000, host_port_last=20_001)
    cluster.see(host_ports={20_000: "a/one", 20_001: "a/two"})


def nothing(cluster: SmallCluster) -> None: ...


HOST_PORT = {"media": {"reach": {"hostPort": {}}}}
KEDA = {
    "autoscaling": {
        "maxReplicas": 9,
        "targetSessions": 5,
        "keda": {"serverAddress": "http://prometheus:9090"},
    }
}
KNOWLEDGE = {"conversation": {"instructions": "Guide.", "knowledge": [{"configMap": {"name": "guide"}}]}}

TABLE: list[tuple[str, dict[str, Any], Change, str, str]] = [
    (
        "a Secret of keys",
        {"pods": {"environmentFrom": ["keys"]}},
        nothing,
        "SecretMissing",
        "the Secret keys is not in this namespace: create it, or take it out of the spec",
    ),
    (
        "Secrets of a registry and of TURN",
        {
            "pods": {"pullSecrets": ["registry"]},
            "media": {"reach": {"turn": {"uris": ["turn:turn.example.com"], "secretName": "login"}}},
        },
        nothing,
        "SecretMissing",
        "the Secrets login, registry are not in this namespace: create them, or take them out of the spec",
    ),
    (
        "a ConfigMap of authorities",
        {"pods": {"caConfigMap": "authorities"}},
        nothing,
        "ConfigMapMissing",
        "the ConfigMap authorities is not in this namespace: create it, or take it out of the spec",
    ),
    (
        "a ConfigMap of knowledge",
        KNOWLEDGE,
        nothing,
        "ConfigMapMissing",
        "the ConfigMap guide is not in this namespace: create it, or take it out of the spec",
    ),
    (
        "a host port where Pod Security is baseline",
        HOST_PORT,
        enforcing("baseline"),
        "HostPortRefused",
        "this namespace enforces Pod Security baseline, which refuses host ports: write media.reach.podAddress or"
        " media.reach.turn, or set the label pod-security.kubernetes.io/enforce of the namespace to privileged",
    ),
    (
        "a host port where Pod Security is restricted",
        HOST_PORT,
        enforcing("restricted"),
        "HostPortRefused",
        "this namespace enforces Pod Security restricted, which refuses host ports: write media.reach.podAddress or"
        " media.reach.turn, or set the label pod-security.kubernetes.io/enforce of the namespace to privileged",
    ),
    (
        "a host port where all are taken",
        HOST_PORT,
        no_port_left,
        "NoHostPort",
        "all host ports from 20000 to 20001 are allotted to other agents: give the operator more of them"
        " (HOST_PORT_FIRST, HOST_PORT_LAST), or write media.reach.podAddress or media.reach.turn",
    ),
    (
        "KEDA where there is none",
        KEDA,
        nothing,
        "KedaMissing",
        "autoscaling.keda needs KEDA, which this cluster does not have: install it, or leave keda out for a"
        " HorizontalPodAutoscaler",
    ),
    (
        "a value of a newer version of the kind",
        {"deletion": "Newer"},
        nothing,
        "Invalid",
        "spec.deletion: Input should be 'Drain' or 'Cut'",
    ),
    (
        "a member of a union of a newer version of the kind",
        {"media": {"reach": {"newer": {}}}},
        nothing,
        "Invalid",
        "spec.media.reach: write exactly one of podAddress, turn, hostPort (for example podAddress: {})",
    ),
    (
        "what refers to nothing, which CEL did not see",
        {
            "conversation": {
                "instructions": "Answer.",
                "intents": [{"name": "a", "phrases": ["hello"], "answer": "{nothing}"}],
            }
        },
        nothing,
        "Invalid",
        'spec.conversation.intents[0].answer: saw "{nothing}"; there is no such slot of this intent: add it, or leave'
        " this out",
    ),
]


@pytest.mark.parametrize(
    ("spec", "change", "reason", "message"), [row[1:] for row in TABLE], ids=[r[0] for r in TABLE]
)
def test_a_new_agent_is_refused_and_nothing_is_made(
    spec: dict[str, Any], change: Change, reason: str, message: str
) -> None:
    cluster = SmallCluster(voice_agent(**spec))
    change(cluster)
    made = cluster.plan()
    accepted = condition(made.status, "Accepted")
    assert (accepted["status"], accepted["reason"], accepted["message"]) == ("False", reason, message)
    assert condition(made.status, "Ready")["message"] == f"Accepted is False: {message}"
    assert (made.objects, made.prune, made.hand_over, made.cut) == ([], [], None, [])
    assert made.again_after is not None


@pytest.mark.parametrize(
    ("spec", "change", "reason"), [row[1:4] for row in TABLE], ids=[row[0] for row in TABLE]
)
def test_what_runs_stays_as_it_is(spec: dict[str, Any], change: Change, reason: str) -> None:
    cluster = SmallCluster(voice_agent(replicas=2))
    cluster.settle()
    before = dict(cluster.observed.children)
    cluster.agent = changed(cluster.agent, **spec)
    change(cluster)
    made = cluster.step()
    assert condition(made.status, "Accepted")["reason"] == reason
    assert cluster.observed.children == before
    assert made.status is not None
    assert {name: made.status[name] for name in ("replicas", "readyReplicas", "image")} == {
        "replicas": 2,
        "readyReplicas": 2,
        "image": "example.com/parley:1",
    }
    assert condition(made.status, "Available")["status"] == "True"
    assert cluster.writes(cluster.plan()) == []


@pytest.mark.parametrize(
    ("spec", "change"), [row[1:3] for row in TABLE[:8]], ids=[row[0] for row in TABLE[:8]]
)
def test_it_heals_once_what_lacked_is_there(spec: dict[str, Any], change: Change) -> None:
    cluster = SmallCluster(voice_agent(**spec))
    change(cluster)
    cluster.step()
    cluster.see(
        secrets=frozenset({"keys", "registry", "login"}),
        config_maps=frozenset({"authorities", "guide"}),
        kinds=frozenset({"ScaledObject"}),
        namespace=None,
        host_ports={},
    )
    cluster.settle()
    assert condition(cluster.agent["status"], "Ready")["status"] == "True"


def test_a_host_port_is_taken_where_pod_security_is_privileged_or_not_said() -> None:
    for level in ("privileged", ""):
        cluster = SmallCluster(voice_agent(**HOST_PORT))
        enforcing(level)(cluster)
        assert condition(cluster.plan().status, "Accepted")["status"] == "True"


def test_many_mistakes_are_told_in_few_words() -> None:
    intents = [{"name": "a", "phrases": ["hello"], "answer": number} for number in range(9)]
    cluster = SmallCluster(voice_agent(conversation={"instructions": "Answer.", "intents": intents}))
    message = condition(cluster.plan().status, "Accepted")["message"]
    assert message.count("valid string") == 5
    assert message.endswith("and 4 more")


def test_fields_of_a_newer_version_of_the_kind_are_passed_over_and_that_is_said() -> None:
    """Bug: after an upgrade of the CRD an agent that used a new field was Invalid to the operator of before, and no
    change of it was carried out. Cause: what is strict for a file is not for what an API server has taken.
    """
    cluster = SmallCluster(voice_agent(replicas=2))
    cluster.settle()
    template = cluster.templates
    conversation = {"instructions": "You are the shop's own voice.", "intents": [], "mood": "calm"}
    cluster.agent = changed(cluster.agent, newer={"deep": [1]}, conversation=conversation, replicas=3)
    cluster.settle()
    accepted = condition(cluster.agent["status"], "Accepted")
    assert (accepted["status"], accepted["reason"], accepted["message"]) == (
        "True",
        "InPart",
        f"operator {__version__} does not know spec.conversation.mood, spec.newer, and passes over it: upgrade it",
    )
    assert condition(cluster.agent["status"], "Ready")["status"] == "True"
    assert cluster.agent["status"]["replicas"] == 3
    assert cluster.templates == template, "what is passed over rolls nobody"


def test_many_fields_of_a_newer_version_are_told_in_few_words() -> None:
    cluster = SmallCluster(voice_agent(**{f"unknown{number}": 1 for number in range(9)}))
    message = condition(cluster.plan().status, "Accepted")["message"]
    assert message.count("spec.unknown") == 5
    assert " and 4 more, and passes over it" in message
