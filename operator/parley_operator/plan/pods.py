"""What is written on an agent's pods: what each costs to delete, whether it is busy, whether it ends with the agent.

An idle pod that never had a call is not written to at all. Every value is explicit ("false", "0", ""), for what is left
out of an apply is no reason to write.

`deletion: Cut` needs no finalizer. Its pods carry the agent's uid; when the agent goes, the garbage collector deletes
them with their long grace period, and the operator, whenever it sees one that ends and whose agent is gone, deletes it
once more with a short one, which Kubernetes takes for the new end. Without an operator the calls end by themselves.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from parley_operator import names
from parley_operator.plan.agent import Cut
from parley_operator.plan.buckets import bucket
from parley_operator.plan.plan import Object, ObservedPod, Ref

CUT_GRACE_SECONDS = 5
"""Time for a goodbye: a process that is told to end a second time says it."""

OVER = {"Succeeded", "Failed"}


def marks(pods: Iterable[ObservedPod], namespace: str, cut_with: str) -> list[Object]:
    """`cut_with` is the uid of an agent that says Cut, "" where it says Drain."""
    found = (_marks(pod, namespace, cut_with) for pod in pods if pod.phase not in OVER)
    return [mark for mark in found if mark is not None]


def _marks(pod: ObservedPod, namespace: str, cut_with: str) -> Object | None:
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    if pod.status is not None:
        calls = bucket(pod.status.calls)
        if calls or names.BUSY in pod.labels:
            labels[names.BUSY] = "true" if calls else "false"
        if calls or names.DELETION_COST in pod.annotations:
            annotations[names.DELETION_COST] = str(calls)
    else:
        # It does not answer: what was known of it last stays, in the apply as well, or that would take it away.
        labels.update({key: pod.labels[key] for key in (names.BUSY,) if key in pod.labels})
        kept = (names.DELETION_COST,)
        annotations.update({key: pod.annotations[key] for key in kept if key in pod.annotations})
    if cut_with or names.CUT_WITH in pod.annotations:
        annotations[names.CUT_WITH] = cut_with
    if not labels and not annotations:
        return None
    metadata: dict[str, Any] = {"name": pod.name, "namespace": namespace, "uid": pod.uid}
    if labels:
        metadata["labels"] = labels
    if annotations:
        metadata["annotations"] = annotations
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata}


def cuts(pods: Iterable[ObservedPod], namespace: str, living: str) -> list[Cut]:
    """Of pods that end, those whose agent is gone and wanted that. `living` is the uid of the agent that is there, ""
    where there is none or it is going.
    """
    return [
        Cut(Ref("Pod", namespace, pod.name), pod.uid, CUT_GRACE_SECONDS)
        for pod in pods
        if pod.terminating
        and pod.annotations.get(names.CUT_WITH, "") not in ("", living)
        and (pod.grace_seconds is None or pod.grace_seconds > CUT_GRACE_SECONDS)
    ]
