"""The conditions of a model server, one function each, in the order in which they come true.

Read back are the Deployment's own status, each pod's QoS class (running.py), and what each ready pod answers that it
serves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parley_operator.plan import running as of_any
from parley_operator.plan.conditions import FALSE, Found, accepted, cut, ready
from parley_operator.plan.model import PodModels
from parley_operator.plan.plan import Failure
from parley_operator.plan.reading import Refusal
from parley_operator.plan.running import Answers, Other, available, guaranteed


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
    def differs(served: PodModels) -> Other | None:
        if running.model in served.names:
            return None
        return Other("OtherModel", f"serves {', '.join(served.names)}, not {running.model}")

    silent = "does not answer on /v1/models; a key in VLLM_API_KEY keeps the operator out"
    return of_any.up_to_date(running, Answers("serves", silent, differs), _no_room(running))


def _no_room(running: Running) -> Found | None:
    waits = running.unschedulable
    if waits is None or not any(pod.ready for pod in running.serving):
        return None
    return Found(
        "UpToDate",
        FALSE,
        "Unschedulable",
        "no node takes the pod that is to take over, and what ran before goes on: a rollout needs one pod's GPUs and"
        " memory more than there are in use. Free them or add a node; or, with nobody served meanwhile, scale to 0"
        f" replicas and back ({cut(waits.unschedulable)})",
    )
