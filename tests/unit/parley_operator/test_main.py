"""Who is queued by what: an agent by itself and by what it owns, by its namespace, and by a node if need be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from parley_operator.fence import no_fence
from parley_operator.kinds import AGENTS, KINDS
from parley_operator.main import Operator
from parley_operator.plan.plan import Object, Ref
from parley_operator.settings import Settings
from tests.unit.parley_operator.fake_api import FakeApi
from tests.virtual_time import run


class Watched:
    """An operator that is not started, and what its watches say to it."""

    def __init__(self) -> None:
        self.operator = Operator(Settings(identity="test"), FakeApi(), no_fence)
        self.version = 100

    def kopf(self, what: str | None, name: str, **more: Any) -> None:
        self.version += 1
        metadata = {
            "name": name,
            "namespace": "tenant",
            "uid": f"u-{name}",
            "resourceVersion": str(self.version),
        }
        obj = {
            "apiVersion": AGENTS.api_version,
            "kind": AGENTS.name,
            "metadata": metadata,
            "spec": {},
            **more,
        }
        self.operator._take(AGENTS, what, obj)

    def watch(self, kind: str, name: str, **more: Any) -> None:
        self.version += 1
        metadata: Object = {"name": name, "uid": f"u-{name}", "resourceVersion": str(self.version)}
        if KINDS[kind].namespaced:
            metadata["namespace"] = "tenant"
        metadata |= more.pop("metadata", {})
        reflector = next(one for one in self.operator._reflectors if one.cache.kind.name == kind)
        reflector._put({"kind": kind, "apiVersion": KINDS[kind].api_version, "metadata": metadata, **more})

    def queued(self) -> list[str]:
        """And the queue is empty afterwards."""
        queue = self.operator._queue
        found = [*queue._urgent, *queue._routine, *queue._later]
        for waiting in (queue._urgent, queue._routine):
            waiting.clear()
        for handle in queue._later.values():
            handle.cancel()
        queue._later.clear()
        return sorted(key.name for key in found)


def in_a_loop(test: Callable[[Watched], None]) -> None:
    async def main() -> None:
        test(Watched())

    run(main())


def owned_by(name: str) -> Object:
    agent = {"apiVersion": AGENTS.api_version, "kind": AGENTS.name, "name": name, "uid": f"u-{name}"}
    return {"ownerReferences": [{**agent, "controller": True}]}


def test_an_agent_is_queued_when_it_comes_changes_and_goes_and_not_when_nothing_changed() -> None:
    def test(watched: Watched) -> None:
        watched.kopf("ADDED", "a")
        assert watched.queued() == ["a"]
        watched.kopf("MODIFIED", "a")
        assert watched.queued() == []
        watched.kopf("MODIFIED", "a", spec={"replicas": 2})
        assert watched.queued() == ["a"]
        watched.kopf("DELETED", "a")
        assert watched.queued() == ["a"]

    in_a_loop(test)


def test_a_new_list_of_kopfs_asks_for_a_list_of_our_own() -> None:
    def test(watched: Watched) -> None:
        watched.kopf("ADDED", "a")
        assert not watched.operator._sweeps[AGENTS.name]._asked.is_set()
        watched.kopf(None, "a")
        assert watched.operator._sweeps[AGENTS.name]._asked.is_set()

    in_a_loop(test)


def test_what_an_agent_owns_puts_it_on_the_queue() -> None:
    def test(watched: Watched) -> None:
        watched.watch("Deployment", "a-agent", metadata=owned_by("a"))
        assert watched.queued() == ["a"]
        watched.watch("Deployment", "a-agent", metadata=owned_by("a"))
        assert watched.queued() == []
        watched.watch("ConfigMap", "foreign")
        assert watched.queued() == []

    in_a_loop(test)


def pod(watched: Watched, **status: Any) -> None:
    watched.watch("Pod", "p", metadata={"labels": {"parley.dev/agent": "a"}}, spec={}, status=status)


def test_where_one_namespace_is_watched_its_pods_have_all_questions() -> None:
    def share(**given: Any) -> int:
        return Operator(
            Settings(identity="test", polls_at_once=32, **given), FakeApi(), no_fence
        )._polls._share

    async def main() -> None:
        assert (share(), share(watch_namespace="tenant")) == (8, 32)

    run(main())


def test_a_pod_that_runs_is_asked_for_its_status_until_it_is_over() -> None:
    def test(watched: Watched) -> None:
        pod(watched, phase="Pending")
        assert (watched.queued(), len(watched.operator._polls)) == (["a"], 0)
        pod(watched, phase="Running", podIP="10.0.0.1")
        assert (watched.queued(), len(watched.operator._polls)) == (["a"], 1)
        pod(watched, phase="Failed", podIP="10.0.0.1")
        assert len(watched.operator._polls) == 0
        pod(watched, phase="Running", podIP="10.0.0.1")
        cache = watched.operator._cluster.caches["Pod"]
        cache.drop(("tenant", "p"), 1 << 62)
        watched.operator._changed(Ref("Pod", "tenant", "p"), Ref("VoiceAgent", "tenant", "a"))
        assert len(watched.operator._polls) == 0

    in_a_loop(test)


def test_a_namespace_queues_its_agents_and_a_node_those_that_hold_a_port_of_nodes() -> None:
    def test(watched: Watched) -> None:
        watched.kopf("ADDED", "a")
        watched.kopf("ADDED", "b", status={"hostPort": 31000})
        watched.queued()
        watched.watch("Namespace", "tenant")
        assert watched.queued() == ["a", "b"]
        watched.watch("Namespace", "other")
        assert watched.queued() == []
        watched.watch("Node", "n1")
        assert watched.queued() == ["b"]
        watched.watch("Node", "n1", status={"images": ["what a node says of itself every few minutes"]})
        assert watched.queued() == []

    in_a_loop(test)


def test_who_begins_to_work_looks_at_all_agents_and_at_pods_whose_agent_went() -> None:
    def test(watched: Watched) -> None:
        watched.kopf("ADDED", "b")
        pod(watched, phase="Running")
        watched.queued()
        watched.operator._all()
        assert watched.queued() == ["a", "b"]

    in_a_loop(test)
