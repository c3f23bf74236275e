"""Which nodes a NodeTuning is for.

Rules: as the DaemonSet controller and the scheduler have it: its labels, and taints that its pods tolerate, those that
every DaemonSet's pods do among them. A node that it tunes already is not let go for a taint that ends no pod, such as
one for an hour of maintenance: its values would go and come.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parley_api.placement import Nodes, Toleration
from parley_operator import names
from parley_operator.plan.plan import ObservedNode

_OF_EVERY_DAEMON_SET = {
    *(("node.kubernetes.io/not-ready", "NoExecute"), ("node.kubernetes.io/unreachable", "NoExecute")),
    *(
        ("node.kubernetes.io/disk-pressure", "NoSchedule"),
        ("node.kubernetes.io/memory-pressure", "NoSchedule"),
    ),
    *(("node.kubernetes.io/pid-pressure", "NoSchedule"), ("node.kubernetes.io/unschedulable", "NoSchedule")),
    ("node.kubernetes.io/network-unavailable", "NoSchedule"),  # of pods in the node's network
}


def chosen(name: str, placement: Nodes, nodes: Iterable[ObservedNode]) -> list[ObservedNode]:
    """Those that the NodeTuning of that name is for, in the order of their names."""
    label = names.tuning_label(name)
    found = [node for node in nodes if _is_for(node, placement, stays=label in node.labels)]
    return sorted(found, key=lambda node: node.name)


def _is_for(node: ObservedNode, placement: Nodes, *, stays: bool) -> bool:
    if not node.labels.items() >= placement.node_selector.items():
        return False
    effects = ("NoExecute",) if stays else ("NoExecute", "NoSchedule")
    taints = [taint for taint in node.taints if taint.get("effect") in effects]
    return all(_tolerated(taint, placement.tolerations) for taint in taints)


def _tolerated(taint: Mapping[str, str], tolerations: Iterable[Toleration]) -> bool:
    key, effect = taint.get("key", ""), taint.get("effect", "")
    if (key, effect) in _OF_EVERY_DAEMON_SET:
        return True
    return any(
        (one.key is None or one.key == key)
        and (one.effect is None or one.effect == effect)
        and (one.operator == "Exists" or (one.value or "") == taint.get("value", ""))
        for one in tolerations
    )
