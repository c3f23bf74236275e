"""Owns what others have put into a cluster: kinds of their own, what has the name of a child, copies of children."""

from __future__ import annotations

from typing import Any

from parley_operator import names
from parley_operator.kinds import Kind
from tests.controlplane.kubectl import Manifest


def optional_kind(kind: Kind) -> Manifest:
    """As its project's own, but with any content."""
    group, _, version = kind.api_version.partition("/")
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind.name, "plural": kind.plural},
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
            ],
        },
    }


def foreign(kind: Kind, name: str, namespace: str) -> Manifest:
    """Somebody else's object of a child's kind: nothing in it is as the operator would write it."""
    labels = {"app.kubernetes.io/name": "somebody-elses"}
    body: dict[str, Any] = {
        "Service": {"spec": {"ports": [{"port": 80}]}},
        "Deployment": {
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "c", "image": "i:1"}]},
                },
            }
        },
        "NetworkPolicy": {"spec": {"podSelector": {}}},
        "PodDisruptionBudget": {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}}},
        "HorizontalPodAutoscaler": {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nothing"},
            }
        },
    }.get(kind.name, {})
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        **body,
    }


def stray(kind: Kind, owner: Manifest) -> dict[str, Any]:
    """A copy that somebody made of a child, with its label and its owner: the agent does not ask for it."""
    metadata = owner["metadata"]
    found = dict(foreign(kind, f"stray-{kind.plural}", metadata["namespace"]))
    labels = names.labels(metadata["name"])
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    found["metadata"] = {**found["metadata"], "labels": labels, "ownerReferences": [reference]}
    return found
