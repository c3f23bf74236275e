"""The conditions of an agent, one function each, in the order in which they come true.

Rules: True is said of what was read back alone: of the Deployment's own status, of each pod's QoS class, of what each
ready pod answered. What could not be read yet is Unknown and says what is waited for. The first that is not True
explains Ready. `lastTransitionTime` stays where the status does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from parley_operator.plan.plan import Failure, Object, ObservedPod
from parley_operator.plan.refusals import Refusal

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"

OPERATOR_ERROR = "OperatorError"

_LONGEST = 400
"""Characters of another's sentence: a scheduler's list of nodes can be long."""


class Found(NamedTuple):
    """One condition, without what is the same for all."""

    type: str
    status: str
    reason: str
    message: str = ""


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
    return [*found, ready(found, running)]


def accepted(refusal: Refusal | None, failures: Sequence[Failure], passed_over: str = "") -> Found:
    if refusal is not None:
        return Found("Accepted", FALSE, refusal.reason, refusal.message)
    if failures:
        first = failures[0]
        # What the kind's schema takes: a webhook that gives no reason leaves its status, a number.
        reason = first.reason if re.fullmatch(r"[A-Za-z][A-Za-z0-9]*", first.reason) else "Refused"
        return Found(
            "Accepted", FALSE, reason, f"the API server refused the {first.ref}: {_cut(first.message)}"
        )
    if passed_over:
        return Found("Accepted", TRUE, "InPart", passed_over)
    return Found("Accepted", TRUE, "AsWritten")


def available(running: Running) -> Found:
    told = _condition(running.live, "Available")
    failure = _condition(running.live, "ReplicaFailure")
    if not running.settled or told is None:
        return Found(
            "Available", UNKNOWN, "NotYetSeen", "Kubernetes has not taken up the Deployment as it is now"
        )
    if failure is not None and failure.get("status") == TRUE and told.get("status") != TRUE:
        message = f"pods can't be made: {_cut(failure.get('message', ''))}"
        return Found("Available", FALSE, failure.get("reason") or "ReplicaFailure", message)
    status = told.get("status", UNKNOWN)
    message = (
        "" if status == TRUE else _cut(told.get("message") or "too few pods are ready") + _waiting(running)
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


def ready(others: Iterable[Found], running: Running) -> Found:
    lacking = [one for one in others if one.status != TRUE]
    if not lacking:
        return Found("Ready", TRUE, "ScaledToZero" if running.replicas == 0 else "AllTrue")
    first = lacking[0]
    status = FALSE if any(one.status == FALSE for one in lacking) else UNKNOWN
    cause = next((one for one in lacking if one.status == status), first)
    return Found("Ready", status, cause.reason, f"{cause.type} is {cause.status}: {cause.message}")


def broken(status: Mapping[str, Any], generation: int, version: str, now: datetime) -> Object:
    """The last status, where the operator itself fails at an agent: nothing else of it is taken back."""
    message = (
        f"operator {version} failed at this agent, by a mistake of its own that its log tells: what runs stays as it"
        " is, and it tries again; report it, and look whether a change of the spec gets round it"
    )
    accepted = Found("Accepted", UNKNOWN, OPERATOR_ERROR, message)
    found = [accepted, Found("Ready", UNKNOWN, OPERATOR_ERROR, f"Accepted is Unknown: {message}")]
    before = status.get("conditions") or ()
    others = [one for one in before if one.get("type") not in {condition.type for condition in found}]
    first, last = as_status(found, before, generation, now)
    return {**status, "conditions": [first, *others, last]}


def is_broken(status: Mapping[str, Any]) -> bool:
    """Whether `broken` was the last to write it."""
    conditions = status.get("conditions") or ()
    return any(isinstance(one, Mapping) and one.get("reason") == OPERATOR_ERROR for one in conditions)


def as_status(found: Iterable[Found], before: Any, generation: int, now: datetime) -> list[Object]:
    """As the API has them. `before` is the list that was written last."""
    last = {one.get("type"): one for one in before or () if isinstance(one, Mapping)}
    written = []
    for one in found:
        was: Mapping[str, Any] = last.get(one.type, {})
        same = was.get("status") == one.status
        written.append(
            {
                "type": one.type,
                "status": one.status,
                "reason": one.reason,
                "message": one.message,
                "observedGeneration": generation,
                "lastTransitionTime": (was.get("lastTransitionTime") if same else None) or timestamp(now),
            }
        )
    return written


def timestamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def _rolling(kind: str, running: Running) -> Found:
    waits = next((pod for pod in running.serving if pod.unschedulable), None)
    if waits is not None and running.at_host_port:
        return Found(
            kind,
            FALSE,
            "NoNodeFree",
            "no node is free for a new pod: with reach.hostPort at most one of an agent's pods runs on a node, so that"
            f" a rollout takes one node more than there are replicas ({_cut(waits.unschedulable)})",
        )
    if waits is not None:
        return Found(kind, FALSE, "Unschedulable", f"no node takes a new pod: {_cut(waits.unschedulable)}")
    progress = _condition(running.live, "Progressing") or {}
    if progress.get("status") == FALSE:
        told = _cut(progress.get("message", ""))
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
            return f" (no node takes pod {pod.name}: {_cut(pod.unschedulable)})"
        if pod.failing:
            return f" (pod {pod.name} does not start: {_cut(pod.failing)})"
    return ""


def _condition(obj: Object | None, kind: str) -> Mapping[str, Any] | None:
    found = ((obj or {}).get("status") or {}).get("conditions") or ()
    return next((one for one in found if one.get("type") == kind), None)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
