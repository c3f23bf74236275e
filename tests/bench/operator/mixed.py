"""All four kinds at once: what a restart and a resync write, and how soon an agent tells what its model server tells.

    300 ModelServers, 600 VoiceAgents (every second names one of them), 80 VoiceTenants, 20 NodeTunings
    mixed     made at once -> until they are ready; a resync; then one model server after the other goes to no pod and
              back; then a restart

Rules: fake pods: those of agents and of model servers answer (stand_in.py), the tuners' do not, as their nodes have no
address here: a NodeTuning's status then says so, which is one that stays.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from kubernetes_asyncio import client

from tests.bench.operator import fleet, stages, world
from tests.bench.operator.stages import PROBE_PORT, RESYNC_SECS, Sample
from tests.bench.operator.world import Operator
from tests.controlplane.control_plane import ControlPlane

SHARES = {"modelservers": 0.3, "voiceagents": 0.6, "voicetenants": 0.08, "nodetunings": 0.02}
"""Of all objects."""

NAMES = {
    "modelservers": "ModelServer",
    "voiceagents": "VoiceAgent",
    "voicetenants": "VoiceTenant",
    "nodetunings": "NodeTuning",
}

NODE_TAINT = {"key": "dedicated", "value": "voice-ai", "effect": "NoSchedule"}


def counts(objects: int) -> dict[str, int]:
    return {plural: round(share * objects) for plural, share in SHARES.items()}


def manifests(objects: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Plural and object, those first that others name."""
    many = counts(objects)
    for plural, count in many.items():
        for number in range(count):
            metadata: dict[str, Any] = {"name": f"{NAMES[plural].lower()}-{number:04}"}
            if plural in ("modelservers", "voiceagents"):
                metadata["namespace"] = fleet.namespace(number)
            yield (
                plural,
                {
                    "apiVersion": f"{fleet.GROUP}/{fleet.VERSION}",
                    "kind": NAMES[plural],
                    "metadata": metadata,
                    "spec": _spec(plural, number, many["modelservers"]),
                },
            )


def _spec(plural: str, number: int, servers: int) -> dict[str, Any]:
    match plural:
        case "modelservers":
            return {
                "engine": {"vllm": {"model": f"team/model-{number}", "servedName": "model"}},
                "gpus": {"count": 0},
                "pods": {"image": "registry.example.com/vllm-cpu:1"},
                "placement": {
                    "resources": {"cpu": 1, "memory": "4Gi"},
                    "tolerations": [NODE_TAINT],
                },
            }
        case "voiceagents":
            agent = fleet.manifest(number, 1)["spec"]
            if number % 2 or number // 2 >= servers:
                return dict(agent)
            named = number // 2
            reference = {"name": f"modelserver-{named:04}", "namespace": fleet.namespace(named)}
            return {**agent, "engines": {"llm": {"modelServer": reference}}}
        case "voicetenants":
            return {"namespaces": [f"tenant-{number:04}"], "quota": {"cpu": 16, "sessions": 400}}
        case _:
            placement = {"nodeSelector": {"pool": f"{number:02}"}, "tolerations": [NODE_TAINT]}
            return {"sysctls": {"vm.swappiness": "1"}, "governor": "", "placement": placement}


async def mixed(objects: int, changes: int, chance: random.Random) -> list[Sample]:
    with world.local_addresses(), world.control_plane() as plane, world.stand_in(plane):
        _pools(plane)
        operator = Operator(plane, PROBE_PORT, RESYNC_SECONDS=str(RESYNC_SECS))
        samples: list[Sample] = []
        async with stages.administrator(plane) as api:
            await fleet.make_namespaces(api)
            with operator.run() as running:
                await operator.until_quiet(0, 60)
                log, began = plane.audit.from_now(), time.monotonic()
                await _make(api, objects)
                ready = await _settled(api, counts(objects))
                samples.append({"figure": "settled", "seconds": time.monotonic() - began, "ready": ready})
                samples.append(stages.writes("made", objects, log, world.USER))
                samples.append(stages.memory("after they were made", running))
                samples.append(await stages.resync(operator, plane, objects))
                servers = chance.sample(range(counts(objects)["modelservers"]), changes)
                samples += await _follow(api, servers)
            samples += await stages.restart(operator, plane, objects)
        return samples


def _pools(plane: ControlPlane) -> None:
    """Two nodes for each NodeTuning."""
    for number in range(world.NODES):
        plane.kubectl("label", "node", f"node-{number}", f"pool={number // 2:02}")


