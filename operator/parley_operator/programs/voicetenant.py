"""What is the VoiceTenants' alone: whose a namespace is, which agents are in it, and how a tenant goes.

Rules: of a namespace that the caches do not have the API server is asked, or one that somebody has just made would be
taken over. Agents are deleted only of a tenant that is, and says Drain.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from parley_operator import names
from parley_operator.few import a_few
from parley_operator.kinds import AGENTS, DEPLOYMENTS, MODEL_SERVERS, NAMESPACES, PODS, SERVICES, TENANTS
from parley_operator.plan import voicetenant
from parley_operator.plan.plan import Object, Observed, Ref
from parley_operator.plan.tenant import (
    ObservedTenant,
    Surge,
    TenantPlan,
    Whole,
    holder,
    model_surge,
    tenant_of,
)
from parley_operator.programs.program import Look, Program
from parley_operator.queue import Key
from parley_operator.settings import Settings
from parley_operator.wakes import any_of

LOOKED_FOR = (DEPLOYMENTS, SERVICES, PODS)
"""Kinds of which some are named that are in a namespace of nobody's."""

MOST_FOUND = 3
MOST_AGENTS = 32
"""That are deleted in one look."""


class VoiceTenants(Program[ObservedTenant, TenantPlan]):
    kind = TENANTS
    slow_status = ("use",)
    finalizer = names.TENANT_FINALIZER

    async def observe(self, key: Key, obj: Object, seen: Observed) -> ObservedTenant:
        cluster, tenancy = self.shared.cluster, self.shared.tenancy
        cache = cluster.caches[NAMESPACES.name]
        namespaces = {one["metadata"]["name"]: one for one in cache.owned_by(key)}
        claims, found = {}, {}
        for name in _named(obj):
            claims[name] = tenancy.claims(name)
            live = cache.get("", name)
            if live is None and (live := await cluster.get(Ref(NAMESPACES.name, "", name))) is not None:
                live = NAMESPACES.trim(live)
            if live is None:
                continue
            namespaces[name] = live
            label = tenant_of(live)
            if label != key.name and holder(claims[name], label) == key.name:
                found[name] = await self._found(name)
        # Of those that are named also what the caches lack: a tenant that seems to have no agents may go.
        ours = [name for name, live in namespaces.items() if tenant_of(live) == key.name]
        asks = tenancy.asks(ours)
        facts = seen.facts()
        if "deletionTimestamp" in obj["metadata"]:
            facts["children"] = {**seen.children, **self.shared.observer.orphans(self.kind, key, ours)}
        return ObservedTenant(
            **facts,
            namespaces=namespaces,
            claims=claims,
            found=found,
            agents=asks,
            held=tenancy.held(asks),
            model_servers=self._model_servers(ours),
        )

    def plan(self, obj: Object, observed: ObservedTenant, settings: Settings, now: datetime) -> TenantPlan:
        return voicetenant.plan(obj, observed, settings, now)

    def refers_to(self, obj: Object) -> Iterable[Ref]:
        for name in _named(obj):
            yield Ref(NAMESPACES.name, "", name)
            yield any_of(AGENTS.name, name)
            yield any_of(MODEL_SERVERS.name, name)

    def changed(self, key: Key, obj: Object | None) -> None:
        self.shared.tenancy.tenant(key, obj)

    async def after(self, look: Look[TenantPlan]) -> float | None:
        cluster, plan = self.shared.cluster, look.plan

        async def delete(one: Whole) -> None:
            await cluster.delete(one.ref, one.uid)

        await a_few(delete, plan.drain[:MOST_AGENTS])
        if not look.refused:
            for one in plan.let_go:
                await cluster.let_go(one.ref, one.uid)
        return 0.0 if plan.drain[MOST_AGENTS:] else None

    async def _found(self, namespace: str) -> tuple[str, ...]:
        told = []
        for kind in LOOKED_FOR:
            some = await self.shared.cluster.some(kind, namespace, MOST_FOUND)
            told += [f"{kind.name} {name}" for name in some]
        return tuple(told)

    def _model_servers(self, namespaces: Iterable[str]) -> dict[Ref, Surge] | None:
        cache = self.shared.cluster.caches[MODEL_SERVERS.name]
        if not cache.served:
            return None
        return {
            MODEL_SERVERS.key(name, one["metadata"]["name"]): model_surge(one)
            for name in namespaces
            for one in cache.within(name)
        }


def _named(obj: Object) -> list[str]:
    return list(dict.fromkeys((obj.get("spec") or {}).get("namespaces") or ()))
