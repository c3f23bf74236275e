"""Owns an agent's pods as the API server has them, and what a pod itself says of its calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from parley_cli.cluster.told import number, part, text

OF_PARLEY = "app.kubernetes.io/name=parley-agent"
AGENT_LABEL = "parley.dev/agent"
COST = "controller.kubernetes.io/pod-deletion-cost"
"""An annotation that the operator writes: the pod's calls, rounded as in the agent's status. A pod that never had a
call has none."""

PORT = 9011


@dataclass(frozen=True, slots=True)
class Pod:
    """`calls` as the operator last wrote them; None where that is no number, or the pod is not ready and has none."""

    namespace: str
    name: str
    agent: str
    node: str
    state: str
    calls: int | None

    @property
    def status_path(self) -> str:
        """Of the pod's status endpoint, through the API server."""
        names = (quote(self.namespace, safe=""), quote(self.name, safe=""))
        return "/api/v1/namespaces/{}/pods/{}:{}/proxy/v1/status".format(*names, PORT)


@dataclass(frozen=True, slots=True)
class Said:
    """By a pod itself: just now, and exact."""

    calls: int
    draining: bool


def pods(found: Mapping[str, Any]) -> list[Pod]:
    """Of `kubectl get pods`, by agent; in each the one with the most calls first."""
    items = found.get("items")
    read = [_pod(one) for one in (items if isinstance(items, list) else ()) if isinstance(one, dict)]
    return sorted(read, key=lambda pod: (pod.namespace, pod.agent, -(pod.calls or 0), pod.name))


def said(found: Mapping[str, Any]) -> Said | None:
    """Of a pod's status endpoint; None where it answers something else."""
    calls = number(found, "calls")
    return None if calls is None else Said(calls, found.get("draining") is True)


def _pod(found: Mapping[str, Any]) -> Pod:
    metadata, spec, status = (part(found, name) for name in ("metadata", "spec", "status"))
    state = _state(metadata, status)
    return Pod(
        namespace=text(metadata, "namespace"),
        name=text(metadata, "name"),
        agent=text(part(metadata, "labels"), AGENT_LABEL),
        node=text(spec, "nodeName") or "-",
        state=state,
        calls=_calls(part(metadata, "annotations"), state),
    )


def _calls(annotations: Mapping[str, Any], state: str) -> int | None:
    if COST not in annotations:
        return 0 if state == "ready" else None
    cost = text(annotations, COST)
    return int(cost) if cost.isascii() and cost.isdigit() and len(cost) <= 9 else None


def _state(metadata: Mapping[str, Any], status: Mapping[str, Any]) -> str:
    if metadata.get("deletionTimestamp"):
        return "ending"
    conditions = status.get("conditions")
    for condition in conditions if isinstance(conditions, list) else ():
        if (
            isinstance(condition, dict)
            and condition.get("type") == "Ready"
            and condition.get("status") == "True"
        ):
            return "ready"
    phase = text(status, "phase")
    return "not ready" if phase == "Running" else phase.lower() or "unknown"
