"""What the caches hold for one agent, as its plan takes it.

Rules: reads caches; what they cannot hold (a tenant's Secrets and ConfigMaps) is asked for by name, a few at a time,
and remembered for `REMEMBERED_SECONDS`. Of a Secret only whether it is there; of a ConfigMap what it holds, and that
only where its version is another than the last time.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from parley_operator.api import Unreachable
from parley_operator.cluster import Cluster, version_of
from parley_operator.few import a_few
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

LOOK_UP_SECONDS = 60.0
"""All look-ups of one agent: with a slow API server and a hundred names a worker would count as stuck (probes.py)."""


@dataclass(frozen=True, slots=True)
class _Known:
    """`digest` is None for what is not there, "" for a Secret; `version` is a ConfigMap's."""

    at: float
    """When the answer came, by the loop's clock."""

    digest: str | None
    version: str = ""


class Observer:
    def __init__(self, cluster: Cluster, polls: Polls, ports: Ports, rolls: Rolls) -> None:
        self._cluster = cluster
        self._polls = polls
        self._ports = ports
        self._rolls = rolls
        self._looked_up: dict[Ref, _Known] = {}

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
        refs = [Ref("Secret", key.namespace, name) for name in sorted(wanted.secrets)]
        refs += [Ref("ConfigMap", key.namespace, name) for name in sorted(wanted.config_maps)]
        since = asyncio.get_running_loop().time() - REMEMBERED_SECONDS
        try:
            async with asyncio.timeout(LOOK_UP_SECONDS):
                found = dict(zip(refs, await a_few(self._found, refs), strict=True))
        except TimeoutError as error:
            self._keep(refs, since)
            raise Unreachable(f"{len(refs)} Secrets and ConfigMaps: not all looked up in time") from error
        there = {ref: digest for ref, digest in found.items() if digest is not None}
        secrets = frozenset(ref.name for ref in there if ref.kind == "Secret")
        return secrets, {ref.name: digest for ref, digest in there.items() if ref.kind == "ConfigMap"}

    def _keep(self, refs: list[Ref], since: float) -> None:
        """What a look-up that took too long went by counts as new: the next asks for the rest, not for all again."""
        now = asyncio.get_running_loop().time()
        for ref in refs:
            known = self._looked_up.get(ref)
            if known is not None and known.at > since:
                self._looked_up[ref] = replace(known, at=now)

    async def _found(self, ref: Ref) -> str | None:
        """None: it is not there. Of a ConfigMap the digest of what it holds."""
        loop = asyncio.get_running_loop()
        known = self._looked_up.get(ref)
        if known is not None and loop.time() - known.at < REMEMBERED_SECONDS:
            return known.digest
        if ref.kind == "Secret":
            there = await self._cluster.secret_exists(ref.namespace, ref.name)
            digest, version = "" if there else None, ""
        else:
            digest, version = await self._config_map(ref, known)
        if len(self._looked_up) > 10_000:
            self._looked_up.clear()
        self._looked_up[ref] = _Known(loop.time(), digest, version)
        return digest

    async def _config_map(self, ref: Ref, known: _Known | None) -> tuple[str | None, str]:
        """As `_Known` has them."""
        version = await self._cluster.config_map_version(ref.namespace, ref.name)
        if version and known is not None and known.version == version:
            return known.digest, version
        obj = await self._cluster.config_map(ref.namespace, ref.name) if version else None
        return (None, "") if obj is None else (_digest(obj), version_of(obj))


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
