"""The conditions of an agent, one function each, in the order in which they come true.

Read back are the Deployment's own status, each pod's QoS class, and what each ready pod answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parley_operator.plan.conditions import FALSE, TRUE, UNKNOWN, Found, accepted, condition, cut, ready
from parley_operator.plan.plan import Failure, Object, ObservedPod
from parley_operator.plan.quota_words import lacking
from parley_operator.plan.reading import Refusal


class Running(NamedTuple):
    """What the conditions are read from. `settled`: the Deployment is as it is wanted now, and its controller has
    seen that; `live` is None where there is none.
    """

    live: Object | None
    settled: bool
    replicas: int
    digest: str
    pods: Sequence[ObservedPod]
    at_host_port: bool

    @property
    def serving(self) -> list[ObservedPod]:
        """Pods that are to stay: those that end finish their last calls, whatever they run."""
        return [pod for pod in self.pods if not pod.terminating and pod.phase not in ("Succeeded", "Failed")]


def conditions(
    refusal: Refusal | None, failures: Sequence[Failure], running: Running, passed_over: str = ""
) -> list[Found]:
    """All of them, Ready last. `passed_over`: what of the spec is not known here, in words."""
    found = [
        accepted(refusal, failures, passed_over),
        available(running),
        guaranteed(running),
        up_to_date(running),
    ]
    return [*found, ready(found, "ScaledToZero" if running.replicas == 0 else "AllTrue")]


def available(running: Running) -> Found:
    told = condition(running.live, "Available")
    failure = condition(running.live, "ReplicaFailure")
    if not running.settled or told is None:
        return Found(
            "Available", UNKNOWN, "NotYetSeen", "Kubernetes has not taken up the Deployment as it is now"
        )
    if failure is not None and failure.get("status") == TRUE and told.get("status") != TRUE:
        why = failure.get("message", "")
        message = f"pods can't be made: {cut(why)}{lacking(why)}"
        return Found("Available", FALSE, failure.get("reason") or "ReplicaFailure", message)
    status = told.get("status", UNKNOWN)
    message = (
        "" if status == TRUE else cut(told.get("message") or "too few pods are ready") + _waiting(running)
    )
    return Found("Available", status, told.get("reason") or "AsTold", message)


def guaranteed(running: Running) -> Found:
    if not running.serving:
        return _without_pods("Guaranteed", running)
    for pod in running.serving:
        if pod.qos and pod.qos != "Guaranteed":
            return Found(
                "Guaranteed",
                FALSE,
                "NotGuaranteed",
                f"pod {pod.name} is {pod.qos}: a container that something else put into it (a mesh's sidecar, say) has"
                " no limits that equal its requests; give it such limits, or keep it away from these pods",
            )
    untold = next((pod.name for pod in running.serving if not pod.qos), None)
    if untold is not None:
        return Found("Guaranteed", UNKNOWN, "NotYetSeen", f"pod {untold} does not tell its QoS class yet")
    return Found("Guaranteed", TRUE, "ReadBack")


def up_to_date(running: Running) -> Found:
    kind = "UpToDate"
    if not running.settled or running.live is None:
        return Found(kind, UNKNOWN, "NotYetSeen", "Kubernetes has not taken up the Deployment as it is now")
    if not running.serving and running.replicas == 0:
        return _without_pods(kind, running)
    counts = running.live.get("status") or {}
    if not counts.get("updatedReplicas", 0) == counts.get("replicas", 0) == running.replicas:
        return _rolling(kind, running)
    ready_pods = [pod for pod in running.serving if pod.ready]
    if not ready_pods:
        return Found(
            kind, UNKNOWN, "NoneReady", f"no pod is ready that could tell what it runs{_waiting(running)}"
        )
    for pod in ready_pods:
        if pod.status is None:
            return Found(kind, UNKNOWN, "NotAnswered", f"pod {pod.name} does not answer on /v1/status")
    for pod in ready_pods:
        if pod.status is not None and pod.status.agent_digest != running.digest:
            return Found(
                kind, FALSE, "OtherFile", f"pod {pod.name} runs another agent file than this generation's"
            )
    return Found(kind, TRUE, "ReadBack")


def _rolling(kind: str, running: Running) -> Found:
    waits = next((pod for pod in running.serving if pod.unschedulable), None)
    if waits is not None and running.at_host_port:
        return Found(
            kind,
            FALSE,
            "NoNodeFree",
            "no node is free for a new pod: with reach.hostPort at most one of an agent's pods runs on a node, so that"
            f" a rollout takes one node more than there are replicas ({cut(waits.unschedulable)})",
        )
    if waits is not None:
        return Found(kind, FALSE, "Unschedulable", f"no node takes a new pod: {cut(waits.unschedulable)}")
    failure = condition(running.live, "ReplicaFailure") or {}
    if failure.get("status") == TRUE:
        told = failure.get("message", "")
        message = f"a new pod can't be made, and what ran before goes on: {cut(told)}{lacking(told)}"
        return Found(kind, FALSE, failure.get("reason") or "ReplicaFailure", message)
    progress = condition(running.live, "Progressing") or {}
    if progress.get("status") == FALSE:
        told = cut(progress.get("message", ""))
        message = f"the rollout is stuck, and what ran before goes on: {told}{_waiting(running)}"
        return Found(kind, FALSE, progress.get("reason") or "Stuck", message)
    message = f"new pods take over from those of before; those finish their calls{_waiting(running)}"
    return Found(kind, FALSE, "Rolling", message)


def _without_pods(kind: str, running: Running) -> Found:
    if running.replicas == 0:
        return Found(kind, TRUE, "ScaledToZero")
    return Found(kind, UNKNOWN, "NoPods", "there is no pod yet")


def _waiting(running: Running) -> str:
    """Of the first pod that can't start, why not."""
    for pod in running.serving:
        if pod.unschedulable:
            return f" (no node takes pod {pod.name}: {cut(pod.unschedulable)})"
        if pod.failing:
            return f" (pod {pod.name} does not start: {cut(pod.failing)})"
    return ""
