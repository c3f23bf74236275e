"""What a tenant names, Secrets and ConfigMaps, is looked up: by name, a few at a time, and no more than need be."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any

import pytest

from parley_operator.kinds import AGENTS
from parley_operator.look_ups import LookUps
from parley_operator.media_types import METADATA
from parley_operator.plan.agent import AgentPlan, ObservedAgent
from parley_operator.plan.needs import Needs
from parley_operator.plan.plan import Object
from parley_operator.settings import Settings
from tests.unit.parley_operator.world import AGENT_PATH, KEY, World
from tests.virtual_time import run


def test_what_a_tenant_named_is_looked_up_by_name_and_looked_up_again_later() -> None:
    async def main() -> None:
        world = World()
        seen: list[ObservedAgent] = []

        def plan(agent: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
            seen.append(observed)
            return AgentPlan()

        world.plan = plan
        metadata = {"name": "a", "namespace": "tenant"}
        spec = {"pods": {"environmentFrom": ["keys"], "caConfigMap": "ca"}}
        obj = {"apiVersion": AGENTS.api_version, "kind": AGENTS.name, "metadata": metadata, "spec": spec}
        await world.api.put(AGENT_PATH, obj)
        await world.look()
        assert (seen[-1].secrets, seen[-1].config_maps) == (frozenset(), frozenset())
        assert world.queue.delayed == 1
        await world.api.put("/api/v1/namespaces/tenant/secrets/keys", {"metadata": {"name": "keys"}})
        await world.api.put(
            "/api/v1/namespaces/tenant/configmaps/ca", {"metadata": {"name": "ca"}, "data": {"a": "1"}}
        )
        await asyncio.sleep(11)
        await world.look()
        assert (seen[-1].secrets, seen[-1].config_maps) == ({"keys"}, {"ca"})
        before = seen[-1].contents["ca"]
        await world.api.put(
            "/api/v1/namespaces/tenant/configmaps/ca", {"metadata": {"name": "ca"}, "data": {"a": "2"}}
        )
        await asyncio.sleep(11)
        await world.look()
        assert seen[-1].contents["ca"] != before

    run(main())


def naming(**pods: Any) -> Object:
    metadata = {"name": "a", "namespace": "tenant"}
    return {
        "apiVersion": AGENTS.api_version,
        "kind": AGENTS.name,
        "metadata": metadata,
        "spec": {"pods": pods},
    }


def test_what_a_tenants_config_map_holds_is_fetched_only_where_it_is_another_version() -> None:
    """Bug: knowledge of up to a megabyte was fetched of each agent every minute, to find that it was the same."""

    async def main() -> None:
        world = World()
        seen: list[ObservedAgent] = []
        world.plan = lambda agent, observed, settings, now: seen.append(observed) or AgentPlan()  # type: ignore[func-returns-value]
        path = "/api/v1/namespaces/tenant/configmaps/ca"
        await world.api.put(AGENT_PATH, naming(caConfigMap="ca"))
        await world.api.put(path, {"metadata": {"name": "ca"}, "data": {"a": "1"}})
        asked = []
        for held in ("1", "1", "2"):
            if held == "2":
                await world.api.put(path, {"metadata": {"name": "ca"}, "data": {"a": held}})
            already = len(world.api.requests)
            await world.look()
            asked.append([METADATA in one.accept for one in world.api.requests[already:]])
            await asyncio.sleep(60)
        assert asked == [[True, False], [True], [True, False]], "metadata first, the rest where need be"
        digests = [observed.contents["ca"] for observed in seen]
        assert digests[0] == digests[1] != digests[2]
        await world.api.remove(path)
        await world.look()
        assert seen[-1].config_maps == frozenset()

    run(main())


def test_what_a_tenant_named_is_looked_up_a_few_at_a_time_and_never_for_longer_than_a_minute() -> None:
    """Bug: a worker counted as stuck, and the operator was restarted. Cause: one after another, up to 15 s each."""

    async def main() -> None:
        world = World()
        world.plan = lambda *facts: AgentPlan()
        await world.api.put(AGENT_PATH, naming(environmentFrom=[f"keys-{number}" for number in range(16)]))
        world.see()
        world.api.seconds = 10.0
        started = asyncio.get_running_loop().time()
        await world.reconcile(KEY)
        assert asyncio.get_running_loop().time() - started == pytest.approx(20)
        assert world.outcomes == ["done"]
        await asyncio.sleep(60)
        world.api.seconds = 59.0
        started = asyncio.get_running_loop().time()
        await world.reconcile(KEY)
        assert asyncio.get_running_loop().time() - started == pytest.approx(60)
        assert world.outcomes == ["done", "again"]

    run(main())


def test_with_a_slow_api_server_what_was_looked_up_is_not_looked_up_again_until_all_is_known() -> None:
    """Bug: such an agent was never planned: each look-up ended after a minute, and the next began with nothing. Cause:
    what was found counted as known since it was asked for, and for ten seconds.
    """

    async def main() -> None:
        world = World()
        world.plan = lambda *facts: AgentPlan()
        await world.api.put(AGENT_PATH, naming(environmentFrom=[f"keys-{number}" for number in range(100)]))
        world.see()
        world.api.seconds = 11.0
        for _ in range(3):
            await world.reconcile(KEY)
            await asyncio.sleep(1)
        assert world.outcomes == ["again", "again", "done"]
        paths = [one.path for one in world.api.requests]
        assert len(paths) == len(set(paths)) == 100

    run(main())


def test_an_answer_counts_from_when_it_came() -> None:
    async def main() -> None:
        world = World()
        world.plan = lambda *facts: AgentPlan()
        await world.api.put(AGENT_PATH, naming(environmentFrom=["keys"]))
        world.see()
        world.api.seconds = 11.0
        for _ in range(2):
            await world.reconcile(KEY)
        assert len(world.api.requests) == 1

    run(main())


def test_a_claim_that_somebody_made_is_looked_up_by_its_metadata_alone() -> None:
    async def main() -> None:
        world = World()
        wanted = Needs(claims=frozenset({"weights", "more"}))
        path = "/api/v1/namespaces/tenant/persistentvolumeclaims/weights"
        await world.api.put(path, {"metadata": {"name": "weights"}, "spec": {"volumeName": "v"}})
        found = await LookUps(world.cluster).find("tenant", wanted)
        assert found.claims == {"weights"}
        assert [one.accept for one in world.api.requests if one.method == "GET"] == [METADATA, METADATA]

    run(main())
