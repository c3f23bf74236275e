"""The conditions of an agent, one function each, in the order in which they come true.

Read back are the Deployment's own status, each pod's QoS class (running.py), and what each ready pod answered.
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
    """`digest` is that of the agent's file which its pods are to run."""

    digest: str = ""
    at_host_port: bool = False


def conditions(
    refusal: Refusal | None,
    failures: Sequence[Failure],
    running: Running,
    engines: Found | None = None,
    passed_over: str = "",
) -> list[Found]:
    """All of them, Ready last. `engines`: of an agent that names a ModelServer. `passed_over`: what of the spec is not
    known here, in words.
    """
    found = [
        accepted(refusal, failures, passed_over),
        *([engines] if engines is not None else []),
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
            kind, UNKNOWN, "NoneReady", f"no pod is ready that could tell what it runs{waiting(running)}"
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
    return of_any.rolling(kind, running)
