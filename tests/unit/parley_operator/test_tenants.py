"""Tenants in the operator's core: what is written, asked and looked at again, and what agents know of theirs."""

from __future__ import annotations

import asyncio
from typing import Any

from parley_operator import names
from parley_operator.api import ApiError
from parley_operator.cache import NEWEST
from parley_operator.kinds import (
    AGENTS,
    DEPLOYMENTS,
    MODEL_SERVERS,
    NAMESPACES,
    NETWORK_POLICIES,
    SERVICES,
    TENANTS,
)
from parley_operator.plan import voiceagent
from parley_operator.plan.plan import Object, Ref
from parley_operator.plan.tenant import Claim
from parley_operator.programs.modelserver import ModelServers
from parley_operator.programs.voicetenant import VoiceTenants
from parley_operator.queue import Key
from tests.small_cluster import condition, voice_agent
from tests.small_model_cluster import model_server
from tests.small_tenant import voice_tenant
from tests.unit.parley_operator.world import World
from tests.virtual_time import run

CLINIC = Key("VoiceTenant", "", "clinic")
PATH = TENANTS.path(name="clinic")


class Place(World):
    """With tenants, whose changes are noted as main.py does, and agents as they are planned in truth."""

    def __init__(self) -> None:
        super().__init__(ModelServers, VoiceTenants)
        self.plan = voiceagent.plan
        [self.tenants] = [
            program for program in self.reconcile._programs.values() if isinstance(program, VoiceTenants)
        ]

    async def tenant(self, name: str = "clinic", *namespaces: str, **spec: Any) -> Key:
        obj = voice_tenant(name, *namespaces, **spec)
        before = self.api.objects.get(TENANTS.path(name=name), {})
        metadata = {**obj["metadata"], **before.get("metadata", {})}
        await self.api.put(TENANTS.path(name=name), {**before, **obj, "metadata": metadata})
        return Key("VoiceTenant", "", name)

    async def agent(self, name: str, namespace: str = "clinic", created: str = "", **spec: Any) -> Key:
        obj = voice_agent(name, **spec)
        metadata = {"name": name, "namespace": namespace, "creationTimestamp": created, "generation": 1}
        path = AGENTS.path(namespace, name)
        before = self.api.objects.get(path, {})
        await self.api.put(path, {**before, **obj, "metadata": {**before.get("metadata", {}), **metadata}})
        return Key("VoiceAgent", namespace, name)

    async def going(self, *finalizers: str) -> None:
        """Somebody deletes the tenant, which has these finalizers beside its own."""
        tenant = self.api.objects[PATH]
        held = [*tenant["metadata"]["finalizers"], *finalizers]
        going = {"deletionTimestamp": "2026-03-04T11:00:00Z", "finalizers": held}
        await self.api.put(PATH, {**tenant, "metadata": {**tenant["metadata"], **going}})

    def see(self) -> None:
        super().see()
        for program in (self.agents, self.tenants):
            cache = self.cluster.caches[program.kind.name]
            known = {Key(program.kind.name, *place) for place in cache.places()}
            for key in known:
                program.changed(key, self.cluster.cached(key))
            self.gone = getattr(self, "gone", set()) | known
            for key in self.gone - known:
                if key.kind == program.kind.name:
                    program.changed(key, None)

    def use(self) -> dict[str, str]:
        return {one["resource"]: one["used"] for one in self.api.objects[PATH]["status"]["use"]}

    def conditions(self, path: str = PATH) -> Object:
        found: Object = self.api.objects[path]["status"]
        return found


def test_it_is_written_once_and_by_no_other_process_again() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant("clinic", "a", "b", quota={"pods": 4})
        assert await place.look(CLINIC) == [
            "PATCH alpha1/voicetenants/clinic",
            *(f"PATCH /namespaces/{name}" for name in "a"),
            *(f"PATCH /namespaces/a/{kind}/parley-tenant" for kind in ("networkpolicies", "limitranges")),
            "PATCH /namespaces/a/resourcequotas/parley-tenant",
            *(f"PATCH /namespaces/{name}" for name in "b"),
            *(f"PATCH /namespaces/b/{kind}/parley-tenant" for kind in ("networkpolicies", "limitranges")),
            "PATCH /namespaces/b/resourcequotas/parley-tenant",
            "PATCH alpha1/voicetenants/clinic/status",
        ]
        assert await place.look(CLINIC) == ["PATCH alpha1/voicetenants/clinic/status"], "it was read back"
        assert await place.look(CLINIC) == []
        again = Place()
        again.api = again.cluster._api = place.api
        assert await again.look(CLINIC) == []
        assert "finalizers" in place.api.objects[PATH]["metadata"]

    run(main())


