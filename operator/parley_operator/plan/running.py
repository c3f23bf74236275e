"""What is read back of a Deployment and its pods, and the conditions that are made of it, whatever their kind.

Read back are the Deployment's own status and each pod's QoS class; what its pods answer is the kind's own.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from parley_operator import names
from parley_operator.plan.conditions import FALSE, TRUE, UNKNOWN, Found, condition, cut
from parley_operator.plan.plan import Object, ObservedPod
from parley_operator.plan.quota_words import lacking


@dataclass(frozen=True, slots=True)
class Running:
    """What the conditions are read from. `settled`: the Deployment is as it is wanted now, and its controller has
    seen that; `live` is None where there is none. `finishes` says what pods that end still do, `unready` of a pod that
    runs why it is not ready.
    """

    live: Object | None
    settled: bool
    replicas: int
    pods: Sequence[ObservedPod]
    finishes: str = "finish their calls"
    unready: str = ""

    @property
    def serving(self) -> list[ObservedPod]:
        """Pods that are to stay: those that end finish their work, whatever they run."""
        return [pod for pod in self.pods if not pod.terminating and pod.phase not in ("Succeeded", "Failed")]

    @property
    def unschedulable(self) -> ObservedPod | None:
        """The first that no node takes."""
        return next((pod for pod in self.serving if pod.unschedulable), None)

    @property
    def counts(self) -> dict[str, Any]:
        return (self.live or {}).get("status") or {}

    @property
    def rolled_out(self) -> bool:
        return bool(self.counts.get("updatedReplicas", 0) == self.counts.get("replicas", 0) == self.replicas)


class Other(NamedTuple):
    """Of a pod that answers something else than is wanted: the reason, and what it does."""

    reason: str
    words: str


@dataclass(frozen=True, slots=True)
class Answers:
    """What a kind makes of what its ready pods answer (polls.py) once they have all rolled out.

    `tells`: what a pod tells, in words; `silent`: what one does that does not. `differs`: None of the answer that is
    wanted.
    """

    tells: str
    silent: str
    differs: Callable[[Any], Other | None]


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
        "" if status == TRUE else cut(told.get("message") or "too few pods are ready") + waiting(running)
    )
    return Found("Available", status, told.get("reason") or "AsTold", message)


def guaranteed(running: Running) -> Found:
    if not running.serving:
        return without_pods("Guaranteed", running)
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


def up_to_date(running: Running, answers: Answers, stuck: Found | None) -> Found:
    """`stuck`: the kind's own word for a rollout that no node takes, None where it has none now."""
    kind = "UpToDate"
    if not running.settled or running.live is None:
        return Found(kind, UNKNOWN, "NotYetSeen", "Kubernetes has not taken up the Deployment as it is now")
    if not running.serving and running.replicas == 0:
        return without_pods(kind, running)
    if not running.rolled_out:
        return stuck or _rolling(kind, running)
    ready_pods = [pod for pod in running.serving if pod.ready]
    if not ready_pods:
        message = f"no pod is ready that could tell what it {answers.tells}{waiting(running)}"
        return Found(kind, UNKNOWN, "NoneReady", message)
    for pod in ready_pods:
        if pod.status is None:
            return Found(kind, UNKNOWN, "NotAnswered", f"pod {pod.name} {answers.silent}")
    for pod in ready_pods:
        if (other := answers.differs(pod.status)) is not None:
            return Found(kind, FALSE, other.reason, f"pod {pod.name} {other.words}")
    return Found(kind, TRUE, "ReadBack")


def _rolling(kind: str, running: Running) -> Found:
    """Of a Deployment that has not rolled out."""
    if (waits := running.unschedulable) is not None:
        return Found(kind, FALSE, "Unschedulable", f"no node takes a new pod: {cut(waits.unschedulable)}")
    failure = condition(running.live, "ReplicaFailure") or {}
    if failure.get("status") == TRUE:
        told = failure.get("message", "")
        message = f"a new pod can't be made, and what ran before goes on: {cut(told)}{lacking(told)}"
        return Found(kind, FALSE, failure.get("reason") or "ReplicaFailure", message)
    progress = condition(running.live, "Progressing") or {}
    if progress.get("status") == FALSE:
        told = cut(progress.get("message", ""))
        message = f"the rollout is stuck, and what ran before goes on: {told}{waiting(running)}"
        return Found(kind, FALSE, progress.get("reason") or "Stuck", message)
    message = f"new pods take over from those of before; those {running.finishes}{waiting(running)}"
    return Found(kind, FALSE, "Rolling", message)


def without_pods(kind: str, running: Running) -> Found:
    if running.replicas == 0:
        return Found(kind, TRUE, "ScaledToZero")
    return Found(kind, UNKNOWN, "NoPods", "there is no pod yet")


def waiting(running: Running) -> str:
    """Of the first pod that is not ready, why not."""
    for pod in running.serving:
        if pod.unschedulable:
            return f" (no node takes pod {pod.name}: {cut(pod.unschedulable)})"
        if pod.failing:
            return f" (pod {pod.name} does not start: {cut(pod.failing)})"
        if running.unready and pod.phase == "Running" and not pod.ready:
            return f" (pod {pod.name} {running.unready})"
    return ""


def seen(live: Object | None) -> bool:
    """Whether the Deployment's controller has taken up what it is told."""
    if live is None:
        return False
    observed = (live.get("status") or {}).get("observedGeneration", 0)
    return bool(observed >= (live.get("metadata") or {}).get("generation", 0))


def running_replicas(wanted: Object, live: Object | None, least: int) -> int:
    """Of a Deployment: as it is wanted, or as an autoscaler has set it."""
    return int(wanted["spec"].get("replicas", spec_of(live).get("replicas", least)))


def is_as_wanted(live: Object | None, template: str, replicas: int) -> bool:
    """It is what was applied last, and its controller has seen that. `template` is the digest of the one wanted."""
    return (
        live is not None
        and annotations_of(live).get(names.TEMPLATE) == template
        and spec_of(live).get("replicas") == replicas
        and seen(live)
    )


def spec_of(obj: Object | None) -> dict[str, Any]:
    return (obj or {}).get("spec") or {}


def annotations_of(obj: Object) -> dict[str, str]:
    return (obj.get("metadata") or {}).get("annotations") or {}
