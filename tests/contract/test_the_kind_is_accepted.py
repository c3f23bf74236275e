"""The VoiceAgent kind at a real API server: its schema, every example, and what a wrong manifest is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.controlplane.kubectl import Kubectl
from tests.server import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))


def agent(**spec: Any) -> dict[str, Any]:
    """The least that is accepted, and what a test adds."""
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {"name": "agent"},
        "spec": {"conversation": {"instructions": "Be brief."}, **spec},
    }


def test_its_schema_is_structural_and_it_is_established(kubectl: Kubectl, kind: str) -> None:
    """A schema that is not structural is stored all the same, with a condition that says so: and nothing is pruned."""
    found = {item["type"]: item["status"] for item in kubectl.json("get", kind)["status"]["conditions"]}
    assert found["Established"] == found["NamesAccepted"] == "True"
    assert "NonStructuralSchema" not in found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_accepted_as_it_is(kubectl: Kubectl, kind: str, example: Path) -> None:
    said = kubectl("apply", "--dry-run=server", "--validate=strict", f"--filename={example}")
    name = yaml.safe_load(example.read_text())["metadata"]["name"]
    assert said.strip() == f"voiceagent.parley.dev/{name} created (server dry run)"


def test_the_least_agent_gets_its_defaults_from_the_schema(kubectl: Kubectl, kind: str) -> None:
    kubectl.apply(agent())
    spec = kubectl.json("get", "voiceagent", "agent")["spec"]
    assert spec["language"] == "en-US"
    assert spec["engines"]["llm"] == {"scripted": {}}


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (
            {"engines": {"stt": {"moonshine": {}, "instant": {"text": "Hello?"}}}},
            "spec.engines.stt: Invalid value: write exactly one of moonshine, pocketsphinx, fasterWhisper, instant",
        ),
        ({"engines": {"vad": {}}}, "spec.engines.vad: Invalid value: write silero: {}"),
        ({"replica": 3}, 'unknown field "spec.replica"'),
    ],
    ids=["two engines for one role", "no engine for a role", "a field that is not there"],
)
def test_a_wrong_agent_is_refused_with_the_words_of_its_rule(
    kubectl: Kubectl, kind: str, wrong: dict[str, Any], told: str
) -> None:
    refused = kubectl.refused("apply", "--filename=-", stdin=yaml.safe_dump(agent(**wrong)))
    assert told in refused.replace('Invalid value: "object": ', "Invalid value: ")
    assert kubectl.json("get", "voiceagents")["items"] == []


def test_its_short_name_and_its_category_find_it(kubectl: Kubectl, kind: str) -> None:
    kubectl.apply(agent())
    assert kubectl("get", "va", "--output=name") == kubectl("get", "parley", "--output=name")
    assert kubectl("get", "va", "--output=name").strip() == "voiceagent.parley.dev/agent"
