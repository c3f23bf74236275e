"""What kopf cannot say of what people write: that all has been listed, and what went while its watch was cut off."""

from __future__ import annotations

import asyncio
from itertools import islice

import pytest

from parley_operator.api import ApiError, Unreachable
from parley_operator.cache import Cache
from parley_operator.kinds import AGENTS
from parley_operator.plan.plan import Object
from parley_operator.primaries import Sweep, _Forever, _settings
from parley_operator.watch import Reflector
from tests.unit.parley_operator.fake_api import FakeApi
from tests.virtual_time import run


def agent(name: str) -> Object:
    metadata = {"name": name, "namespace": "tenant"}
    return {"apiVersion": AGENTS.api_version, "kind": AGENTS.name, "metadata": metadata, "spec": {}}


class Sweeping:
    def __init__(self, api: FakeApi, every: float = 600) -> None:
        self.cache = Cache(AGENTS)
        self.changed: list[str] = []
        reflector = Reflector(api, self.cache, lambda ref, owner: self.changed.append(ref.name))
        self.appeared = 0
        self.sweep = Sweep(reflector, every, self._appears)
        self.task = asyncio.create_task(self.sweep.run())

    def _appears(self) -> None:
        self.appeared += 1


def test_everything_is_listed_at_the_start_and_looked_over_at_each_resync() -> None:
    async def main() -> None:
        api = FakeApi()
        for name in "ab":
            await api.put(AGENTS.path("tenant", name), agent(name))
        sweeping = Sweeping(api)
        await sweeping.sweep.done.wait()
        assert sweeping.cache.synced.is_set()
        assert sweeping.changed == ["a", "b"]
        await api.remove(AGENTS.path("tenant", "a"))
        await asyncio.sleep(500)
        assert len(sweeping.cache) == 2
        await asyncio.sleep(200)
        assert sweeping.changed == ["a", "b", "a"]
        assert len(sweeping.cache) == 1
        sweeping.task.cancel()

    run(main())


def test_many_reasons_to_look_over_them_are_one_list() -> None:
    async def main() -> None:
        api = FakeApi()
        sweeping = Sweeping(api)
        await sweeping.sweep.done.wait()
        for _ in range(10_000):
            sweeping.sweep.ask()
        await asyncio.sleep(100)
        assert len(api.requests) == 2
        sweeping.task.cancel()

    run(main())


def test_a_list_that_fails_is_asked_for_again_and_nothing_is_dropped_meanwhile() -> None:
    async def main() -> None:
        api = FakeApi()
        await api.put(AGENTS.path("tenant", "a"), agent("a"))
        sweeping = Sweeping(api, every=60)
        await sweeping.sweep.done.wait()
        api.errors.extend([Unreachable("gone"), ApiError(500, "InternalError", "no"), Unreachable("gone")])
        await asyncio.sleep(70)
        assert len(sweeping.cache) == 1
        assert not sweeping.task.done()
        assert not api.errors
        sweeping.task.cancel()

    run(main())


@pytest.mark.parametrize("status", [403, 404])
def test_a_kind_that_is_not_served_counts_as_empty_and_is_looked_for_until_it_is(status: int) -> None:
    async def main() -> None:
        api = FakeApi()
        api.errors.extend([ApiError(status, "No", "no such kind, or not for us")] * 9)
        sweeping = Sweeping(api)
        await asyncio.wait_for(sweeping.sweep.done.wait(), 1)
        assert sweeping.cache.synced.is_set()
        assert not sweeping.cache.served
        while api.errors:
            assert sweeping.appeared == 0
            await asyncio.sleep(1)
        await api.put(AGENTS.path("tenant", "a"), agent("a"))
        await asyncio.sleep(11)
        assert sweeping.cache.served
        assert (sweeping.appeared, sweeping.changed) == (1, ["a"])
        await asyncio.sleep(3000)
        assert sweeping.appeared == 1
        sweeping.task.cancel()

    run(main())


def test_a_kind_that_is_found_to_be_gone_is_looked_for_from_then_on_and_not_at_the_next_resync_alone() -> (
    None
):
    """Bug: a CRD that was deleted and came back was watched no more. Cause: kopf ends when a kind that it watches goes,
    starts without it, and never looks for it again.
    """

    async def main() -> None:
        api = FakeApi()
        sweeping = Sweeping(api)
        await sweeping.sweep.done.wait()
        api.errors.append(ApiError(404, "NotFound", "the CRD was deleted"))
        assert await sweeping.sweep.once() is None
        assert not sweeping.cache.served
        await asyncio.sleep(15)
        assert sweeping.cache.served
        assert sweeping.appeared == 1
        sweeping.task.cancel()

    run(main())


def test_kopf_never_gives_up_and_writes_nothing_of_its_own() -> None:
    pauses = list(islice(_Forever(), 200))
    assert max(pauses) <= 10
    chosen = _settings()
    assert not chosen.posting.enabled
    assert chosen.scanning.disabled
