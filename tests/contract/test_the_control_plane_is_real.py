"""What the other contract tests rely on: rights, admission, fake pods, who wrote, and an API server that goes away."""

from __future__ import annotations

import subprocess
import time
from typing import Any

import pytest

from tests.controlplane import build
from tests.controlplane.audit import AuditLog
from tests.controlplane.cluster import Cluster
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Kubectl


def config_map(name: str, **data: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str, replicas: int, **container: Any) -> dict[str, Any]:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "example.test/main", **container}]},
            },
        },
    }


def test_a_user_may_do_what_was_granted_and_nothing_else(
    cluster: Cluster, kubectl: Kubectl, namespace: str
) -> None:
    user = kubectl.as_user(cluster.user(f"reader-of-{namespace}", "readers"))
    assert f'User "reader-of-{namespace}" cannot list resource "configmaps"' in user.refused("get", "cm")
    kubectl("create", "role", "reader", "--verb=get,list", "--resource=configmaps")
    kubectl("create", "rolebinding", "reader", "--role=reader", "--group=readers")
    assert "kube-root-ca.crt" in user("get", "cm")
    assert "cannot create" in user.refused("create", "configmap", "new")


def test_the_audit_log_says_who_wrote_what_and_when(
    cluster: Cluster, kubectl: Kubectl, namespace: str, audit: AuditLog
) -> None:
    user = f"writer-in-{namespace}"
    kubectl("create", "rolebinding", "writer", "--clusterrole=edit", f"--user={user}")
    writer = kubectl.as_user(cluster.user(user))
    writer.apply(config_map("first", key="1"), options=["--server-side"])
    writer.apply(config_map("second"), options=["--server-side", "--dry-run=server"])
    writer("delete", "configmap", "first")
    audit.wait_for(lambda event: (event.user, event.verb) == (user, "delete"))
    writes = audit.writes(user)
    assert [(event.verb, event.resource, event.name, event.code) for event in writes] == [
        ("patch", "configmaps", "first", 201),
        ("delete", "configmaps", "first", 200),
    ]
    assert {event.namespace for event in writes} == {namespace}
    assert all(event.received <= event.answered for event in writes)
    assert [event.name for event in audit.events(user, "get", "configmaps")] == [
        "first"
    ]  # delete waits for its end


def test_a_namespace_that_is_restricted_refuses_a_pod_that_is_not(kubectl: Kubectl, namespace: str) -> None:
    kubectl("label", "namespace", namespace, "pod-security.kubernetes.io/enforce=restricted")
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "pod"},
        "spec": {"containers": [{"name": "main", "image": "example.test/main"}]},
    }
    with pytest.raises(Exception, match='violates PodSecurity "restricted:latest"'):
        kubectl.apply(pod)


def test_pods_become_ready_on_fake_nodes_and_say_their_class(
    control_plane: ControlPlane, kubectl: Kubectl
) -> None:
    amount = {"cpu": "1", "memory": "2Gi"}
    kubectl.apply(deployment("web", 3, resources={"requests": amount, "limits": amount}))
    kubectl("rollout", "status", "deployment/web", "--timeout=30s")
    pods = kubectl.json("get", "pods")["items"]
    assert [pod["status"]["qosClass"] for pod in pods] == ["Guaranteed"] * 3
    assert len({pod["spec"]["nodeName"] for pod in pods}) == 3
    assert len({pod["status"]["podIP"] for pod in pods}) == 3


def test_an_api_server_that_hangs_answers_late_and_one_that_is_gone_refuses(
    control_plane: ControlPlane, kubectl: Kubectl
) -> None:
    """Its address and its data stay, or a test of what comes back would be a test of something new."""
    kubectl.apply(config_map("kept", key="1"))
    with control_plane.api_server_paused():
        waiting = subprocess.Popen(
            [str(kubectl.program), f"--kubeconfig={kubectl.kubeconfig}", "get", "--raw=/readyz"],
            stdout=subprocess.PIPE,
        )
        time.sleep(1)
        assert waiting.poll() is None
    assert waiting.communicate(timeout=20)[0] == b"ok"
    with control_plane.api_server_gone():
        assert "refused" in kubectl.refused("get", "configmap", "kept")
    assert kubectl.json("get", "configmap", "kept")["data"] == {"key": "1"}
    assert all(control_plane.part(name).running for name in ("kube-controller-manager", "kube-scheduler"))


def test_it_is_of_the_version_that_was_asked_for(control_plane: ControlPlane) -> None:
    said = control_plane.kubectl.json("version")
    assert said["serverVersion"]["gitVersion"].startswith(f"v{control_plane.minor}.")
    assert said["clientVersion"]["gitVersion"] == said["serverVersion"]["gitVersion"]
    assert set(build.KUBERNETES) > {"etcd", "kubectl"}
