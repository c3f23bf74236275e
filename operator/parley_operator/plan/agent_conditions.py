"""The conditions of an agent, one function each, in the order in which they come true.

Read back are the Deployment's own status, each pod's QoS class (running.py), and what each ready pod answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parley_operator.plan import running as of_any
from parley_operator.plan.agent import PodStatus
from parley_operator.plan.conditions import FALSE, Found, accepted, cut, ready
from parley_operator.plan.plan import Failure
from parley_operator.plan.reading import Refusal
from parley_operator.plan.running import Answers, Other, available, guaranteed


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
    def differs(status: PodStatus) -> Other | None:
        if status.agent_digest == running.digest:
            return None
        return Other("OtherFile", "runs another agent file than this generation's")

    answers = Answers("runs", "does not answer on /v1/status", differs)
    return of_any.up_to_date(running, answers, _no_node_free(running))


def _no_node_free(running: Running) -> Found | None:
    waits = running.unschedulable
    if waits is None or not running.at_host_port:
        return None
    return Found(
        "UpToDate",
        FALSE,
        "NoNodeFree",
        "no node is free for a new pod: with reach.hostPort at most one of an agent's pods runs on a node, so that"
        f" a rollout takes one node more than there are replicas ({cut(waits.unschedulable)})",
    )
