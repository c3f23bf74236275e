"""The core of an operator over a fake API server, with a plan of a ConfigMap and a Deployment."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from parley_operator.cluster import Cluster
from parley_operator.kinds import AGENTS, KINDS
from parley_operator.plan.agent import AgentPlan, ObservedAgent, PodStatus
from parley_operator.plan.plan import Object, Ref
from parley_operator.polls import Polls
from parley_operator.programs.program import Program, Shared
from parley_operator.programs.voiceagent import VoiceAgents
from parley_operator.queue import Key, Queue
from parley_operator.reconcile import Reconciler
from parley_operator.settings import Settings
from tests.unit.parley_operator.fake_api import FakeApi

KEY = Key("VoiceAgent", "tenant", "a")
NOW = datetime(2026, 11, 30, tzinfo=UTC)
AGENT_PATH = AGENTS.path("tenant", "a")


def child(kind: str, name: str, agent: Object, **spec: Any) -> Object:
    owner = {
        "apiVersion": agent["apiVersion"],
        "kind": agent["kind"],
        "name": agent["metadata"]["name"],
        "uid": agent["metadata"]["uid"],
        "controller": True,
    }
    return {
        "apiVersion": KINDS[kind].api_version,
        "kind": kind,
        "metadata": {"name": name, "namespace": "tenant", "ownerReferences": [owner]},
        "spec": spec,
    }


def ready(status: str, reason: str, message: str) -> Object:
    return {
        "type": "Ready",
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": "2026-11-30T00:00:00Z",
    }


def simple(agent: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
    """A ConfigMap whose name is its content, and a Deployment that needs it."""
    content = agent["spec"]["content"]
    config_map = child("ConfigMap", f"a-{content}", agent, content=content)
    deployment = child("Deployment", "a-agent", agent, content=content)
    wanted = {Ref("ConfigMap", "tenant", f"a-{content}"), Ref("Deployment", "tenant", "a-agent")}
    if observed.failures:
        failure = observed.failures[0]
        condition = ready("False", "Refused", f"{failure.ref}: {failure.message}")
    else:
        condition = ready("True", "AsWritten", "")
    calls = sum(pod.status.calls for pod in observed.pods.values() if pod.status)
    return AgentPlan(
        objects=[config_map, deployment],
        prune=[ref for ref in observed.children if ref not in wanted],
        status={"calls": calls, "conditions": [condition]},
    )


class World:
    """The core of an operator over a fake API server. `plan` may be replaced. `also`: kinds beside VoiceAgent."""

    def __init__(self, *also: type[Program[Any, Any]]) -> None:
        self.api = FakeApi()
        self.api.plurals |= {program.kind.plural for program in also}
        kinds = [AGENTS, *(program.kind for program in also)]
        self.cluster = Cluster(
            self.api, lambda: None, lambda *write: self.counted.append(write), kinds, home="parley-nodes"
        )
        self.counted: list[tuple[str, str, str]] = []
        self.queue = Queue()
        self.statuses: dict[Ref, PodStatus] = {}
        self.pending: set[Ref] = set()
        polls = Polls(5, 1, lambda key, after: None, lambda outcome: None)
        polls.status = self.statuses.get  # type: ignore[method-assign, assignment]
        polls.pending = lambda pod: pod in self.pending  # type: ignore[method-assign]
        self.plan: Callable[[Object, ObservedAgent, Settings, datetime], AgentPlan] = simple
        self.outcomes: list[str] = []
        shared = Shared(self.cluster, polls, Settings(identity="test", roll_at_once=1))
        self.agents = VoiceAgents(shared)
        self.agents.plan = self._plan  # type: ignore[method-assign]
        self.rolls = self.agents.rolls
        self.reconcile = Reconciler(
            shared,
            [self.agents, *(program(shared) for program in also)],
            self.queue,
            lambda kind, outcome, seconds: self.outcomes.append(outcome),
            lambda: NOW,
        )

    def _plan(self, obj: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
        return self.plan(obj, observed, settings, now)

    async def user_writes(self, content: str = "one") -> None:
        before = self.api.objects.get(AGENT_PATH, {})
        metadata = {**before.get("metadata", {}), "name": "a", "namespace": "tenant"}
        agent = {**before, "apiVersion": AGENTS.api_version, "kind": AGENTS.name, "metadata": metadata}
        await self.api.put(AGENT_PATH, {**agent, "spec": {"content": content}})

    def see(self) -> None:
        """What the watches would have brought by now."""
        for kind, cache in ((cache.kind, cache) for cache in self.cluster.caches.values()):
            present = set()
            for path, obj in self.api.objects.items():
                if path.split("/")[-2] == kind.plural:
                    cache.put(copy.deepcopy(obj))
                    present.add((obj["metadata"].get("namespace", ""), obj["metadata"]["name"]))
            for place in cache.absent(present, self.api.version):
                cache.drop(place, self.api.version)

    async def look(self, key: Key = KEY) -> list[str]:
        """One look; what was written by it."""
        self.see()
        already = len(self.api.requests)
        await self.reconcile(key)
        written = [one for one in self.api.requests[already:] if one.method != "GET"]
        return [f"{one.method} {one.path.rpartition('/v1')[2]}" for one in written]

    def status(self) -> Object:
        status: Object = self.api.objects[AGENT_PATH]["status"]
        return status
