"""The VoiceAgent kind at a real API server: its defaults, status, scale and columns, and what its rules cost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_api import VoiceAgentSpec, load
from parley_api.scaling import LEAST_AND_MOST
from parley_api.voiceagent import FOR_A_CLUSTER
from parley_api.voiceagent_status import CONDITIONS
from tests.controlplane.kubectl import Kubectl

CONVERSATION = {"instructions": "Be kind."}
NOW = "2026-01-01T00:00:00Z"


def agent(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {"name": "agent"},
        "spec": {"conversation": CONVERSATION} | spec,
    }


def condition(type_: str, status: str, message: str = "") -> dict[str, Any]:
    return {
        "type": type_,
        "status": status,
        "reason": "AsRead" if status == "True" else "NotYet",
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": NOW,
    }


def set_status(kubectl: Kubectl, **status: Any) -> None:
    patch = json.dumps({"status": status})
    kubectl("patch", "voiceagent", "agent", "--subresource=status", "--type=merge", f"--patch={patch}")


def without_empty(value: Any) -> Any:
    """An empty list and none are the same."""
    if isinstance(value, dict):
        return {key: without_empty(member) for key, member in value.items() if member != []}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


def test_a_cluster_fills_in_what_a_laptop_does(kubectl: Kubectl, kind: str) -> None:
    kubectl.apply(agent())
    laptop = VoiceAgentSpec.model_validate({"conversation": CONVERSATION})
    filled = kubectl.json("get", "voiceagent", "agent")["spec"]
    assert without_empty(filled) == without_empty(laptop.model_dump(by_alias=True, exclude_none=True))


def test_the_example_of_the_reference_page_is_accepted(kubectl: Kubectl, kind: str) -> None:
    page = Path("docs/reference.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    assert kubectl("apply", "--filename=-", stdin=example) == "voiceagent.parley.dev/reception created\n"
    kept = kubectl.json("get", "voiceagent", "reception")["spec"]
    assert without_empty(kept) == without_empty(
        VoiceAgentSpec.model_validate(yaml.safe_load(example)["spec"]).model_dump(
            by_alias=True, exclude_none=True
        )
        | {"placement": kept["placement"]}  # its `cpu: 2` stays the number that it is
    )
    assert kept["placement"]["resources"] == {"cpu": 2, "memory": "4Gi"}


def test_get_tells_whether_it_works_and_how_many_calls_there_are(kubectl: Kubectl, kind: str) -> None:
    kubectl.apply(agent())
    header, empty = (line.split() for line in kubectl("get", "va").splitlines())
    assert header == ["NAME", "READY", "PODS", "WANTED", "CALLS", "AGE"]
    assert empty[0] == "agent"
    lacks = "Available: 2 of 3 pods are ready"
    set_status(
        kubectl,
        observedGeneration=1,
        replicas=3,
        readyReplicas=2,
        calls=50,
        image="parley:0.1.0",
        selector="parley.dev/agent=agent",
        conditions=[condition("Accepted", "True"), condition("Ready", "False", lacks)],
    )
    _, row = kubectl("get", "va").splitlines()
    assert row.split()[:5] == ["agent", "False", "2", "3", "50"]
    header_wide, wide = kubectl("get", "va", "--output=wide").splitlines()
    assert header_wide.split() == [*header, "SINCE", "IMAGE", "WHY"]
    assert wide.endswith(lacks)
    assert "parley:0.1.0" in wide


@pytest.mark.parametrize("type_", CONDITIONS)
def test_each_condition_can_be_waited_for(kubectl: Kubectl, kind: str, type_: str) -> None:
    kubectl.apply(agent())
    wait = ("wait", f"--for=condition={type_}", "voiceagent/agent")
    set_status(kubectl, conditions=[condition(type_, "Unknown")])
    assert "timed out" in kubectl.refused(*wait, "--timeout=0.2s")
    set_status(kubectl, conditions=[condition(type_, "True")])
    assert kubectl(*wait, "--timeout=5s") == "voiceagent.parley.dev/agent condition met\n"


def test_a_status_changes_no_generation_and_a_spec_does(kubectl: Kubectl, kind: str) -> None:
    kubectl.apply(agent())
    set_status(kubectl, calls=5)
    assert kubectl.json("get", "va", "agent")["metadata"]["generation"] == 1
    kubectl.apply(agent(replicas=4))
    changed = kubectl.json("get", "va", "agent")
    assert (changed["metadata"]["generation"], changed["status"]) == (2, {"calls": 5})


@pytest.mark.parametrize(
    ("status", "told"),
    [
        ({"conditions": [condition("Happy", "True")]}, 'Unsupported value: "Happy"'),
        ({"conditions": [condition("Ready", "yes")]}, 'Unsupported value: "yes"'),
        ({"conditions": [condition("Ready", "True")] * 2}, "Duplicate value"),
        ({"hostPort": 0}, "should be greater than or equal to 1"),
    ],
    ids=["a condition of no one's", "neither true nor false", "a condition twice", "no port"],
)
def test_a_status_that_is_none_is_refused(kubectl: Kubectl, kind: str, status: Any, told: str) -> None:
    kubectl.apply(agent())
    patch = json.dumps({"status": status})
    words = ("patch", "va", "agent", "--subresource=status", "--type=merge", f"--patch={patch}")
    assert told in kubectl.refused(*words)


def test_scale_sets_replicas_within_what_the_rules_allow(kubectl: Kubectl, kind: str) -> None:
    kubectl.apply(agent(autoscaling={"maxReplicas": 5, "targetSessions": 40}))
    set_status(kubectl, replicas=3, selector="parley.dev/agent=agent")
    assert kubectl("scale", "va/agent", "--replicas=5") == "voiceagent.parley.dev/agent scaled\n"
    scale = kubectl.json("get", "va", "agent", "--subresource=scale")
    assert scale["spec"] == {"replicas": 5}
    assert scale["status"] == {"replicas": 3, "selector": "parley.dev/agent=agent"}
    assert LEAST_AND_MOST.message in kubectl.refused("scale", "va/agent", "--replicas=6")
    assert kubectl.json("get", "va", "agent")["spec"]["replicas"] == 5


def test_what_get_prints_is_a_file_for_kubectl_and_for_a_laptop(
    kubectl: Kubectl, kind: str, tmp_path: Path
) -> None:
    kubectl.apply(agent(language="en-GB", placement={"resources": {"cpu": 2}}))
    set_status(kubectl, calls=5, conditions=[condition("Ready", "True")])
    file = tmp_path / "agent.yaml"
    file.write_text(kubectl("get", "va", "agent", "--output=yaml", "--show-managed-fields"))
    assert "status:" in file.read_text()
    assert load(file).spec.language == "en-GB"
    kubectl("delete", "va", "agent")
    written = yaml.safe_load(file.read_text())
    del (
        written["metadata"]["resourceVersion"],
        written["metadata"]["uid"],
        written["metadata"]["managedFields"],
    )
    kubectl.apply(written)
    back = kubectl.json("get", "va", "agent")
    assert "status" not in back
    assert back["spec"] == written["spec"]


@pytest.mark.parametrize("field", FOR_A_CLUSTER)
def test_explain_tells_what_a_field_is(kubectl: Kubectl, kind: str, field: str) -> None:
    told = kubectl("explain", f"voiceagent.spec.{field}")
    assert "DESCRIPTION:\n    <empty>" not in told
    assert f"FIELD: {field.split('.')[-1]}" in told


def test_the_largest_agent_is_within_what_its_rules_may_cost(kubectl: Kubectl, kind: str) -> None:
    """An API server stops rules that take too long, and refuses the object: at every limit of the schema at once."""

    def name(number: int) -> str:
        return "n" * 59 + f"{number:04}"

    slots = [
        {
            "name": f"s{i}",
            "kind": "time",
            "earliest": "08:00",
            "latest": "18:00",
            "otherwise": "No.",
            "ask": "When?",
        }
        for i in range(10)
    ]
    follow_ups = [{"phrases": ["p"], "answer": "A.", "after": "otherwise"} for _ in range(20)]
    intents = [
        {
            "name": name(i),
            "phrases": [f"word{i}"],
            "answer": "A.",
            "slots": slots,
            "followUps": follow_ups,
            "stores": name(i),
            "requires": name(99 - i),
            "removes": name(99 - i),
            "otherwise": "None.",
        }
        for i in range(100)
    ]
    host = "h" * 240
    largest = agent(
        conversation=CONVERSATION | {"intents": intents},
        tests=[{"say": f"word{i}", "intent": name(99)} for i in range(100)],
        access={"origins": [f"https://{host}{i}.example" for i in range(64)]},
        media={
            "iceServers": [
                {
                    "urls": [f"turn:{host}:3478?transport=tcp"] * 8,
                    "username": "u" * 512,
                    "credential": "c" * 512,
                }
            ]
            * 8,
            "reach": {"turn": {"uris": [f"turn:{host}{i}:3478" for i in range(8)], "secretName": "s" * 253}},
        },
        placement={
            "nodeSelector": {f"{'p' * 250}/{'k' * 60}{i}": "v" * 63 for i in range(32)},
            "tolerations": [{"key": "k" * 63, "operator": "Exists"}] * 32,
        },
        pods={
            "image": f"{host}/{'i' * 100}:{'t' * 100}",
            "pullSecrets": [f"{'s' * 250}{i}" for i in range(16)],
            "environmentFrom": [f"{'s' * 250}{i}" for i in range(16)],
            "proxy": {"https": f"https://{host}:3128", "none": ",".join(["n" * 63] * 31)},
        },
    )
    # Not by client-side apply, which would keep all of it once more in an annotation that holds 256 KiB.
    said = kubectl.apply(largest, options=["--server-side"])
    assert said == "voiceagent.parley.dev/agent serverside-applied\n"
