"""What the caches hold for one object, as every kind's plan takes it.

Rules: reads caches, and what the pods have said of themselves; never awaits. What a kind goes by beside this its
program adds (programs/).
"""

from __future__ import annotations

from collections.abc import Iterable

from parley_operator.cluster import Cluster
from parley_operator.kinds import NAMESPACES, NODES, PODS, Primary
from parley_operator.plan.plan import Object, Observed, ObservedNode, ObservedPod, Ref, ref_of
from parley_operator.polls import Polls
from parley_operator.queue import Key


class Observer:
    def __init__(self, cluster: Cluster, polls: Polls) -> None:
        self._cluster = cluster
        self._polls = polls

    def observe(self, kind: Primary, key: Key, obj: Object) -> Observed:
        caches = self._cluster.caches
        return Observed(
            children=self.children(kind, key, obj["metadata"]["uid"]),
            pods={pod.name: pod for pod in self.pods(key)},
            namespace=caches[NAMESPACES.name].get("", key.namespace) if key.namespace else None,
            kinds=frozenset(one.name for one in kind.owns if one.optional and caches[one.name].served),
        )

    def nodes(self) -> tuple[ObservedNode, ...]:
        return tuple(map(_node, self._cluster.caches[NODES.name].all()))

    def children(self, kind: Primary, key: Key, uid: str) -> dict[Ref, Object]:
        """What that very object owns."""
        found = {}
        for one in kind.owns:
            for obj in self._cluster.caches[one.name].owned_by(key):
                if any(reference["uid"] == uid for reference in obj["metadata"]["ownerReferences"]):
                    found[ref_of(obj)] = obj
        return found

    def orphans(self, kind: Primary, key: Key, namespaces: Iterable[str]) -> dict[Ref, Object]:
        """What it has there without an owner, as while it is being deleted: by its label."""
        return {
            ref_of(obj): obj
            for one in kind.owns
            for namespace in namespaces
            for obj in self._cluster.caches[one.name].within(namespace)
            if not obj["metadata"].get("ownerReferences")
            and obj["metadata"].get("labels", {}).get(kind.label) == key.name
        }

    def pending(self, key: Key) -> bool:
        """Some of its pods have not been asked often enough for anything to be said of them."""
        return bool(self.unasked(key))

    def unasked(self, key: Key) -> frozenset[str]:
        """The names of those."""
        pods = self._cluster.caches[PODS.name].owned_by(key)
        return frozenset(obj["metadata"]["name"] for obj in pods if self._polls.pending(ref_of(obj)))

    def pods(self, key: Key) -> list[ObservedPod]:
        return [self._pod(obj) for obj in self._cluster.caches[PODS.name].owned_by(key)]

    def _pod(self, obj: Object) -> ObservedPod:
        metadata, status = obj["metadata"], obj["status"]
        conditions = {one["type"]: one for one in status["conditions"]}
        scheduled = conditions.get("PodScheduled", {})
        return ObservedPod(
            name=metadata["name"],
            uid=metadata["uid"],
            node=obj["spec"]["nodeName"],
            ip=status.get("podIP", ""),
            phase=status.get("phase", ""),
            ready=conditions.get("Ready", {}).get("status") == "True",
            terminating="deletionTimestamp" in metadata,
            qos=status.get("qosClass", ""),
            created=metadata.get("creationTimestamp", ""),
            labels=metadata.get("labels", {}),
            annotations=metadata.get("annotations", {}),
            status=self._polls.status(ref_of(obj)),
            grace_seconds=metadata.get("deletionGracePeriodSeconds"),
            unschedulable=scheduled.get("message", "") if scheduled.get("status") == "False" else "",
            failing=status.get("failing", ""),
        )


def _node(obj: Object) -> ObservedNode:
    return ObservedNode(
        name=obj["metadata"]["name"],
        uid=obj["metadata"]["uid"],
        ready=obj["status"]["conditions"][0]["status"] == "True",
        unschedulable=obj["spec"]["unschedulable"],
        labels=obj["metadata"]["labels"],
        taints=tuple(obj["spec"]["taints"]),
    )