async def _make(api: client.ApiClient, objects: int) -> None:
    custom, gate = client.CustomObjectsApi(api), asyncio.Semaphore(fleet.AT_ONCE)

    async def one(plural: str, body: dict[str, Any]) -> None:
        async with gate:
            if namespace := body["metadata"].get("namespace"):
                await custom.create_namespaced_custom_object(
                    fleet.GROUP, fleet.VERSION, namespace, plural, body
                )
            else:
                await custom.create_cluster_custom_object(fleet.GROUP, fleet.VERSION, plural, body)

    await asyncio.gather(*(one(plural, body) for plural, body in manifests(objects)))


async def _settled(api: client.ApiClient, many: dict[str, int]) -> dict[str, int]:
    """Plural -> how many are Ready, once all model servers, agents and tenants are; TimeoutError."""
    custom = client.CustomObjectsApi(api)
    deadline = time.monotonic() + stages.LONGEST_SECS
    while True:
        ready = {}
        for plural in many:
            found = await custom.list_cluster_custom_object(fleet.GROUP, fleet.VERSION, plural)
            ready[plural] = sum(map(fleet.is_ready, found["items"]))
        if all(ready[plural] == count for plural, count in many.items() if plural != "nodetunings"):
            return ready
        if time.monotonic() > deadline:
            raise TimeoutError(f"ready are {ready} of {many}")
        await asyncio.sleep(2)


async def _follow(api: client.ApiClient, servers: Sequence[int]) -> list[Sample]:
    """One model server after the other goes to no pod, and back to one: from each time that its status tells so to when
    its agent's condition Ready does, as a watch sees them.
    """
    custom = client.CustomObjectsApi(api)
    seen = {"modelservers": Changes(_has_pods), "voiceagents": Changes(_ready)}
    following = [
        asyncio.create_task(fleet.follow(api, plural, changes.take)) for plural, changes in seen.items()
    ]
    samples: list[Sample] = []
    try:
        await asyncio.sleep(5)
        for number in servers:
            server, agent = f"modelserver-{number:04}", f"voiceagent-{2 * number:04}"
            for replicas, answers in ((0, False), (1, True)):
                began = time.monotonic()
                await custom.patch_namespaced_custom_object(
                    *(fleet.GROUP, fleet.VERSION, fleet.namespace(number), "modelservers"),
                    server,
                    {"spec": {"replicas": replicas}},
                    _content_type=fleet.MERGE,
                )
                told = await seen["modelservers"].since(began, server, answers)
                followed = await seen["voiceagents"].since(began, agent, answers)
                if told is None or followed is None:
                    samples.append({"figure": "not-followed", "server": server, "answers": answers})
                else:
                    took = 1000 * max(0.0, followed - told)
                    samples.append({"figure": "followed", "answers": answers, "milliseconds": took})
    finally:
        for task in following:
            task.cancel()
        await asyncio.gather(*following, return_exceptions=True)
    return samples


def _has_pods(server: Mapping[str, Any]) -> bool:
    """With none it is ready all the same: that is what it is told to be."""
    return bool(server.get("status", {}).get("readyReplicas", 0))


def _ready(agent: Mapping[str, Any]) -> bool:
    conditions = agent.get("status", {}).get("conditions", [])
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


class Changes:
    """Of what is told of all objects of a kind: when it was first seen as it is, by time.monotonic."""

    def __init__(self, told: Callable[[Mapping[str, Any]], bool]) -> None:
        self._told = told
        self._seen: dict[str, tuple[bool, float]] = {}

    def take(self, obj: Mapping[str, Any]) -> None:
        if name := obj["metadata"].get("name"):
            told = self._told(obj)
            if name not in self._seen or self._seen[name][0] != told:
                self._seen[name] = told, time.monotonic()

    async def since(self, began: float, name: str, told: bool, secs: float = 30.0) -> float | None:
        """When it became so after `began`."""
        while time.monotonic() - began < secs:
            found, at = self._seen.get(name, (not told, 0.0))
            if found == told and at >= began:
                return at
            await asyncio.sleep(0.02)
        return None


def lines(sample: Sample) -> list[str]:
    match sample["figure"]:
        case "settled":
            ready = ", ".join(f"{count} {plural}" for plural, count in sample["ready"].items())
            return [f"settled after {sample['seconds']:.1f} s; Ready are {ready}"]
        case "not-followed":
            told = "pods again" if sample["answers"] else "no pod"
            return [f"NOT followed: {sample['server']} with {told}"]
        case _:
            return []
