"""The conditions of a model server, one function each, in the order in which they come true.

Read back are the Deployment's own status, each pod's QoS class (running.py), and what each ready pod answers that it
serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parley_operator.plan import running as of_any
from parley_operator.plan.conditions import FALSE, TRUE, UNKNOWN, Found, accepted, cut, ready
from parley_operator.plan.plan import Failure
from parley_operator.plan.reading import Refusal
from parley_operator.plan.running import available, guaranteed, waiting, without_pods


@dataclass(frozen=True, slots=True)
class Running(of_any.Running):
    """`model` is what requests are to call it; "" where that is not known."""

    model: str = ""


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


def up_to_date(running: Running) -> Found:
    kind = "UpToDate"
    if not running.settled or running.live is None:
        return Found(kind, UNKNOWN, "NotYetSeen", "Kubernetes has not taken up the Deployment as it is now")
    if not running.serving and running.replicas == 0:
        return without_pods(kind, running)
    if not running.rolled_out:
        return _rolling(kind, running)
    ready_pods = [pod for pod in running.serving if pod.ready]
    if not ready_pods:
        return Found(
            kind, UNKNOWN, "NoneReady", f"no pod is ready that could tell what it serves{waiting(running)}"
        )
    for pod in ready_pods:
        if pod.status is None:
            message = (
                f"pod {pod.name} does not answer on /v1/models; a key in VLLM_API_KEY keeps the operator out"
            )
            return Found(kind, UNKNOWN, "NotAnswered", message)
    for pod in ready_pods:
        if running.model not in pod.status.names:
            serves = ", ".join(pod.status.names)
            return Found(kind, FALSE, "OtherModel", f"pod {pod.name} serves {serves}, not {running.model}")
    return Found(kind, TRUE, "ReadBack")


def _rolling(kind: str, running: Running) -> Found:
    waits = next((pod for pod in running.serving if pod.unschedulable), None)
    if waits is None or not any(pod.ready for pod in running.serving):
        return of_any.rolling(kind, running)
    return Found(
        kind,
        FALSE,
        "Unschedulable",
        "no node takes the pod that is to take over, and what ran before goes on: a rollout needs one pod's GPUs and"
        " memory more than there are in use. Free them or add a node; or, with nobody served meanwhile, scale to 0"
        f" replicas and back ({cut(waits.unschedulable)})",
    )
