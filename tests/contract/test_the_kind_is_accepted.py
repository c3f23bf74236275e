"""The kinds at a real API server: their schemas, every example, and what a wrong agent is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_api.kind import GROUP, VERSION, Kind
from parley_api.kinds import KINDS
from tests.agent_file import EXAMPLES
from tests.controlplane.kubectl import Kubectl


def agent(**spec: Any) -> dict[str, Any]:
    """The least that is accepted, and what a test adds."""
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {"name": "agent"},
        "spec": {"conversation": {"instructions": "Be brief."}, **spec},
    }


@pytest.mark.parametrize("name", KINDS)
def test_its_schema_is_structural_and_it_is_established(
    kubectl: Kubectl, kinds: list[Kind], name: str
) -> None:
    """A schema that is not structural is stored all the same, with a condition that says so: and nothing is pruned."""
    crd = kubectl.json("get", f"crd/{KINDS[name].crd}")
    found = {item["type"]: item["status"] for item in crd["status"]["conditions"]}
    assert found["Established"] == found["NamesAccepted"] == "True"
    assert "NonStructuralSchema" not in found


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_every_example_is_accepted_as_it_is(kubectl: Kubectl, kinds: list[Kind], example: Path) -> None:
    said = kubectl("apply", "--dry-run=server", "--validate=strict", f"--filename={example}")
    written = yaml.safe_load(example.read_text())
    kind, name = KINDS[written["kind"]], written["metadata"]["name"]
    assert said.strip() == f"{kind.singular}.{GROUP}/{name} created (server dry run)"


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


_LEAST: dict[str, dict[str, Any]] = {
    "VoiceAgent": {"conversation": {"instructions": "Be brief."}},
    "ModelServer": {"engine": {"piper": {"voice": "en_US-lessac-medium"}}},
    "NodeTuning": {},
    "VoiceTenant": {"namespaces": ["clinic"]},
}


@pytest.mark.parametrize("name", KINDS)
def test_a_cluster_fills_in_the_defaults_that_the_models_have(
    kubectl: Kubectl, kinds: list[Kind], name: str
) -> None:
    kind = KINDS[name]
    written = {"apiVersion": f"{GROUP}/{VERSION}", "kind": name, "metadata": {"name": "least"}}
    kubectl.apply(written | {"spec": _LEAST[name]})
    try:
        filled = kubectl.json("get", kind.singular, "least")["spec"]
        read = kind.resource.model_validate(written | {"spec": _LEAST[name]}, by_alias=True, by_name=False)
        models = read.model_dump(by_alias=True, exclude_none=True)["spec"]
        assert without_empty(filled) == without_empty(models)
    finally:
        kubectl("delete", kind.singular, "least")


def without_empty(value: Any) -> Any:
    """An empty list or map and none are the same."""
    if isinstance(value, dict):
        return {key: without_empty(member) for key, member in value.items() if member not in ([], {})}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", KINDS)
def test_short_name_category_and_columns_answer(kubectl: Kubectl, kinds: list[Kind], name: str) -> None:
    kind = KINDS[name]
    written = {"apiVersion": f"{GROUP}/{VERSION}", "kind": name, "metadata": {"name": "shown"}}
    kubectl.apply(written | {"spec": _LEAST[name]})
    try:
        assert f"{kind.singular}.{GROUP}/shown" in kubectl("get", "parley", "--output=name").split()
        header, *_ = kubectl("get", kind.short).splitlines()
        assert header.split() == ["NAME", *(one.name.upper() for one in kind.columns if not one.wide)]
        patch = json.dumps({"status": {"conditions": [_READY]}})
        kubectl("patch", kind.singular, "shown", "--subresource=status", "--type=merge", f"--patch={patch}")
        row = kubectl("get", kind.short, "shown", "--output=wide").splitlines()[1]
        assert row.split()[1] == "False"
        assert row.endswith("a thing lacks")
    finally:
        kubectl("delete", kind.singular, "shown")


_READY = {
    "type": "Ready",
    "status": "False",
    "reason": "Lacking",
    "message": "a thing lacks",
    "lastTransitionTime": "2026-01-01T00:00:00Z",
}


def test_a_model_server_is_scaled(kubectl: Kubectl, kinds: list[Kind]) -> None:
    written = {"apiVersion": f"{GROUP}/{VERSION}", "kind": "ModelServer", "metadata": {"name": "voice"}}
    kubectl.apply(written | {"spec": _LEAST["ModelServer"]})
    assert kubectl("scale", "pms/voice", "--replicas=3") == "modelserver.parley.dev/voice scaled\n"
    assert kubectl.json("get", "pms", "voice")["spec"]["replicas"] == 3
