"""What is the VoiceAgents' alone: their turns to roll, their ports of nodes, marks on their pods, and how calls end.

Rules: what follows the calls is written seldom and a few at a time. A pod is cut only where its agent is gone, or
going, and said so; one that was set to drain just before it was deleted drains.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from parley_operator import names
from parley_operator.api import ApiError
from parley_operator.cluster import NotOurs
from parley_operator.few import a_few
from parley_operator.kinds import AGENTS, DEPLOYMENTS, NAMESPACES, NETWORK_POLICIES, NODES, TENANTS
from parley_operator.plan import voiceagent
from parley_operator.plan.agent import AgentPlan, Cut, ObservedAgent
from parley_operator.plan.conditions import condition
from parley_operator.plan.needs import needs
from parley_operator.plan.plan import Object, Observed, Ref, ref_of
from parley_operator.plan.pods import cuts
from parley_operator.plan.refusals import SESSION_QUOTA
from parley_operator.plan.session_quota import left_for
from parley_operator.plan.tenant import Membership, tenant_of
from parley_operator.pod_status import QUESTION
from parley_operator.ports import Ports
from parley_operator.programs.program import Look, Program, Shared
from parley_operator.programs.turns import Turns
from parley_operator.queue import Key
from parley_operator.rolls import Rolls
from parley_operator.settings import Settings
from parley_operator.wakes import any_of

LOOK_UP_AGAIN_SECONDS = 60.0
"""What a tenant's ConfigMaps hold is not watched."""

MOST_PODS = 32
"""Pods that are marked, or cut, in one look; the others in the next, or one of many would last too long (probes.py)."""

_MOST_DRAINED = 10_000


class VoiceAgents(Program[ObservedAgent, AgentPlan]):
    kind = AGENTS
    slow_status = ("calls", "readyReplicas")
    question = QUESTION

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.rolls = Rolls(shared.settings.roll_at_once)
        self.ports = Ports()
        self._turns = Turns(self.rolls, self.kind, shared.observer)
        self._drained: dict[str, None] = {}
        """Agents that were deleted and let their calls end, by uid."""

    async def observe(self, key: Key, obj: Object, seen: Observed) -> ObservedAgent:
        secrets, contents = await self.shared.look_ups.find(key.namespace, needs(obj))
        at_host_port = "hostPort" in (((obj.get("spec") or {}).get("media") or {}).get("reach") or {})
        return ObservedAgent(
            **seen.facts(),
            secrets=secrets,
            config_maps=frozenset(contents),
            contents=contents,
            host_ports=self.ports.of_others(key) if at_host_port else {},
            nodes=self.shared.observer.nodes() if at_host_port else (),
            may_roll=self.rolls.may(key),
            membership=self._membership(key, seen.namespace),
        )

    def plan(self, obj: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
        return voiceagent.plan(obj, observed, settings, now)

    def _membership(self, key: Key, namespace: Object | None) -> Membership | None:
        caches, tenant = self.shared.cluster.caches, tenant_of(namespace)
        obj = caches[TENANTS.name].get("", tenant) if tenant and TENANTS.name in caches else None
        if obj is None:
            return None
        isolated = caches[NETWORK_POLICIES.name].get(key.namespace, names.IN_TENANT) is not None
        spec = obj.get("spec") or {}
        quota = (spec.get("quota") or {}).get("sessions")
        if quota is None:
            return Membership(tenant, isolated)
        theirs = [
            name
            for name in spec.get("namespaces") or ()
            if tenant_of(caches[NAMESPACES.name].get("", name)) == tenant
        ]
        asks = self.shared.tenancy.asks(theirs)
        left = left_for(key, quota, asks, self.shared.tenancy.held(asks))
        return Membership(tenant, isolated, quota, left)

    def refers_to(self, obj: Object) -> Iterable[Ref]:
        namespace = obj["metadata"]["namespace"]
        yield Ref(NAMESPACES.name, "", namespace)
        yield Ref(NETWORK_POLICIES.name, namespace, names.IN_TENANT)
        accepted = condition(obj, "Accepted") or {}
        if accepted.get("reason") == SESSION_QUOTA:
            yield any_of(TENANTS.name)
        if (obj.get("status") or {}).get("hostPort"):
            yield any_of(NODES.name)

    def changed(self, key: Key, obj: Object | None) -> None:
        self.ports.hold(key, (obj or {}).get("status"))
        self.shared.tenancy.agent(key, obj)

    def gone(self, obj: Object) -> None:
        """Its pods may still be marked as it was before: that is written later."""
        if obj.get("spec", {}).get("deletion") != "Cut":
            self._drained[obj["metadata"]["uid"]] = None
            while len(self._drained) > _MOST_DRAINED:
                del self._drained[next(iter(self._drained))]

    def begin(self, key: Key, observed: ObservedAgent) -> None:
        self._turns.begin(key, observed)
        deployment = Ref(DEPLOYMENTS.name, key.namespace, names.child(key.name))
        self.shared.tenancy.seen(key, observed.children.get(deployment))

    def planned(self, key: Key, plan: AgentPlan) -> None:
        if plan.status is not None:
            self.ports.hold(key, plan.status)  # or another plan takes the same port
        self.shared.tenancy.planned(key, plan.objects)

    async def after(self, look: Look[AgentPlan]) -> float | None:
        waits = [] if look.untold else [await self._slowly(look.plan.slow)]
        if look.refused:
            self._turns.give_up(look.key)
        else:
            busy = bool((look.obj.get("status") or {}).get("calls"))
            self._turns.take(look.key, look.obj, rolls=look.plan.rolls, busy=busy)
            waits.append(await self._cut(look.plan.cut))
        if needs(look.obj).config_maps:
            waits.append(LOOK_UP_AGAIN_SECONDS)
        return min((wait for wait in waits if wait is not None), default=None)

    async def farewell(self, key: Key, obj: Object | None) -> float | None:
        self._turns.forget(key)
        self.ports.release(key)
        pods = self.shared.observer.pods(key)
        pods = [pod for pod in pods if pod.annotations.get(names.CUT_WITH, "") not in self._drained]
        return await self._cut(cuts(pods, key.namespace, living=""))

    def at_rest(self) -> Iterable[Key]:
        """All who wait to roll are known now."""
        return self.rolls.grant()

    @property
    def turns(self) -> tuple[int, int]:
        return self.rolls.waiting, self.rolls.rolling

    async def _slowly(self, marks: list[Object]) -> float | None:
        """What follows the calls. Seconds until the first of what has to wait may be written."""
        waits: list[float] = []
        due: list[Object] = []
        for obj in marks:
            if not self.shared.cluster.differs(obj):
                continue
            wait = self.shared.pace.wait(ref_of(obj), obj["metadata"].get("uid", ""))
            if wait > 0:
                waits.append(wait)
            else:
                due.append(obj)
        await a_few(self._mark, due[:MOST_PODS])
        return 0.0 if due[MOST_PODS:] else min(waits, default=None)

    async def _mark(self, obj: Object) -> None:
        self.shared.pace.wrote(ref_of(obj), obj["metadata"].get("uid", ""))
        try:
            await self.shared.cluster.apply(obj)
        except NotOurs:
            pass
        except ApiError as error:
            if error.status not in (404, 409, 422):  # it is gone
                raise

    async def _cut(self, wanted: list[Cut]) -> float | None:
        """Seconds until the rest of them may be cut."""

        async def one(cut: Cut) -> None:
            await self.shared.cluster.delete(cut.ref, cut.uid, cut.grace_seconds)

        await a_few(one, wanted[:MOST_PODS])
        return 0.0 if wanted[MOST_PODS:] else None
