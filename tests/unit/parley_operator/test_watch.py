"""One kind into its cache: listed in pages, watched, listed again when its version has expired, and never given up."""

from __future__ import annotations

import asyncio

import pytest

from parley_operator.api import WATCH_SECONDS, ApiError, Unreachable
from parley_operator.cache import Cache
from parley_operator.kinds import KINDS, NODES, POD_MONITORS, Kind
from parley_operator.plan.plan import Object, Ref
from parley_operator.watch import Reflector
from tests.unit.parley_operator.fake_api import FakeApi
from tests.virtual_time import run

DEPLOYMENTS = KINDS["Deployment"]
AGENT = Ref("VoiceAgent", "tenant", "a")


def path(name: str) -> str:
    return DEPLOYMENTS.path("tenant", name)


def deployment(name: str, replicas: int = 1) -> Object:
    owner = {
        "kind": "VoiceAgent",
        "name": "a",
        "uid": "u",
        "controller": True,
        "apiVersion": "parley.dev/v1alpha1",
    }
    metadata = {"name": name, "namespace": "tenant", "ownerReferences": [owner]}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata,
        "spec": {"replicas": replicas},
    }


class Watching:
    """A reflector that runs, and what it said."""

    def __init__(self, api: FakeApi, cache: Cache | None = None) -> None:
        self.cache = Cache(DEPLOYMENTS) if cache is None else cache
        self.changes: list[tuple[str, Ref | None]] = []
        self.reflector = Reflector(api, self.cache, lambda ref, owner: self.changes.append((ref.name, owner)))
        self.task = asyncio.create_task(self.reflector.run())

    async def __aenter__(self) -> Watching:
        await asyncio.sleep(1)
        return self

    async def __aexit__(self, *error: object) -> None:
        assert not self.task.done(), "it gave up"
        self.task.cancel()


def test_what_is_there_is_listed_in_pages_and_what_comes_is_watched() -> None:
    async def main() -> None:
        api = FakeApi()
        api.page = 2
        for name in "abcde":
            await api.put(path(name), deployment(name))
        async with Watching(api) as watching:
            assert len(watching.cache) == 5
            assert watching.cache.synced.is_set()
            assert watching.changes == [(name, AGENT) for name in "abcde"]
            await api.put(path("f"), deployment("f"))
            await api.put(path("a"), deployment("a", replicas=2))
            await api.remove(path("b"))
            await asyncio.sleep(1)
            assert watching.changes[5:] == [("f", AGENT), ("a", AGENT), ("b", AGENT)]
            changed = watching.cache.get("tenant", "a")
            assert changed is not None
            assert changed["spec"]["replicas"] == 2
            assert ("tenant", "b") not in watching.cache

    run(main())


CONFIG_MAPS = KINDS["ConfigMap"]


def config_map(name: str, held: str) -> Object:
    metadata = {**deployment(name)["metadata"]}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"agent.yaml": held}}


def test_of_a_kind_of_which_metadata_alone_is_kept_nothing_else_is_asked_for() -> None:
    """Bug: every agent's file came over the wire at each list and each change, to be thrown away."""

    async def main() -> None:
        api = FakeApi()
        await api.put(CONFIG_MAPS.path("tenant", "a-1"), config_map("a-1", "one"))
        async with Watching(api, Cache(CONFIG_MAPS)) as watching:
            await api.put(CONFIG_MAPS.path("tenant", "a-2"), config_map("a-2", "two"))
            await asyncio.sleep(1)
            assert watching.changes == [("a-1", AGENT), ("a-2", AGENT)]
            for name in ("a-1", "a-2"):
                kept = watching.cache.get("tenant", name)
                assert kept is not None
                assert (kept["kind"], kept["apiVersion"]) == ("ConfigMap", "v1")
                assert "data" not in kept
        listed, watched = api.requests
        assert listed.accept == (
            "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1,application/json"
        )
        assert watched.accept == (
            "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json"
        )
        async with Watching(api):
            assert {request.accept for request in api.requests[2:]} == {"application/json"}

    run(main())


def test_a_change_of_what_is_not_kept_is_no_change() -> None:
    async def main() -> None:
        api = FakeApi()
        await api.put(path("a"), deployment("a"))
        async with Watching(api) as watching:
            again = deployment("a")
            again["metadata"]["managedFields"] = [{"manager": "kubelet"}]
            await api.put(path("a"), again)
            await asyncio.sleep(1)
            assert watching.changes == [("a", AGENT)]

    run(main())


