"""manifests/kind, gpu and voice-ai against the base, the API and the names that older scripts use."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from parley_api import load
from parley_api.load import load_all
from parley_operator import names
from parley_operator.render.pod import HTTP
from tests.unit.manifests.objects import BASE, MANIFESTS, ROOT, commands, documents, kustomization, one

FOLDERS = [path.parent for path in MANIFESTS.rglob("kustomization.yaml")]
VOICE_AI = MANIFESTS / "voice-ai"
GPU = MANIFESTS / "gpu"
SCRIPT = VOICE_AI / "deploy-k8s.sh"
AGENT = VOICE_AI / "agent.yaml"


def script(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *arguments], capture_output=True, text=True, timeout=20, check=False)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(MANIFESTS)))
def test_a_kustomization_names_only_what_is_there_and_no_file_of_another_folder(folder: Path) -> None:
    """kustomize loads files from below its own folder alone."""
    found = kustomization(folder)
    patches = [patch["path"] for patch in found.get("patches", ())]
    generated = [file for generator in found.get("secretGenerator", ()) for file in generator["envs"]]
    names = [*found.get("resources", ()), *found.get("components", ()), *patches, *generated]
    assert names
    assert [name for name in names if not (folder / name).exists()] == []
    assert [name for name in names if ".." in name and (folder / name).is_file()] == []


def test_on_kind_there_is_one_replica_whose_image_is_not_pulled() -> None:
    [patch] = documents(MANIFESTS / "kind/one-replica.yaml")
    patched = one("Deployment")["metadata"]
    assert (patch["metadata"]["name"], patch["metadata"]["namespace"]) == (
        patched["name"],
        patched["namespace"],
    )
    assert patch["spec"]["replicas"] == 1
    [container] = patch["spec"]["template"]["spec"]["containers"]
    assert container == {"name": "operator", "imagePullPolicy": "IfNotPresent"}
    assert one("Deployment")["spec"]["template"]["spec"]["containers"][0]["name"] == "operator"


def test_on_kind_an_agent_runs_on_any_node() -> None:
    [patch] = documents(MANIFESTS / "kind/agent/small.yaml")
    assert patch["spec"]["placement"]["nodeSelector"] == {}
    assert patch["spec"]["replicas"] == 1
    assert (
        MANIFESTS / "kind/agent" / kustomization(MANIFESTS / "kind/agent")["resources"][0]
    ).resolve() == ROOT / "examples"
    assert kustomization(ROOT / "examples")["resources"] == ["reception.yaml"]


def test_the_agent_of_voice_ai_is_one_that_parley_serves() -> None:
    agent = load(AGENT)
    assert agent.metadata.name == "voice-ai-backend-v2"


def test_the_agent_of_voice_ai_is_placed_and_sized_as_it_was() -> None:
    """V8, V10, V11, V13, V16."""
    spec = documents(AGENT)[0]["spec"]
    assert spec["replicas"] == 3
    assert spec["placement"]["resources"] == {"cpu": "1", "memory": "2Gi"}
    assert spec["placement"]["nodeSelector"] == {"node-type": "low-latency"}
    assert spec["placement"]["tolerations"] == [
        {"key": "dedicated", "operator": "Equal", "value": "voice-ai", "effect": "NoSchedule"}
    ]
    assert spec["sessions"] == {"limit": 100, "idleTimeoutSeconds": 300}
    assert spec["service"] == {"loadBalancer": True}
    [generated] = kustomization(VOICE_AI)["secretGenerator"]
    assert spec["pods"]["environmentFrom"] == [generated["name"]]
    assert kustomization(VOICE_AI)["generatorOptions"] == {"disableNameSuffixHash": True}


def test_the_namespace_the_label_and_the_service_have_the_names_that_scripts_use() -> None:
    [namespace] = documents(VOICE_AI / "namespace.yaml")
    assert namespace["metadata"]["name"] == kustomization(VOICE_AI)["namespace"] == "voice-ai"
    [service] = documents(VOICE_AI / "service.yaml")
    assert service["metadata"]["name"] == "voice-ai-backend-v2-service"
    agent = documents(AGENT)[0]["metadata"]["name"]
    assert service["spec"]["selector"] == {"app": agent}
    assert names.labels(agent)["app"] == agent
    assert service["spec"]["ports"][0]["targetPort"] == HTTP
    assert service["spec"]["sessionAffinity"] == "ClientIP"
    assert service["spec"]["ports"][0]["port"] == 80


def test_on_gpus_an_agent_asks_the_model_server_that_is_there_and_neither_needs_a_privilege() -> None:
    namespaces, servers, agents = (
        documents(GPU / name) for name in ("namespaces.yaml", "model-server.yaml", "agent.yaml")
    )
    [server], [agent] = servers, agents
    asked = agent["spec"]["engines"]["llm"]["modelServer"]
    assert (asked["name"], asked["namespace"]) == (
        server["metadata"]["name"],
        server["metadata"]["namespace"],
    )
    assert server["spec"]["gpus"]["count"] > 0
    levels = {
        one["metadata"]["name"]: one["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
        for one in namespaces
    }
    assert levels == {obj["metadata"]["namespace"]: "restricted" for obj in (server, agent)}


@pytest.mark.parametrize("file", ["model-server.yaml", "agent.yaml"])
def test_what_is_there_for_gpus_is_taken_as_it_is_written(file: str) -> None:
    assert load_all(GPU / file)


def test_the_file_of_keys_holds_none() -> None:
    lines = (VOICE_AI / "k8s-secrets.env").read_text().splitlines()
    assert [line for line in lines if line and not line.startswith("#")] == []


def test_the_script_waits_for_names_that_are_there() -> None:
    text = SCRIPT.read_text()
    assert "crd/voiceagents.parley.dev" in text
    assert one("CustomResourceDefinition", "voiceagents.parley.dev")
    operator = one("Deployment")["metadata"]
    assert f"deployment/{operator['name']} --namespace {operator['namespace']}" in text
    assert f"voiceagent/{documents(AGENT)[0]['metadata']['name']} --namespace voice-ai" in text


def test_the_script_is_thin() -> None:
    lines = [
        line for line in SCRIPT.read_text().splitlines() if line.strip() and not line.strip().startswith("#")
    ]
    assert len(lines) < 25
    assert len(commands(SCRIPT.read_text())) == 7


@pytest.mark.parametrize("arguments", [[], ["remove"], ["--help"]])
def test_the_script_says_how_it_is_used(arguments: list[str]) -> None:
    ran = script(*arguments)
    assert ran.returncode == 2
    assert "./deploy-k8s.sh deploy" in ran.stderr
    assert "./deploy-k8s.sh status" in ran.stderr


@pytest.mark.parametrize(
    ("registry", "before"),
    [("", ""), ("registry.example.com:5000/a-team", "registry.example.com:5000/a-team/")],
)
def test_a_registry_stands_before_all_images_and_changes_nothing_else(
    tmp_path: Path, registry: str, before: str
) -> None:
    """With a kubectl that hands on what it is given, where the script renders, and keeps what it is to apply."""
    base = "\n---\n".join(path.read_text() for path in sorted((MANIFESTS / "base").glob("*.yaml")))
    (tmp_path / "rendered").write_text(base)
    kubectl = tmp_path / "kubectl"
    kubectl.write_text(
        f'#!/bin/sh\ncase "$*" in\nkustomize*) cat {tmp_path}/rendered ;;\n'
        f'*"--filename -") cat > {tmp_path}/applied ;;\nesac\n'
    )
    kubectl.chmod(0o755)
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "REGISTRY": registry}
    subprocess.run([SCRIPT, "deploy"], env=environment, timeout=20, check=True)
    applied = (tmp_path / "applied").read_text()
    assert applied == re.sub(r": (parley(?:-operator|-tuner)?:\d)", rf": {before}\1", base)
    images = {f": {before}{image}:" for image in ("parley", "parley-operator", "parley-tuner")}
    assert {image for image in images if image in applied} == images


def test_the_base_has_no_name_of_voice_ai() -> None:
    """One operator serves every namespace."""
    assert "voice-ai" not in str([found for found in BASE if found["kind"] != "CustomResourceDefinition"])
