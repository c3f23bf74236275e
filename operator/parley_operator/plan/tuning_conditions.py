"""The conditions of a NodeTuning, one function each, in the order in which they come true.

Read back are the tuners' pods, and what each tuner read back from its node.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parley_operator.plan import node_verdicts
from parley_operator.plan.claims import Overlap
from parley_operator.plan.conditions import FALSE, TRUE, UNKNOWN, Found, accepted, cut, ready
from parley_operator.plan.node_verdicts import Verdict
from parley_operator.plan.plan import Failure, ObservedPod
from parley_operator.plan.reading import Refusal

MOST_NAMED = 3
NO_NODES = "no node has the labels of placement.nodeSelector and taints that placement.tolerations tolerates"


class Tuned(NamedTuple):
    """What the conditions are read from. `nodes`: those that it is for, in order; `leaving`: those that it is no longer
    for, and that are not restored yet; `pods` by node.
    """

    nodes: Sequence[str]
    leaving: Sequence[str]
    pods: Mapping[str, ObservedPod]
    verdicts: Sequence[Verdict]
    yields: Sequence[Overlap] = ()
    keeps: Sequence[Overlap] = ()


def conditions(failures: Sequence[Failure], tuned: Tuned, passed_over: str = "") -> list[Found]:
    """All of them, Ready last. `passed_over`: what of the spec is not known here, in words."""
    found = [_accepted(failures, tuned, passed_over), available(tuned), tuned_as_said(tuned)]
    return [*found, ready(found, "AllTrue" if tuned.nodes else "NoNodes")]


def refused(refusal: Refusal) -> list[Found]:
    """What runs stays, and is not looked at."""
    why = "the spec is not taken, so nothing is changed on any node"
    found = [
        accepted(refusal, ()),
        *(Found(kind, UNKNOWN, refusal.reason, why) for kind in ("Available", "Tuned")),
    ]
    return [*found, ready(found)]


def _accepted(failures: Sequence[Failure], tuned: Tuned, passed_over: str) -> Found:
    found = accepted(None, failures, passed_over)
    if found.status != TRUE:
        return found
    if tuned.yields:
        return Found("Accepted", FALSE, "Conflict", _yields(tuned.yields))
    if tuned.keeps and not found.message:
        return found._replace(message=_keeps(tuned.keeps))
    return found


def _yields(overlaps: Sequence[Overlap]) -> str:
    told = [
        f"{one.key} is {one.value} in {one.newer} and {one.its_value} in {one.older}, which is older and keeps it, on"
        f" {_named(one.nodes)}"
        for one in overlaps[:MOST_NAMED]
    ]
    return (
        f"{'; '.join(told)}{_more(overlaps)}: {overlaps[0].newer} leaves that alone on all of its nodes; write the same"
        " value in both, or choose other nodes"
    )


def _keeps(overlaps: Sequence[Overlap]) -> str:
    told = [f"{one.newer}, which is newer, leaves {one.key} to it" for one in overlaps[:MOST_NAMED]]
    return f"{'; '.join(told)}{_more(overlaps)}"


def available(tuned: Tuned) -> Found:
    kind = "Available"
    if not tuned.nodes:
        return Found(kind, TRUE, "NoNodes", NO_NODES)
    for node in tuned.nodes:
        pod = tuned.pods.get(node)
        if pod is None:
            return Found(kind, FALSE, "NoPod", f"node {node} has no tuner yet")
        if not pod.ready:
            return Found(kind, FALSE, "NotReady", f"the tuner of node {node} is not ready{_why_not(pod)}")
    return Found(kind, TRUE, "AllReady")


def _why_not(pod: ObservedPod) -> str:
    if pod.unschedulable:
        return f": pod {pod.name} is not taken: {cut(pod.unschedulable)}"
    return f": pod {pod.name} does not start: {cut(pod.failing)}" if pod.failing else ""


_FALSE = (node_verdicts.HINDERED, node_verdicts.CONFLICT, node_verdicts.DRIFTED, node_verdicts.RESTORING)
_UNKNOWN = (node_verdicts.UNANSWERED, node_verdicts.BEHIND)


def tuned_as_said(tuned: Tuned) -> Found:
    kind = "Tuned"
    by_what: dict[str, Verdict] = {}
    for verdict in tuned.verdicts:
        by_what.setdefault(verdict.what, verdict)
    for status, whats in ((FALSE, _FALSE), (UNKNOWN, _UNKNOWN)):
        for what in whats:
            if what in by_what:
                worst = by_what[what]
                return Found(kind, status, what, f"node {worst.node}: {cut(worst.why)}")
    if tuned.yields:
        return Found(kind, FALSE, "Conflict", f"{_named_keys(tuned.yields)} is left to another NodeTuning")
    if tuned.leaving:
        why = f"no longer chosen, and not said to have its old values again yet: {_named(tuned.leaving)}"
        return Found(kind, FALSE, "Restoring", why)
    if not tuned.nodes:
        return Found(kind, TRUE, "NoNodes", NO_NODES)
    skipped = by_what.get(node_verdicts.SKIPPED)
    if skipped is not None:
        return Found(kind, TRUE, "Skipped", f"node {skipped.node} can't have all of it: {cut(skipped.why)}")
    return Found(kind, TRUE, "ReadBack")


def going(
    failures: Sequence[Failure],
    waiting: Sequence[str],
    unreached: Sequence[str],
    minutes: int,
    tuned: Tuned | None,
) -> list[Found]:
    """It is being deleted. `waiting`: nodes whose old values are not back; `unreached`: those that are given up;
    `tuned`: its tuners, None where nodes can't be read.
    """
    if tuned is None:
        why = "it is being deleted, and waits until the operator may list nodes again: which it has tuned is not known"
        restored = Found("Tuned", UNKNOWN, "NodesUnread", why)
    elif unreached:
        restored = Found(
            "Tuned",
            FALSE,
            "NotRestored",
            f"it is being deleted, and gives up, for within {minutes} minutes no old values were said to be back:"
            f" {_named(unreached)}; that may keep what it was given until it is started anew (docs/nodetuning.md"
            " tells how to restore it by hand)",
        )
    elif waiting:
        why = f"it is being deleted, and waits for old values to be back on {_named(waiting)}"
        restored = Found("Tuned", FALSE, "Restoring", why)
    else:
        restored = Found(
            "Tuned", FALSE, "Restored", "it is being deleted, and its nodes have their old values again"
        )
    why = restored.message
    if failures:
        why += f"; {accepted(None, failures).message}"
    runs = (
        Found("Available", UNKNOWN, restored.reason, restored.message) if tuned is None else available(tuned)
    )
    found = [Found("Accepted", FALSE, "Deleting", why), runs, restored]
    return [*found, ready(found)]


def _named(nodes: Sequence[str]) -> str:
    word = "node" if len(nodes) == 1 else "nodes"
    return f"{word} {', '.join(nodes[:MOST_NAMED])}{_more(nodes)}"


def _named_keys(overlaps: Sequence[Overlap]) -> str:
    return f"{', '.join(one.key for one in overlaps[:MOST_NAMED])}{_more(overlaps)}"


def _more(told: Sequence[object]) -> str:
    return f" and {len(told) - MOST_NAMED} more" if len(told) > MOST_NAMED else ""
