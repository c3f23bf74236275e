"""Owns tenants as contract tests treat them: what is written of one and in it, what is said of it, what it has made."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley_operator import names
from tests.contract.operator_process import USER
from tests.contract.replica import until
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Kubectl, Manifest

OWNED = "resourcequotas,limitranges,networkpolicies,rolebindings"

ALL = [
    "LimitRange parley-tenant",
    "NetworkPolicy parley-tenant",
    "ResourceQuota parley-tenant",
    "RoleBinding parley-tenant-edit",
    "RoleBinding parley-tenant-view",
]
PEOPLE = [
    {"kind": "User", "name": "ada", "role": "edit"},
    {"kind": "Group", "name": "auditors"},
    {"kind": "ServiceAccount", "name": "deployer", "namespace": "blue", "role": "edit"},
]
LARGE = {"cpu": 64, "memory": "128Gi", "pods": 100, "agents": 20, "sessions": 10_000}


def tenant(name: str, *namespaces: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceTenant",
        "metadata": {"name": name},
        "spec": {"namespaces": list(namespaces or (name,)), **spec},
    }


def agent(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "conversation": {"instructions": "Be brief."},
            "replicas": 1,
            "placement": {"nodeSelector": {}, "resources": {"cpu": "100m", "memory": "64Mi"}},
            **spec,
        },
    }


def pod(name: str, **container: Any) -> dict[str, Any]:
    """One that Pod Security restricted takes."""
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "i:1", "securityContext": security, **container}]},
    }


def put(kubectl: Kubectl, *agents: Manifest) -> None:
    for one in agents:
        kubectl.inside(one["metadata"]["namespace"]).apply(one)


def condition(kubectl: Kubectl, what: str, kind: str, namespace: str = "default") -> dict[str, str]:
    found = kubectl.inside(namespace).json("get", what).get("status", {}).get("conditions", [])
    return next((one for one in found if one["type"] == kind), {"status": "", "reason": "", "message": ""})


def ready(plane: ControlPlane, *tenants: str, secs: float = 40) -> None:
    for name in tenants:
        what = f"voicetenant/{name}"
        try:
            until(f"{name} is ready", lambda what=what: holds(plane, what), secs)  # type: ignore[misc]
        except AssertionError:
            pytest.fail(json.dumps(plane.kubectl.json("get", what).get("status"), indent=1))


def holds(plane: ControlPlane, what: str, kind: str = "Ready") -> bool:
    return condition(plane.kubectl, what, kind)["status"] == "True"


def usable(plane: ControlPlane, namespace: str) -> None:
    """A pod may be made in it."""
    kubectl = plane.kubectl.inside(namespace)
    until("its account is there", lambda: kubectl.run("get", "serviceaccount/default").returncode == 0, 20)


def says(plane: ControlPlane, what: str, kind: str, reason: str, namespace: str = "default") -> str:
    """The message with that reason, once it is there."""
    until(
        f"{what} {kind} {reason}",
        lambda: condition(plane.kubectl, what, kind, namespace)["reason"] == reason,
        40,
    )
    return condition(plane.kubectl, what, kind, namespace)["message"]


def inside(plane: ControlPlane, namespace: str) -> list[str]:
    """What the operator has made there."""
    found = plane.kubectl.inside(namespace).json("get", OWNED, f"--selector={names.PARLEY_TENANT}")["items"]
    return sorted(f"{one['kind']} {one['metadata']['name']}" for one in found)


def forbidden(plane: ControlPlane) -> set[str]:
    """What the operator asked for so far and may not have."""
    return {
        f"{event.verb} {event.uri.partition('?')[0]}"
        for event in plane.audit.events(USER)
        if event.code == 403 and event.resource != "pods"
    }
