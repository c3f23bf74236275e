"""docs/install.md, upgrade.md and uninstall.md, typed block by block at a real API server, in this order.

The Deployment's own pods are fake, as all of kwok's are: what works is one operator beside them, as their account.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_operator.kinds import POD_MONITORS, Kind
from tests.contract.answering_pods import PODS, AnsweringPods
from tests.contract.operator_process import GROUPS, USER, OperatorProcess
from tests.contract.others import optional_kind
from tests.contract.pages import Typist, blocks
from tests.controlplane.control_plane import ControlPlane
from tests.server import ROOT

NOT_OURS = {"events", "events.events.k8s.io", "leases.coordination.k8s.io", "componentstatuses"}
"""Kinds whose objects come and go by themselves."""

PROMETHEUS_RULES = Kind("PrometheusRule", "monitoring.coreos.com/v1", "prometheusrules")
"""Like PodMonitor the Prometheus Operator's; Parley's own operator makes none."""

AGGREGATED = ("view", "edit", "admin")
GONE_SECS = 30.0


def everything(plane: ControlPlane) -> dict[str, str]:
    """Every object of the cluster -> what of it Parley could have changed."""
    listable = plane.kubectl("api-resources", "--verbs=list", "--output=name").split()
    kinds = ",".join(sorted(set(listable) - NOT_OURS))
    found = {}
    for one in plane.kubectl.json("get", kinds, "--all-namespaces")["items"]:
        metadata = one["metadata"]
        changed: dict[str, object] = {}
        if one["kind"] == "Node":
            changed = {"labels": metadata.get("labels"), "taints": one["spec"].get("taints")}
        if one["kind"] == "ClusterRole" and metadata["name"] in AGGREGATED:
            changed = {"rules": sorted(json.dumps(rule, sort_keys=True) for rule in one["rules"])}
        name = f"{one['kind']} {metadata.get('namespace', '')}/{metadata['name']}"
        found[name] = json.dumps(changed, sort_keys=True)
    return found


class Told:
    """What was printed, by block."""

    def __init__(self) -> None:
        self.of: dict[str, str] = {}

    def by(self, command: str) -> str:
        [found] = [out for text, out in self.of.items() if command in text]
        return found


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(kwok=True, pods=PODS) as plane:
        plane.add_nodes(2)
        plane.kubectl.apply(optional_kind(POD_MONITORS), optional_kind(PROMETHEUS_RULES))
        plane.kubectl.established()
        yield plane


@pytest.fixture(scope="module")
def typist(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Typist:
    return Typist(plane.kubectl, tmp_path_factory.mktemp("typist"), "node-0")


@pytest.fixture(scope="module")
def before(plane: ControlPlane) -> Mapping[str, str]:
    return everything(plane)


@pytest.fixture(scope="module")
def installed(
    plane: ControlPlane, typist: Typist, before: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    """All of install.md has been typed; agents are served until the module ends."""
    told = Told()
    kubeconfig = plane.user(USER, *GROUPS)
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    operator: OperatorProcess | None = None
    with AnsweringPods(plane.kubectl):
        try:
            for block in blocks("install.md"):
                told.of[block.text] = typist.type(block)
                if "install.yaml" in block.text and operator is None:
                    image = "registry.example.com/team/parley:0.1.0"
                    operator = OperatorProcess(
                        kubeconfig, log, {"POLL_SECONDS": "1", "DATAPLANE_IMAGE": image}
                    )
                    operator.__enter__()
                    plane.collects_new_kinds()
            yield told
        finally:
            if operator is not None:
                operator.__exit__(None, None, None)


@pytest.fixture(scope="module")
def upgraded(typist: Typist, installed: Told) -> Told:
    told = Told()
    for block in blocks("upgrade.md"):
        told.of[block.text] = typist.type(block)
    return told


@pytest.fixture(scope="module")
def uninstalled(typist: Typist, upgraded: Told) -> Told:
    told = Told()
    for block in blocks("uninstall.md"):
        told.of[block.text] = typist.type(block)
    return told


def test_install_is_typed_to_its_end_and_the_first_agent_is_ready(installed: Told) -> None:
    assert "voiceagent.parley.dev/reception condition met" in installed.by("examples/reception.yaml")
    assert "reception in namespace shop has been ready for" in " ".join(
        installed.by("kubectl parley why").split()
    )
    assert "3 pods, " in installed.by("kubectl parley calls")


def test_the_script_of_voice_ai_deploys_and_says_how_it_is(installed: Told) -> None:
    out = installed.by("deploy-k8s.sh deploy")
    assert "voiceagent.parley.dev/voice-ai-backend-v2 condition met" in out
    assert "deployment.apps/voice-ai-backend-v2-agent condition met" in out
    assert "service/voice-ai-backend-v2-service" in out


def test_people_of_a_bound_group_may_make_agents(installed: Told) -> None:
    assert installed.by("auth can-i create voiceagents").splitlines()[-1] == "yes"


def test_upgrade_is_typed_to_its_end(upgraded: Told) -> None:
    assert "parley-operator:0.1.1" in upgraded.by("kubectl diff")
    assert "condition met" in upgraded.by("kubectl patch voiceagent reception")
    assert "registry.example.com/team/parley:0.1.0" in upgraded.by("--output wide")


def test_uninstall_leaves_nothing_behind(
    plane: ControlPlane, uninstalled: Told, before: Mapping[str, str]
) -> None:
    """Objects, labels and taints of nodes, and the rights of Kubernetes' own roles are what they were."""
    deadline = time.monotonic() + GONE_SECS
    while (after := everything(plane)) != before and time.monotonic() < deadline:
        time.sleep(0.5)  # the roles' rights are put together by a controller
    assert sorted(set(after) - set(before)) == []
    assert sorted(set(before) - set(after)) == []
    assert {name: after[name] for name in before if after[name] != before[name]} == {}


def test_the_last_commands_of_uninstall_find_nothing(uninstalled: Told) -> None:
    out = uninstalled.by("part-of=parley")
    assert out.count("No resources found") == 6


@pytest.mark.usefixtures("uninstalled")
def test_a_cluster_without_the_kind_says_how_to_install_it(plane: ControlPlane, tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "PATH": f"{plane.kubectl.program.parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
        "KUBECONFIG": str(plane.kubeconfig),
        "KUBECACHEDIR": str(tmp_path),
    }
    command = [sys.executable, "-m", "parley_cli.cluster", "status"]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert ran.returncode == 1
    assert "this cluster knows no VoiceAgent; install Parley as docs/install.md says" in ran.stderr


def test_install_yaml_is_what_kubectl_makes_of_the_base(plane: ControlPlane) -> None:
    rendered = list(yaml.safe_load_all(plane.kubectl("kustomize", str(ROOT / "manifests/base"))))
    made = list(yaml.safe_load_all(_install_yaml()))

    def name(found: Mapping[str, Any]) -> tuple[str, str]:
        return found["kind"], found["metadata"]["name"]

    assert sorted(made, key=name) == sorted(rendered, key=name)


def _install_yaml() -> str:
    command = [sys.executable, str(ROOT / "manifests/make_install.py")]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
