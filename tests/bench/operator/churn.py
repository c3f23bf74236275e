"""Agents that come, change and go all the time, by a seed; and what is there in the end, for comparison.

`end_state` is every object of the agents' and their children, without what two runs can't have alike: uid,
resourceVersion, generation, times, managedFields, addresses of Services, and names that were generated.
"""

from __future__ import annotations

import asyncio
import json
import random
from typing import Any

from kubernetes_asyncio import client

from tests.bench.operator import fleet
from tests.controlplane.kubectl import Kubectl

KINDS = (
    "voiceagents,deployments,services,configmaps,serviceaccounts,poddisruptionbudgets,"
    "horizontalpodautoscalers,networkpolicies"
)

_NEVER_ALIKE = {
    "uid",
    "resourceVersion",
    "generation",
    "observedGeneration",
    "creationTimestamp",
    "managedFields",
    "lastTransitionTime",
    "lastUpdateTime",
    "lastProbeTime",
    "lastScaleTime",
    "clusterIP",
    "clusterIPs",
    "deployment.kubernetes.io/revision",
    "disruptedPods",
    "parley.dev/applied",  # a digest of what was applied, the owner's uid included
}
_BEGINS_WITH_GENERATION = "parley.dev/rendered-from"


class Churn:
    """`agents` at most; each step creates one, changes one, scales one or deletes one."""

    def __init__(self, api: client.ApiClient, agents: int, chance: random.Random) -> None:
        self._objects = client.CustomObjectsApi(api)
        self._agents, self._chance = agents, chance
        self.wanted: dict[int, dict[str, Any]] = {}
        self.steps = 0

    async def run(self, pause: float) -> None:
        """For ever; to be cancelled between two steps."""
        while True:
            await asyncio.shield(self._step())
            await asyncio.sleep(pause)

    async def make_all(self) -> None:
        """All that was wanted in the end, of a run before."""
        for manifest in self.wanted.values():
            await self._create(manifest)

    async def _step(self) -> None:
        self.steps += 1
        number = self._chance.randrange(self._agents)
        manifest = self.wanted.get(number)
        if manifest is None:
            self.wanted[number] = fleet.manifest(number, self._chance.randint(0, 3))
            await self._create(self.wanted[number])
        elif self._chance.random() < 0.2:
            del self.wanted[number]
            await self._objects.delete_namespaced_custom_object(*self._path(manifest))
        else:
            manifest["spec"]["replicas"] = self._chance.randint(0, 3)
            if self._chance.random() < 0.5:
                manifest["spec"]["conversation"]["instructions"] = f"Step {self.steps}."
            body = {"spec": manifest["spec"]}
            await self._objects.patch_namespaced_custom_object(
                *self._path(manifest), body, _content_type=fleet.MERGE
            )

    async def _create(self, manifest: dict[str, Any]) -> None:
        namespace = manifest["metadata"]["namespace"]
        # One of that name may be on its way out: foreground deletion takes a moment.
        for _ in range(100):
            try:
                await self._objects.create_namespaced_custom_object(
                    fleet.GROUP, fleet.VERSION, namespace, fleet.PLURAL, manifest
                )
                return
            except client.ApiException as error:
                if error.status != 409:
                    raise
                await asyncio.sleep(0.1)
        raise TimeoutError(f"{manifest['metadata']['name']} is still there")

    def _path(self, manifest: dict[str, Any]) -> tuple[str, str, str, str, str]:
        metadata = manifest["metadata"]
        return fleet.GROUP, fleet.VERSION, metadata["namespace"], fleet.PLURAL, metadata["name"]


def end_state(kubectl: Kubectl) -> dict[str, Any]:
    """ "Kind namespace/name" -> the object without what no two runs have alike."""
    found = json.loads(kubectl("get", KINDS, "--all-namespaces", "--output=json", secs=120))
    state: dict[str, Any] = {}
    for item in found["items"]:
        metadata = item["metadata"]
        if metadata["namespace"].startswith("bench-") and metadata["name"] not in (
            "default",
            "kube-root-ca.crt",
        ):
            alike = _alike(item)
            if item["kind"] == "Deployment":
                conditions = alike.get("status", {}).get("conditions", [])
                # A map by type: which came first is no matter.
                conditions.sort(key=lambda condition: condition["type"])
                for condition in conditions:  # messages have ReplicaSets' names
                    del condition["message"]
            state[f"{item['kind']} {metadata['namespace']}/{metadata['name']}"] = alike
    return state


def leftovers(state: dict[str, Any]) -> list[str]:
    """Children whose agent is gone, and agents that wait for a finalizer."""
    agents = {key.removeprefix("VoiceAgent ") for key in state if key.startswith("VoiceAgent ")}
    found = []
    for key, item in state.items():
        metadata = item["metadata"]
        if metadata.get("deletionTimestamp"):
            found.append(f"{key} waits to be deleted")
        owners = [one["name"] for one in metadata.get("ownerReferences", []) if one["kind"] == "VoiceAgent"]
        found += [
            f"{key} is an orphan" for owner in owners if f"{metadata['namespace']}/{owner}" not in agents
        ]
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What is in one alone, or not alike in both."""
    found = [f"only in the first: {key}" for key in sorted(one.keys() - other.keys())]
    found += [f"only in the second: {key}" for key in sorted(other.keys() - one.keys())]
    for key in sorted(one.keys() & other.keys()):
        found += [f"{key}: {path}" for path in _paths(one[key], other[key], "")]
    return found


def _paths(one: Any, other: Any, path: str) -> list[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        keys = sorted(one.keys() | other.keys())
        return [found for key in keys for found in _paths(one.get(key), other.get(key), f"{path}.{key}")]
    return [] if one == other else [f"{path} is {str(one)[:80]} and {str(other)[:80]}"]


def _alike(value: Any) -> Any:
    if isinstance(value, dict):
        alike = {key: _alike(member) for key, member in value.items() if key not in _NEVER_ALIKE}
        if _BEGINS_WITH_GENERATION in alike:
            alike[_BEGINS_WITH_GENERATION] = alike[_BEGINS_WITH_GENERATION].partition("/")[2]
        return alike
    if isinstance(value, list):
        return [_alike(member) for member in value]
    return value
