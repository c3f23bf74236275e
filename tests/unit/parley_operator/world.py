"""The core of an operator over a fake API server, with a plan of a ConfigMap and a Deployment."""

from __future__ import annotations

import copy
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from parley_operator.cluster import Cluster
from parley_operator.kinds import AGENTS, KINDS
from parley_operator.observe import Observer
from parley_operator.plan.plan import Object, Observed, Plan, PodStatus, Ref
from parley_operator.polls import Polls
from parley_operator.ports import Ports
from parley_operator.queue import Key, Queue
from parley_operator.reconcile import Reconciler
from parley_operator.rolls import Rolls
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


def simple(agent: Object, observed: Observed, settings: Settings, now: datetime) -> Plan:
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
    return Plan(
        objects=[config_map, deployment],
        prune=[ref for ref in observed.children if ref not in wanted],
        status={"calls": calls, "conditions": [condition]},
    )


class World:
    """The core of an operator over a fake API server. `plan` may be replaced."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.cluster = Cluster(self.api, lambda: None, lambda *write: self.counted.append(write))
        self.counted: list[tuple[str, str, str]] = []
        self.queue = Queue()
        self.rolls = Rolls(1)
        self.ports = Ports()
        self.statuses: dict[Ref, PodStatus] = {}
        self.pending: set[Ref] = set()
        polls = Polls(5, 1, lambda key, after: None, lambda outcome: None)
        polls.status = self.statuses.get  # type: ignore[method-assign, assignment]
        polls.pending = lambda pod: pod in self.pending  # type: ignore[method-assign]
        self.plan: Callable[[Object, Observed, Settings, datetime], Plan] = simple
        self.outcomes: list[str] = []
        self.reconcile = Reconciler(
            self.cluster,
            Observer(self.cluster, polls, self.ports, self.rolls),
            self._plan,
            self.queue,
            self.rolls,
            self.ports,
            Settings(identity="test"),
            lambda kind, outcome, seconds: self.outcomes.append(outcome),
            lambda: NOW,
        )

    def _plan(self, agent: Object, observed: Observed, settings: Settings, now: datetime) -> Plan:
        return self.plan(agent, observed, settings, now)

    async def user_writes(self, content: str = "one") -> None:
        before = self.api.objects.get(AGENT_PATH, {})
        metadata = {**before.get("metadata", {}), "name": "a", "namespace": "tenant"}
        agent = {**before, "apiVersion": AGENTS.api_version, "kind": AGENTS.name, "metadata": metadata}
        await self.api.put(AGENT_PATH, {**agent, "spec": {"content": content}})

    def see(self) -> None:
        """What the watches would have brought by now."""
        for kind, cache in ((kind, self.cluster.caches[kind.name]) for kind in KINDS.values()):
            present = set()
            for path, obj in self.api.objects.items():
                if path.split("/")[-2] == kind.plural:
                    cache.put(copy.deepcopy(obj))
                    present.add((obj["metadata"].get("namespace", ""), obj["metadata"]["name"]))
            for place in cache.absent(present, self.api.version):
                cache.drop(place, self.api.version)

    async def look(self) -> list[str]:
        """One look; what was written by it."""
        self.see()
        already = len(self.api.requests)
        await self.reconcile(KEY)
        written = [one for one in self.api.requests[already:] if one.method != "GET"]
        return [f"{one.method} {one.path.rpartition('/v1')[2]}" for one in written]

    def status(self) -> Object:
        status: Object = self.api.objects[AGENT_PATH]["status"]
        return status
