"""`kubectl parley` as kubectl itself runs it, at a real API server, by people with their own rights."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.controlplane.cluster import Cluster
from tests.controlplane.kubectl import Kubectl

Ran = subprocess.CompletedProcess[str]
Parley = Callable[..., Ran]


@pytest.fixture
def parley(kubectl: Kubectl, tmp_path: Path) -> Parley:
    """`parley("status")`: kubectl finds the program by its name on the PATH."""
    program = tmp_path / "kubectl-parley"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m parley_cli.cluster "$@"\n')
    program.chmod(0o755)
    (tmp_path / "kubectl").symlink_to(kubectl.program)

    def run(*words: str, kubeconfig: Path = kubectl.kubeconfig) -> Ran:
        environment = {
            **os.environ,
            "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "KUBECONFIG": str(kubeconfig),
            "KUBECTL_KUBERC": "false",
        }
        command = ["kubectl", "parley", *words]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def condition(kind: str, status: str = "True", reason: str = "AsRead", message: str = "") -> dict[str, Any]:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def agent(kubectl: Kubectl, name: str, *conditions: dict[str, Any], ready: int = 3) -> None:
    """As an operator leaves it."""
    kubectl.apply(
        {
            "apiVersion": "parley.dev/v1alpha1",
            "kind": "VoiceAgent",
            "metadata": {"name": name},
            "spec": {"conversation": {"instructions": "Be brief."}},
        }
    )
    status = {"observedGeneration": 1, "replicas": 3, "readyReplicas": ready, "calls": 20}
    patch = json.dumps({"status": {**status, "conditions": list(conditions)}})
    kubectl("patch", "voiceagent", name, "--subresource=status", "--type=merge", "--patch", patch)


WELL = tuple(condition(kind) for kind in ("Accepted", "Available", "Guaranteed", "UpToDate", "Ready"))


@pytest.mark.usefixtures("kind")
def test_status_lists_the_agents_of_a_namespace_and_of_all(kubectl: Kubectl, parley: Parley) -> None:
    agent(kubectl, "reception", *WELL)
    ran = parley("status", "--namespace", kubectl.namespace)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines()[1].split()[:4] == ["reception", "yes", "3/3", "20+"]
    assert f"{kubectl.namespace}/reception" in parley("status", "-A").stdout


@pytest.mark.usefixtures("kind")
def test_why_tells_the_conditions_that_the_api_server_has(kubectl: Kubectl, parley: Parley) -> None:
    lacking = condition("Accepted", "False", "SecretMissing", "Secret keys is not there: make it")
    agent(kubectl, "keys", lacking, condition("Ready", "False", "Accepted"), ready=0)
    ran = parley("why", "keys", "-n", kubectl.namespace)
    assert ran.returncode == 1
    assert "Its spec was not accepted: Secret keys is not there: make it." in " ".join(ran.stdout.split())
    assert max(map(len, ran.stdout.splitlines())) <= 80


@pytest.mark.usefixtures("kind")
def test_an_agent_that_no_operator_has_seen_is_told_as_such(kubectl: Kubectl, parley: Parley) -> None:
    kubectl.apply(
        {
            "apiVersion": "parley.dev/v1alpha1",
            "kind": "VoiceAgent",
            "metadata": {"name": "new"},
            "spec": {"conversation": {"instructions": "Be brief."}},
        }
    )
    ran = parley("why", "new", "-n", kubectl.namespace)
    assert ran.returncode == 1
    assert ran.stdout.startswith("The operator has written nothing about new in namespace ")


@pytest.mark.usefixtures("kind")
def test_calls_lists_the_pods_with_what_is_written_on_them(kubectl: Kubectl, parley: Parley) -> None:
    agent(kubectl, "reception", *WELL)
    kubectl.apply(
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": "reception-agent-a",
                "labels": {"app.kubernetes.io/name": "parley-agent", "parley.dev/agent": "reception"},
                "annotations": {"controller.kubernetes.io/pod-deletion-cost": "5"},
            },
            "spec": {"containers": [{"name": "agent", "image": "parley:0.1.0"}]},
        }
    )
    kubectl("wait", "--for=condition=Ready", "--timeout=30s", "pod/reception-agent-a")
    ran = parley("calls", "reception", "-n", kubectl.namespace)
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[1].split()[:3] == ["reception-agent-a", "5+", "ready"]
    assert "There is no pod" in parley("calls", "-n", "default").stdout


@pytest.mark.usefixtures("kind")
def test_a_name_that_is_none_is_2(kubectl: Kubectl, parley: Parley) -> None:
    for command in ("why", "calls"):
        ran = parley(command, "nobody", "-n", kubectl.namespace)
        assert ran.returncode == 2
        assert 'voiceagents.parley.dev "nobody" not found' in ran.stderr


@pytest.mark.usefixtures("kind")
def test_who_may_not_look_is_told_what_to_ask_for(cluster: Cluster, kubectl: Kubectl, parley: Parley) -> None:
    ran = parley("status", "-n", kubectl.namespace, kubeconfig=cluster.user("nobody-in-particular"))
    assert ran.returncode == 1
    assert "cannot list resource" in ran.stderr
    assert "ask for the ClusterRole parley-view" in ran.stderr


def test_a_cluster_that_does_not_answer_is_1_and_says_so(parley: Parley, tmp_path: Path) -> None:
    nowhere = tmp_path / "nowhere.kubeconfig"
    nowhere.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "current-context": "c",
                "contexts": [{"name": "c", "context": {"cluster": "c", "user": ""}}],
                "clusters": [{"name": "c", "cluster": {"server": "http://127.0.0.1:1"}}],
            }
        )
    )
    ran = parley("status", kubeconfig=nowhere)
    assert ran.returncode == 1
    assert "see whether `kubectl version` reaches the cluster" in ran.stderr
    unknown = parley("status", "--context", "another")
    assert unknown.returncode == 1
    assert "another" in unknown.stderr
