"""What the caches hold for one agent, as its plan takes it.

Rules: reads caches; what they cannot hold (a tenant's Secrets and ConfigMaps) is asked for by name, remembered for
`REMEMBERED_SECONDS`, and of a Secret only whether it is there.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping

from parley_operator.cluster import Cluster
from parley_operator.kinds import NAMESPACES, NODES, OWNED, PODS
from parley_operator.plan.needs import Needs, needs
from parley_operator.plan.plan import (
    Failure,
    Object,
    Observed,
    ObservedNode,
    ObservedPod,
    Ref,
    ref_of,
)
from parley_operator.polls import Polls
from parley_operator.ports import Ports
from parley_operator.queue import Key
from parley_operator.rolls import Rolls

REMEMBERED_SECONDS = 10.0


class Observer:
    def __init__(self, cluster: Cluster, polls: Polls, ports: Ports, rolls: Rolls) -> None:
        self._cluster = cluster
        self._polls = polls
        self._ports = ports
        self._rolls = rolls
        self._looked_up: dict[Ref, tuple[float, str | None]] = {}

    async def observe(self, key: Key, agent: Object, failures: tuple[Failure, ...] = ()) -> Observed:
        """Raises ApiError or Unreachable where something has to be asked for."""
        secrets, contents = await self._look_up(key, needs(agent))
        caches = self._cluster.caches
        at_host_port = "hostPort" in (((agent.get("spec") or {}).get("media") or {}).get("reach") or {})
        return Observed(
            children=self.children(key, agent["metadata"]["uid"]),
            pods={pod.name: pod for pod in self.pods(key)},
            namespace=caches[NAMESPACES.name].get("", key.namespace),
            secrets=secrets,
            config_maps=frozenset(contents),
            contents=contents,
            kinds=frozenset(kind.name for kind in OWNED if kind.optional and caches[kind.name].served),
            host_ports=self._ports.of_others(key) if at_host_port else {},
            nodes=tuple(map(_node, caches[NODES.name].all())) if at_host_port else (),
            may_roll=self._rolls.may(key),
            failures=failures,
        )

    def children(self, key: Key, uid: str) -> dict[Ref, Object]:
        """What that very agent owns."""
        found = {}
        for kind in OWNED:
            for obj in self._cluster.caches[kind.name].owned_by(key):
                if any(reference["uid"] == uid for reference in obj["metadata"]["ownerReferences"]):
                    found[ref_of(obj)] = obj
        return found

    def pending(self, key: Key) -> bool:
        """Some of its pods have not been asked often enough for anything to be said of them."""
        return any(self._polls.pending(ref_of(obj)) for obj in self._cluster.caches[PODS.name].owned_by(key))

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

    async def _look_up(self, key: Key, wanted: Needs) -> tuple[frozenset[str], Mapping[str, str]]:
        secrets = set()
        for name in sorted(wanted.secrets):
            if await self._found(Ref("Secret", key.namespace, name)) is not None:
                secrets.add(name)
        contents = {}
        for name in sorted(wanted.config_maps):
            digest = await self._found(Ref("ConfigMap", key.namespace, name))
            if digest is not None:
                contents[name] = digest
        return frozenset(secrets), contents

    async def _found(self, ref: Ref) -> str | None:
        """None: it is not there. Of a ConfigMap the digest of what it holds."""
        now = asyncio.get_running_loop().time()
        known = self._looked_up.get(ref)
        if known is not None and now - known[0] < REMEMBERED_SECONDS:
            return known[1]
        found: str | None
        if ref.kind == "Secret":
            found = "" if await self._cluster.secret_exists(ref.namespace, ref.name) else None
        else:
            obj = await self._cluster.config_map(ref.namespace, ref.name)
            found = None if obj is None else _digest(obj)
        if len(self._looked_up) > 10_000:
            self._looked_up.clear()
        self._looked_up[ref] = (now, found)
        return found


def _digest(config_map: Object) -> str:
    held = {name: config_map.get(name) or {} for name in ("data", "binaryData")}
    return hashlib.sha256(json.dumps(held, sort_keys=True).encode()).hexdigest()


def _node(obj: Object) -> ObservedNode:
    return ObservedNode(
        name=obj["metadata"]["name"],
        ready=obj["status"]["conditions"][0]["status"] == "True",
        unschedulable=obj["spec"]["unschedulable"],
        labels=obj["metadata"]["labels"],
        taints=tuple(obj["spec"]["taints"]),
    )
