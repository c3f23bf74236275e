"""The VoiceAgents of the bench: made all at once, changed one by one, and when each of them says Ready."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from kubernetes_asyncio import client, watch

GROUP, VERSION, PLURAL = "parley.dev", "v1alpha1", "voiceagents"
NAMESPACES = 20
MERGE = "application/merge-patch+json"
"""kubernetes_asyncio takes any patch of a custom object for a JSON patch, unless it is told."""
AT_ONCE = 64
"""Requests under way at the same time: what a tenant's CI and forty people with kubectl are together."""


def name(number: int) -> str:
    return f"agent-{number:05}"


def namespace(number: int) -> str:
    return f"bench-{number % NAMESPACES:02}"


def manifest(number: int, replicas: int) -> dict[str, Any]:
    """A small agent: what it says is its own, so that no two ConfigMaps are alike."""
    return {
        "apiVersion": f"{GROUP}/{VERSION}",
        "kind": "VoiceAgent",
        "metadata": {"name": name(number), "namespace": namespace(number)},
        "spec": {
            "replicas": replicas,
            "conversation": {
                "instructions": f"You are agent {number}.",
                "intents": [
                    {"name": "hours", "phrases": ["when are you open"], "answer": f"From {number} to ten."}
                ],
            },
        },
    }


async def make_namespaces(api: client.ApiClient) -> None:
    core = client.CoreV1Api(api)
    for number in range(NAMESPACES):
        await core.create_namespace({"metadata": {"name": namespace(number)}})


async def make(api: client.ApiClient, numbers: Sequence[int], replicas: int) -> None:
    """All of them, as fast as the API server takes them."""
    objects, gate = client.CustomObjectsApi(api), asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with gate:
            await objects.create_namespaced_custom_object(
                GROUP, VERSION, namespace(number), PLURAL, manifest(number, replicas)
            )

    await asyncio.gather(*map(one, numbers))


async def change(api: client.ApiClient, number: int, words: str) -> None:
    """What it says, and so its ConfigMap and its Deployment."""
    body = {"spec": {"conversation": {"instructions": words}}}
    await client.CustomObjectsApi(api).patch_namespaced_custom_object(
        GROUP, VERSION, namespace(number), PLURAL, name(number), body, _content_type=MERGE
    )


class Readiness:
    """When each agent was first seen, and when it first said Ready, in seconds of time.monotonic."""

    def __init__(self) -> None:
        self.seen: dict[str, float] = {}
        self.ready: dict[str, float] = {}

    def take(self, agent: Mapping[str, Any]) -> None:
        if (found := agent.get("metadata", {}).get("name")) is None:
            return
        now = time.monotonic()
        self.seen.setdefault(found, now)
        if is_ready(agent):
            self.ready.setdefault(found, now)


Take = Callable[[Mapping[str, Any]], None]
"""An object as it is now; of a bookmark its metadata alone, without a name."""


async def follow(api: client.ApiClient, plural: str, take: Take) -> None:
    """For ever; to be cancelled. An interrupted watch goes on from where it was: one from the beginning would have the
    API server send all objects each time, and at ten thousand it does nothing else any more.
    """
    objects = client.CustomObjectsApi(api)
    version = ""
    while True:
        try:
            version = version or await _list(objects, plural, take)
            async with watch.Watch().stream(
                objects.list_cluster_custom_object,
                *(GROUP, VERSION, plural),
                resource_version=version,
                allow_watch_bookmarks=True,
                timeout_seconds=240,
            ) as events:
                async for event in events:
                    version = event["object"]["metadata"]["resourceVersion"]
                    take(event["object"])
        except TimeoutError:  # the client's own, after five minutes
            pass
        except client.ApiException as error:
            # A version that is no longer there; a kind so new that its storage is being made.
            if error.status not in (410, 429, 504):
                raise
            version = ""
        await asyncio.sleep(0.1)


async def _list(objects: client.CustomObjectsApi, plural: str, take: Take) -> str:
    """The version from which on a watch has the rest."""
    more: dict[str, Any] = {}
    while True:
        page = await objects.list_cluster_custom_object(GROUP, VERSION, plural, limit=500, **more)
        for obj in page["items"]:
            take(obj)
        metadata = page["metadata"]
        if not metadata.get("continue"):
            return str(metadata["resourceVersion"])
        more = {"_continue": metadata["continue"]}


def is_ready(agent: Mapping[str, Any]) -> bool:
    """Of this generation."""
    conditions = agent.get("status", {}).get("conditions", [])
    generation = agent["metadata"].get("generation")
    return any(
        one["type"] == "Ready" and one["status"] == "True" and one.get("observedGeneration") == generation
        for one in conditions
    )
