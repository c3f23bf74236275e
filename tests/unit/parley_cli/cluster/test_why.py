"""`kubectl parley why`: every condition and reason has its words, and the operator's own follow."""

from __future__ import annotations

from typing import Any

import pytest

from parley_api.kinds import KINDS, MODEL_SERVER, VOICE_AGENT
from parley_cli.cluster.agents import agent
from parley_cli.cluster.told import order
from parley_cli.cluster.told import told as objects
from parley_cli.cluster.why import _OF_KIND, _WORDS, why
from tests.unit.parley_cli.cluster.objects import AGO, NOW, condition, voice_agent


def told(found: dict[str, Any]) -> str:
    return why(agent(found), NOW)


def test_of_an_agent_that_is_well_all_is_told() -> None:
    assert told(voice_agent("reception", condition("Ready", since="4d"), calls=20)) == (
        "reception in namespace shop has been ready for 4 days: 3 of 3 pods are ready, at least 20 calls are in"
        " progress. Its spec was accepted. Its Deployment is available. Every pod has the QoS class Guaranteed. Every"
        " ready pod runs the agent as it is written now."
    )


def test_what_lacks_is_told_with_what_the_operator_says_of_it() -> None:
    found = voice_agent(
        "reception",
        condition(
            "Available",
            "False",
            "MinimumReplicasUnavailable",
            "Deployment does not have minimum availability.",
        ),
        condition("Ready", "False", "Available", "1 of 3 pods is ready"),
        ready=1,
        calls=1,
    )
    assert told(found) == (
        "reception in namespace shop has not been ready for 12 minutes: 1 of 3 pods is ready, one call is in progress."
        " Its spec was accepted. Its Deployment is not available: Deployment does not have minimum availability. Every"
        " pod has the QoS class Guaranteed. Every ready pod runs the agent as it is written now."
    )


def test_a_spec_that_is_not_accepted_says_why_and_that_the_old_one_goes_on() -> None:
    message = "the Secret keys is not in this namespace: create it, or take it out of the spec"
    refused = condition("Accepted", "False", "SecretMissing", message)
    found = voice_agent("a", refused, condition("Ready", "False"))
    assert f"Its spec was not accepted: {message}. Its Deployment is available." in told(found)
    assert told(found).endswith("What was accepted before goes on running.")
    assert "goes on running" not in told(voice_agent("a", refused, condition("Ready", "False"), ready=0))


def test_without_a_message_the_reason_says_it() -> None:
    assert "Its spec was not accepted: NoHostPort." in told(
        voice_agent("a", condition("Accepted", "False", "NoHostPort"))
    )


def test_a_condition_of_a_newer_operator_is_told_as_it_is() -> None:
    assert "Blessed is False: not yet." in told(
        voice_agent("a", condition("Blessed", "False", "New", "not yet"))
    )
    assert "Blessed is True." in told(voice_agent("a", condition("Blessed")))


@pytest.mark.parametrize("kind", order(VOICE_AGENT))
@pytest.mark.parametrize("state", ["True", "False", "Unknown"])
def test_every_condition_has_words_for_every_state(kind: str, state: str) -> None:
    words = {**_WORDS, **_OF_KIND["VoiceAgent"]}[kind][state]  # type: ignore[index]
    end = "." if state == "True" else ": AsRead."
    assert f"{words}{end}" in told(voice_agent("a", condition(kind, state)))


def test_an_agent_that_the_operator_has_not_seen_says_where_to_look() -> None:
    found = {**voice_agent(), "status": {}}
    assert told(found) == (
        "The operator has written nothing about reception in namespace shop, which is 4 days old."
        " See whether it runs: kubectl get pods --namespace parley-system"
    )


def test_conditions_of_an_older_spec_are_told_as_such() -> None:
    assert (
        "The operator has not read the last change yet (generation 2 of 3): what follows is of the one before."
        in told(voice_agent(generation=3, observed=2))
    )


@pytest.mark.parametrize(("deletion", "ends"), [("Drain", "end by themselves"), ("Cut", "are ended at once")])
def test_an_agent_in_deletion_says_what_becomes_of_its_calls(deletion: str, ends: str) -> None:
    found = voice_agent(deletion=deletion, deletionTimestamp=AGO["12m"])
    assert told(found).startswith(
        f"reception in namespace shop has been in deletion for 12 minutes; its calls {ends}."
    )


def test_where_only_ready_lacks_its_own_message_is_told() -> None:
    found = voice_agent("a", condition("Ready", "Unknown", "Polling", "no pod was asked yet"))
    assert told(found).startswith("a in namespace shop is not known to be ready: ")
    assert told(found).endswith(" No pod was asked yet.")


def test_what_is_not_known_is_not_made_up() -> None:
    found = voice_agent()
    del found["status"]["readyReplicas"], found["status"]["calls"]
    assert "how many of its pods are ready is not known, its calls are not known." in told(found)


def of_kind(name: str, *conditions: Any, **metadata: Any) -> str:
    found = {
        "kind": name,
        "metadata": {"name": "a", "generation": 1, "creationTimestamp": AGO["4d"], **metadata},
        "spec": {"replicas": 1},
        "status": {"observedGeneration": 1, "readyReplicas": 1, "conditions": list(conditions)},
    }
    [one] = objects(found)
    return why(one, NOW)


def test_a_model_server_is_told_of_with_its_pods_and_without_calls() -> None:
    well = [condition(name) for name in MODEL_SERVER.conditions]
    assert of_kind("ModelServer", *well, namespace="models") == (
        "a in namespace models has been ready for 12 minutes: 1 of 1 pod is ready. Its spec was accepted. Its"
        " Deployment is available. Every pod has the QoS class Guaranteed. Every ready pod serves the model as it is"
        " written now."
    )


@pytest.mark.parametrize("name", KINDS)
def test_whatever_its_kind_what_lacks_is_told_with_what_the_operator_says_of_it(name: str) -> None:
    last = order(KINDS[name])[-1]
    conditions = [condition(one) for one in KINDS[name].conditions if one not in (last, "Ready")]
    conditions += [condition(last, "False", "R", "node n1 lacks it"), condition("Ready", "False", "R", "m")]
    said = of_kind(name, *conditions)
    assert said.startswith("a has not been ready for 12 minutes")
    assert said.endswith(": node n1 lacks it.")


def test_one_in_deletion_says_for_whom_it_waits() -> None:
    waits = condition(
        "Accepted", "False", "Deleting", "it is being deleted, and serves until no VoiceAgent names it"
    )
    said = of_kind("ModelServer", waits, namespace="models", deletionTimestamp=AGO["12m"])
    assert said.startswith(
        "a in namespace models has been in deletion for 12 minutes. It is being deleted, and serves until no"
    )