def test_a_namespace_that_the_watch_has_not_brought_yet_is_not_taken_over() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant()
        place.see()
        theirs = {
            "apiVersion": "v1",
            "kind": "Namespace",
            "metadata": {"name": "clinic", "labels": {"x": "y"}},
        }
        await place.api.put(NAMESPACES.path(name="clinic"), theirs)
        service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web", "namespace": "clinic"}}
        await place.api.put(SERVICES.path("clinic", "web"), service)
        await place.reconcile(CLINIC)
        assert place.api.objects[NAMESPACES.path(name="clinic")]["metadata"]["labels"] == {"x": "y"}
        told = condition(place.conditions(), "Accepted")
        assert told["reason"] == "NamespaceInUse"
        assert "Service web" in told["message"]

    run(main())


def test_of_two_tenants_each_sees_the_others_claim_until_it_is_gone() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant()
        other = await place.tenant("bank", "clinic")
        place.see()
        tenancy = place.tenants.shared.tenancy
        created = "2026-01-02T00:00:00Z"
        assert set(tenancy.claims("clinic")) == {Claim(created, "clinic"), Claim(created, "bank")}
        place.tenants.changed(other, None)
        assert tenancy.claims("clinic") == (Claim(created, "clinic"),)

    run(main())


def test_its_end_takes_what_is_ours_away_from_namespaces_and_itself_last() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant()
        await place.look(CLINIC)
        await place.agent("shop")
        await place.going()
        assert await place.look(CLINIC) == [
            "PATCH alpha1/voicetenants/clinic/status",
            "POST /namespaces/default/events",
            "POST /namespaces/default/events",
        ]
        assert condition(place.conditions(), "Accepted")["reason"] == "Deleting"
        await place.api.remove(AGENTS.path("clinic", "shop"))
        assert await place.look(CLINIC) == [
            "DELETE /namespaces/clinic/limitranges/parley-tenant",
            "DELETE /namespaces/clinic/networkpolicies/parley-tenant",
            "PATCH /namespaces/clinic",
            "PATCH alpha1/voicetenants/clinic",
        ]
        namespace, itself = (one.body for one in place.api.writes()[-2:])
        assert namespace["metadata"].keys() == itself["metadata"].keys() == {"name", "uid"}, "of nothing"

    run(main())


def test_one_that_drains_deletes_the_very_agents_that_it_has() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant(deletion="Drain")
        await place.look(CLINIC)
        await place.agent("shop")
        await place.agent("other", "elsewhere")
        assert "DELETE" not in str(await place.look(CLINIC))
        await place.going()
        assert "DELETE alpha1/namespaces/clinic/voiceagents/shop" in await place.look(CLINIC)
        assert AGENTS.path("elsewhere", "other") in place.api.objects

    run(main())


def test_a_refused_removal_keeps_the_finalizer() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant()
        await place.look(CLINIC)
        await place.going()
        place.api.write_errors.append(ApiError(403, "Forbidden", "no"))
        assert await place.look(CLINIC) == ["DELETE /namespaces/clinic/limitranges/parley-tenant"]
        assert place.outcomes[-1] == "refused"

    run(main())


def test_agents_namespaces_and_model_servers_wake_their_tenant() -> None:
    place = Place()
    found = set(place.tenants.refers_to(voice_tenant("clinic", "a")))
    assert found == {Ref("Namespace", "", "a"), Ref("VoiceAgent", "a", ""), Ref("ModelServer", "a", "")}


# What agents know of theirs.


def test_sessions_are_given_before_they_are_written_and_are_free_again_with_the_agent() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant(quota={"sessions": 100})
        await place.look(CLINIC)
        first = await place.agent("first", created="2026-01-01T00:00:00Z", replicas=1, sessions={"limit": 60})
        second = await place.agent(
            "second", created="2026-01-02T00:00:00Z", replicas=1, sessions={"limit": 60}
        )
        written = await place.look(second)
        assert [one for one in written if "deployments" in one] == []
        told = condition(place.conditions(AGENTS.path("clinic", "second")), "Accepted")
        assert told["reason"] == "SessionQuota"
        assert "asks for 60 sessions" in told["message"]
        assert "of the 100 of tenant clinic its other agents leave 40" in told["message"]
        assert any("deployments" in one for one in await place.look(first))
        live = place.api.objects[DEPLOYMENTS.path("clinic", "first-agent")]
        assert live["metadata"]["annotations"][names.SESSIONS] == "60"
        await place.api.remove(AGENTS.path("clinic", "first"))
        assert any("deployments" in one for one in await place.look(second)), "there is room"

    run(main())


def test_what_an_agent_has_another_process_reads_in_its_deployment() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant(quota={"sessions": 100})
        await place.look(CLINIC)
        first = await place.agent("first", created="2026-01-02T00:00:00Z", replicas=1, sessions={"limit": 60})
        await place.look(first)
        await place.agent("first", created="2026-01-02T00:00:00Z", replicas=1, sessions={"limit": 120})
        again = Place()
        again.api = again.cluster._api = place.api
        second = await again.agent(
            "second", created="2026-01-01T00:00:00Z", replicas=1, sessions={"limit": 50}
        )
        written = await again.look(second)
        assert [one for one in written if "deployments" in one] == [], (
            "the other has 60, though it is younger"
        )
        again.see()
        asks = again.agents.shared.tenancy.asks(["clinic"])
        assert again.agents.shared.tenancy.held(asks)[first] == 60

    run(main())


