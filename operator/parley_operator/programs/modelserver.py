"""What is the ModelServers' alone: their turns to roll, and who names them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from parley_operator import names
from parley_operator.kinds import AGENTS, MODEL_SERVERS, NAMESPACES, NETWORK_POLICIES
from parley_operator.model_status import QUESTION
from parley_operator.plan import modelserver
from parley_operator.plan.model import ModelServerPlan, ObservedModelServer
from parley_operator.plan.needs import needs_of_model_server
from parley_operator.plan.plan import Object, Observed, Ref
from parley_operator.programs.program import Look, Program, Shared
from parley_operator.programs.turns import Turns
from parley_operator.queue import Key
from parley_operator.rolls import Rolls
from parley_operator.settings import Settings


class ModelServers(Program[ObservedModelServer, ModelServerPlan]):
    kind = MODEL_SERVERS
    slow_status = ("agents",)
    question = QUESTION
    finalizer = names.MODEL_SERVER_FINALIZER

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.rolls = Rolls(shared.settings.roll_at_once)
        self._turns = Turns(self.rolls, self.kind, shared.observer)

    async def observe(self, key: Key, obj: Object, seen: Observed) -> ObservedModelServer:
        found = await self.shared.look_ups.find(key.namespace, needs_of_model_server(obj))
        facts = seen.facts()
        if "deletionTimestamp" in obj["metadata"]:
            facts["children"] = {**seen.children, **self._orphans(key)}
        return ObservedModelServer(
            **facts,
            secrets=found.secrets,
            config_maps=frozenset(found.contents),
            claims=found.claims,
            agents=self._agents(key),
            isolated=self.shared.tenancy.isolates(seen.namespace),
            may_roll=self.rolls.may(key),
        )

    def plan(
        self, obj: Object, observed: ObservedModelServer, settings: Settings, now: datetime
    ) -> ModelServerPlan:
        return modelserver.plan(obj, observed, settings, now)

    def refers_to(self, obj: Object) -> Iterable[Ref]:
        namespace = obj["metadata"]["namespace"]
        yield Ref(NAMESPACES.name, "", namespace)
        yield Ref(NETWORK_POLICIES.name, namespace, names.IN_TENANT)

    def begin(self, key: Key, observed: ObservedModelServer) -> None:
        self._turns.begin(key, observed)

    async def after(self, look: Look[ModelServerPlan]) -> float | None:
        if look.refused:
            self._turns.give_up(look.key)
        else:
            busy = bool((look.obj.get("status") or {}).get("agents"))
            self._turns.take(look.key, look.obj, rolls=look.plan.rolls, busy=busy)
        return None

    async def farewell(self, key: Key, obj: Object | None) -> float | None:
        self._turns.forget(key)
        for ref, orphan in self._orphans(key).items():
            if "deletionTimestamp" not in orphan["metadata"]:
                await self.shared.cluster.delete(ref, orphan["metadata"]["uid"])
        return None

    def at_rest(self) -> Iterable[Key]:
        """All who wait to roll are known now."""
        return self.rolls.grant()

    @property
    def turns(self) -> tuple[int, int]:
        return self.rolls.waiting, self.rolls.rolling

    def _orphans(self, key: Key) -> dict[Ref, Object]:
        return self.shared.observer.orphans(self.kind, key, [key.namespace])

    def _agents(self, key: Key) -> tuple[str, ...]:
        agents = [one for one in self.shared.wakes.who_name(key) if one.kind == AGENTS.name]
        return tuple(f"{one.namespace}/{one.name}" for one in agents)