def test_an_expired_version_leads_to_a_new_list_which_finds_what_went_meanwhile() -> None:
    async def main() -> None:
        api = FakeApi()
        for name in "abc":
            await api.put(path(name), deployment(name))
        async with Watching(api) as watching:
            watching.changes.clear()
            await api.remove(path("b"))
            await api.put(path("d"), deployment("d"))
            # as if the watch had been cut before it could tell of either, and the server no longer knew its version
            watching.task.cancel()
            cache = Cache(DEPLOYMENTS)
            for name in "abc":
                obj = deployment(name)
                obj["metadata"].update(uid=f"uid-{name}", resourceVersion="1")
                cache.put(obj)
        async with Watching(api, cache) as watching:
            assert sorted(place[1] for place in cache.places()) == ["a", "c", "d"]
            assert ("b", AGENT) in watching.changes
            await api.forget_history()
            await asyncio.sleep(700)
            await api.put(path("e"), deployment("e"))
            await asyncio.sleep(1)
            assert ("tenant", "e") in cache

    with pytest.raises(AssertionError, match="gave up"):
        run(main_cancelled())
    run(main())


async def main_cancelled() -> None:
    """The check of Watching itself: a task that ended fails the test."""
    async with Watching(FakeApi()) as watching:
        watching.task.cancel()
        await asyncio.sleep(0)


@pytest.mark.parametrize(
    "error",
    [
        ApiError(500, "InternalError", "no"),
        ApiError(429, "TooManyRequests", "slow down", retry_after=30),
        ApiError(403, "Forbidden", "not yet"),
        ApiError(404, "NotFound", "no such kind yet"),
        Unreachable("refused"),
        ValueError("a proxy's page"),
    ],
    ids=lambda error: type(error).__name__ + str(getattr(error, "status", "")),
)
def test_whatever_goes_wrong_it_heals(error: Exception) -> None:
    async def main() -> None:
        api = FakeApi()
        await api.put(path("a"), deployment("a"))
        api.errors.extend([error] * 4)
        async with Watching(api) as watching:
            await asyncio.sleep(200)
            assert len(watching.cache) == 1
            for _ in range(3):
                api.errors.append(error)
            await asyncio.sleep(1000)
            await api.put(path("b"), deployment("b"))
            await asyncio.sleep(60)
            assert len(watching.cache) == 2

    run(main())


def test_retry_after_is_waited_for() -> None:
    async def main() -> None:
        api = FakeApi()
        api.errors.append(ApiError(429, "TooManyRequests", "slow down", retry_after=20))
        async with Watching(api) as watching:
            await asyncio.sleep(18)
            assert len(api.requests) == 1
            await asyncio.sleep(3)
            assert watching.cache.synced.is_set()

    run(main())


def test_a_kind_that_is_not_served_is_empty_and_synced_until_it_is() -> None:
    async def main() -> None:
        api = FakeApi()
        api.errors.extend([ApiError(404, "NotFound", "page not found")] * 2)
        async with Watching(api, Cache(NODES)) as watching:
            assert watching.cache.synced.is_set()
            assert not watching.cache.served
            await asyncio.sleep(130)
            assert watching.cache.served

    run(main())


async def refuse_what_is_known(kind: Kind, status: int) -> Cache:
    """A watch that ends is not let in again."""
    api = FakeApi()
    await api.put(kind.path("", "one"), {"kind": kind.name, "metadata": {"name": "one"}})
    async with Watching(api, Cache(kind)) as watching:
        assert len(watching.cache) == 1
        await api.forget_history()
        api.errors.extend([ApiError(status, "No", "no")] * 3)
        await asyncio.sleep(WATCH_SECONDS + 5)
        assert len(api.errors) < 3
    return watching.cache


@pytest.mark.parametrize("status", [403, 404])
def test_nodes_that_were_known_stay_known_while_we_may_not_read_them(status: int) -> None:
    """Bug: all nodes and namespaces passed for gone, and with them all that is held for their sake was let go."""

    async def main() -> None:
        cache = await refuse_what_is_known(NODES, status)
        assert cache.served
        assert len(cache) == 1

    run(main())


def test_of_a_kind_whose_definition_is_gone_nothing_is_kept() -> None:
    async def main() -> None:
        cache = await refuse_what_is_known(POD_MONITORS, 404)
        assert not cache.served
        assert len(cache) == 0

    run(main())