def test_an_agent_has_no_policy_of_its_own_where_its_tenants_is_and_gets_it_back() -> None:
    async def main() -> None:
        place = Place()
        shop = await place.agent("shop")
        mine = [one for one in await place.look(shop) if "networkpolicies" in one]
        assert len(mine) == 1
        theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "clinic"}}
        theirs["metadata"]["labels"] = {names.PARLEY_TENANT: "clinic"}  # type: ignore[index]
        await place.api.put(NAMESPACES.path(name="clinic"), theirs)
        await place.tenant()
        assert [one for one in await place.look(shop) if "networkpolicies" in one] == [], "not before"
        await place.look(CLINIC)
        assert [one for one in await place.look(shop) if "networkpolicies" in one] == [
            mine[0].replace("PATCH", "DELETE")
        ]
        await place.api.remove(NETWORK_POLICIES.path("clinic", names.IN_TENANT))
        assert [one for one in await place.look(shop) if "networkpolicies" in one] == mine

    run(main())


def test_a_model_server_has_none_either_and_counts_in_its_tenants_use() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant()
        await place.look(CLINIC)
        assert place.use()["modelServers"] == "0"
        llm = Key("ModelServer", "clinic", "llm")
        server = model_server("llm")
        server["metadata"] = {"name": "llm", "namespace": "clinic", "generation": 1}
        await place.api.put(MODEL_SERVERS.path("clinic", "llm"), server)
        written = await place.look(llm)
        assert any("deployments" in one for one in written)
        assert not any("networkpolicies" in one for one in written)
        await asyncio.sleep(31)
        await place.look(CLINIC)
        assert place.use()["modelServers"] == "1"
        await place.api.remove(NETWORK_POLICIES.path("clinic", names.IN_TENANT))
        assert any("networkpolicies/llm" in one for one in await place.look(llm))

    run(main())


def test_a_policy_of_the_tenants_name_that_is_not_the_tenants_isolates_nobody() -> None:
    async def main() -> None:
        place = Place()
        await place.tenant()
        await place.look(CLINIC)
        place.see()
        tenancy, namespace = (
            place.tenants.shared.tenancy,
            place.cluster.cached(Ref("Namespace", "", "clinic")),
        )
        assert tenancy.isolates(namespace)
        path = NETWORK_POLICIES.path("clinic", names.IN_TENANT)
        metadata = {**place.api.objects[path]["metadata"], "ownerReferences": []}
        await place.api.put(path, {**place.api.objects[path], "metadata": metadata})
        place.see()
        assert not tenancy.isolates(namespace)

    run(main())


def test_deleted_in_the_foreground_its_agents_stay_isolated_and_nothing_of_it_is_left_in_the_end() -> None:
    """Bug: what isolates them was made anew with its owner, and taken by the garbage collector each time."""

    async def main() -> None:
        place = Place()
        await place.tenant()
        await place.look(CLINIC)
        await place.agent("shop")
        await place.going("foregroundDeletion")
        policy = NETWORK_POLICIES.path("clinic", names.IN_TENANT)
        await place.api.remove(policy)
        await place.look(CLINIC)
        assert "ownerReferences" not in place.api.objects[policy]["metadata"]
        place.see()
        assert place.tenants.shared.tenancy.isolates(place.cluster.cached(Ref("Namespace", "", "clinic")))
        await place.api.remove(AGENTS.path("clinic", "shop"))
        for _ in range(2):
            await place.look(CLINIC)
        assert PATH not in place.api.objects
        assert not [path for path in place.api.objects if path.endswith(f"/{names.IN_TENANT}")]

    run(main())


def test_a_tenant_whose_namespaces_cannot_be_watched_still_has_its_agents() -> None:
    """Bug: it seemed to have none, and went from under them."""

    async def main() -> None:
        place = Place()
        await place.tenant()
        await place.look(CLINIC)
        await place.agent("shop")
        await place.going()
        place.see()
        cache = place.cluster.caches[NAMESPACES.name]
        cache.drop(("", "clinic"), NEWEST)
        cache.served = False
        await place.reconcile(CLINIC)
        assert PATH in place.api.objects
        assert "clinic/shop" in condition(place.conditions(), "Accepted")["message"]

    run(main())


def test_an_agent_is_woken_by_its_tenants_policy_and_while_it_waits_by_tenants() -> None:
    place = Place()
    agent = {**voice_agent("shop"), "metadata": {"name": "shop", "namespace": "clinic"}}
    assert set(place.agents.refers_to(agent)) == {
        Ref("Namespace", "", "clinic"),
        Ref("NetworkPolicy", "clinic", names.IN_TENANT),
    }
    waits = {**agent, "status": {"conditions": [{"type": "Accepted", "reason": "SessionQuota"}]}}
    assert Ref("VoiceTenant", "", "") in set(place.agents.refers_to(waits))
