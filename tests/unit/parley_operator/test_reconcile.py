"""One look at an agent: what differs is written and nothing else; what fails is told, tried again, and heals."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import pytest

from parley_api import __version__
from parley_operator.api import ApiError, Unreachable
from parley_operator.cluster import Cluster
from parley_operator.kinds import AGENTS, KINDS, NAMESPACES, PODS
from parley_operator.media_types import METADATA
from parley_operator.observe import Observer
from parley_operator.plan.plan import Object, Observed, ObservedPod, Plan, PodStatus, Ref
from parley_operator.polls import Polls
from parley_operator.ports import Ports
from parley_operator.queue import Key, Queue
from parley_operator.reconcile import Reconciler
from parley_operator.rolls import Order, Rolls
from parley_operator.settings import Settings
from tests.unit.parley_operator.fake_api import FakeApi
from tests.virtual_time import run

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


def test_a_new_agent_becomes_its_objects_in_order_then_its_status() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        assert await world.look() == [
            "PATCH /namespaces/tenant/configmaps/a-one",
            "PATCH /namespaces/tenant/deployments/a-agent",
            "PATCH alpha1/namespaces/tenant/voiceagents/a/status",
            "POST /namespaces/tenant/events",
        ]
        assert world.outcomes == ["done"]

    run(main())


def test_what_is_somebody_elses_is_not_taken_over_even_where_no_field_of_theirs_is_ours() -> None:
    """Bug: a ServiceAccount that was there already was made the agent's, and went with it. Cause: an apply without
    force conflicts only over a field that another manager has set.
    """

    async def main() -> None:
        world = World()
        await world.user_writes()
        path = KINDS["ConfigMap"].path("tenant", "a-one")
        await world.api.put(path, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a-one"}})
        written = await world.look()
        assert not any("configmaps" in line for line in written)
        assert world.outcomes == ["refused"]
        assert "ownerReferences" not in world.api.objects[path]["metadata"]

    run(main())


def test_a_child_whose_owner_somebody_took_away_is_ours_again() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        await world.look()
        path = KINDS["Deployment"].path("tenant", "a-agent")
        orphan = world.api.objects[path]
        owners = orphan["metadata"].pop("ownerReferences")
        del orphan["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"]["f:ownerReferences"]
        await world.api.put(path, orphan)
        await world.look()
        assert world.api.objects[path]["metadata"]["ownerReferences"] == owners

    run(main())


def test_a_second_look_at_what_did_not_change_writes_nothing_nor_does_another_process() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        await world.look()
        assert await world.look() == []
        other = World()
        other.api = world.api
        other.cluster._api = world.api
        assert await other.look() == []

    run(main())


def test_what_a_write_returned_is_enough_to_write_nothing_again() -> None:
    """Before any watch has told of it."""

    async def main() -> None:
        world = World()
        await world.user_writes()
        await world.look()
        written = len(world.api.requests)
        await world.reconcile(KEY)
        assert len(world.api.requests) == written

    run(main())


def test_a_change_applies_what_differs_and_prunes_what_is_needed_no_longer() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes("one")
        await world.look()
        await world.user_writes("two")
        assert await world.look() == [
            "PATCH /namespaces/tenant/configmaps/a-two",
            "PATCH /namespaces/tenant/deployments/a-agent",
            "DELETE /namespaces/tenant/configmaps/a-one",
        ]

    run(main())


def test_a_child_that_somebody_edits_or_deletes_is_put_right() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        await world.look()
        path = KINDS["Deployment"].path("tenant", "a-agent")
        edited = world.api.objects[path]
        edited["spec"]["content"] = "theirs"
        del edited["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
        await world.api.put(path, edited)
        assert await world.look() == ["PATCH /namespaces/tenant/deployments/a-agent"]
        assert world.api.objects[path]["spec"] == {"content": "one"}
        await world.api.remove(path)
        assert await world.look() == ["PATCH /namespaces/tenant/deployments/a-agent"]

    run(main())


def test_what_is_refused_is_told_and_what_ran_before_stays() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes("one")
        await world.look()
        await world.user_writes("two")
        world.api.write_errors.append(ApiError(403, "Forbidden", "exceeded quota: configmaps"))
        written = await world.look()
        assert [line.split()[0] for line in written] == ["PATCH", "PATCH", "POST"]  # refused, status, Event
        assert (
            world.status()["conditions"][0]["message"] == "ConfigMap tenant/a-two: exceeded quota: configmaps"
        )
        assert KINDS["ConfigMap"].path("tenant", "a-one") in world.api.objects
        assert world.outcomes[-1] == "refused"
        assert world.queue.failing == 1
        assert len(await world.look()) == 5  # both objects, the old ConfigMap, status, Event: it has healed
        assert world.status()["conditions"][0]["status"] == "True"
        assert world.queue.failing == 0

    run(main())


@pytest.mark.parametrize(
    "error",
    [
        ApiError(429, "TooManyRequests", "slow down", retry_after=7),
        ApiError(500, "InternalError", "etcdserver: leader changed"),
        ApiError(409, "Conflict", "the object has been modified"),
        Unreachable("no answer"),
    ],
    ids=lambda error: str(getattr(error, "status", "no answer")),
)
def test_what_may_pass_is_no_condition_and_comes_again(error: Exception) -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        await world.look()
        await world.user_writes("two")
        world.api.write_errors.append(error)
        assert len(await world.look()) in (1, 2)
        assert world.status()["conditions"][0]["status"] == "True"
        assert world.outcomes[-1] == "again"
        assert world.queue.delayed == 1
        again = world.queue._later[KEY].when() - asyncio.get_running_loop().time()
        assert again >= getattr(error, "retry_after", 0)
        await world.look()
        assert world.outcomes[-1] == "done"

    run(main())


def test_nothing_is_done_in_a_namespace_that_is_being_terminated() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        obj = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "tenant"}}
        await world.api.put(NAMESPACES.path(name="tenant"), {**obj, "status": {"phase": "Terminating"}})
        assert await world.look() == []
        assert world.outcomes == ["quiet"]

    run(main())


def test_a_namespace_that_began_to_end_a_moment_ago_is_left_alone_too() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        refusal = ApiError(403, "Forbidden", "is being terminated", cause="NamespaceTerminating")
        world.api.write_errors.append(refusal)
        assert len(await world.look()) == 1
        assert world.outcomes == ["quiet"]
        assert world.queue.delayed == 0

    run(main())


def test_an_object_of_somebody_else_is_not_taken_over() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        path = KINDS["Deployment"].path("tenant", "a-agent")
        theirs = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "a-agent", "namespace": "tenant"},
        }
        theirs["metadata"]["managedFields"] = [{"manager": "helm"}]  # type: ignore[index]
        await world.api.put(path, theirs)
        # Without our label it is in no cache.
        world.see()
        world.cluster.caches["Deployment"].drop(("tenant", "a-agent"), 1 << 62)
        await world.reconcile(KEY)
        assert "spec" not in world.api.objects[path]
        assert "does not belong to this agent" in world.status()["conditions"][0]["message"]

    run(main())


def test_an_agent_that_went_in_the_middle_of_it_is_let_go() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        world.see()
        await world.api.remove(AGENT_PATH)
        await world.reconcile(KEY)
        assert world.outcomes == ["quiet"]
        world.see()
        await world.reconcile(KEY)
        assert world.outcomes == ["quiet", "gone"]

    run(main())


def with_calls(world: World, calls: int) -> None:
    world.statuses[Ref("Pod", "tenant", "p")] = PodStatus(calls, False, "digest", "1")


async def a_pod(world: World) -> None:
    metadata = {"name": "p", "namespace": "tenant", "labels": {"parley.dev/agent": "a"}}
    await world.api.put(PODS.path("tenant", "p"), {"apiVersion": "v1", "kind": "Pod", "metadata": metadata})


def test_numbers_of_calls_are_written_at_most_every_thirty_seconds() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        await a_pod(world)
        await world.look()
        times = []
        for calls in range(1, 121):
            with_calls(world, calls)
            if await world.look():
                times.append(asyncio.get_running_loop().time())
            await asyncio.sleep(1)
        pauses = [after - before for before, after in pairwise(times)]
        assert pauses == [30.0] * len(pauses)
        assert len(times) in (3, 4)
        assert KEY in world.queue._later or world.queue.depth

    run(main())


def test_nothing_is_said_of_pods_that_have_not_been_asked_yet() -> None:
    """After a restart nothing is known of any pod: it is no reason to write that, and then again what was there.

    The first run of the contract tests found it: two writes and an Event of every agent at every restart.
    """

    async def main() -> None:
        world = World()
        await world.user_writes()
        await a_pod(world)
        with_calls(world, 5)
        await world.look()
        again = World()
        again.api = again.cluster._api = world.api
        again.pending.add(Ref("Pod", "tenant", "p"))
        assert await again.look() == []
        with_calls(again, 5)
        again.pending.clear()
        assert await again.look() == []
        assert again.status()["calls"] == 5

    run(main())


def test_a_condition_does_not_wait_for_the_numbers() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        await a_pod(world)
        await world.look()
        with_calls(world, 5)
        assert await world.look() == []
        world.plan = lambda *facts: replace(
            simple(*facts), status={"calls": 5, "conditions": [ready("False", "Broken", "b")]}
        )
        assert len(await world.look()) == 2  # the status and an Event
        assert world.status()["calls"] == 5

    run(main())


def test_marks_on_pods_are_written_at_most_every_thirty_seconds_and_a_pod_that_is_gone_is_no_error() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        await a_pod(world)
        uid = world.api.objects[PODS.path("tenant", "p")]["metadata"]["uid"]
        cost = 0

        def plan(*facts: Any) -> Plan:
            nonlocal cost
            cost += 1
            annotations = {"controller.kubernetes.io/pod-deletion-cost": str(cost)}
            metadata = {"name": "p", "namespace": "tenant", "uid": uid, "annotations": annotations}
            return replace(simple(*facts), slow=[{"apiVersion": "v1", "kind": "Pod", "metadata": metadata}])

        world.plan = plan
        assert "PATCH /namespaces/tenant/pods/p" in await world.look()
        assert await world.look() == []
        await asyncio.sleep(31)
        assert await world.look() == ["PATCH /namespaces/tenant/pods/p"]
        await asyncio.sleep(31)
        world.see()
        del world.api.objects[PODS.path("tenant", "p")]
        await world.reconcile(KEY)
        assert world.outcomes[-1] == "done"

    run(main())


def test_an_upgrade_waits_for_its_turn_and_gives_it_back_once_it_has_rolled_out() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        world.rolls.wait(Key("VoiceAgent", "tenant", "other"), Order(False, False, "1"))
        assert world.rolls.grant()

        def plan(agent: Object, observed: Observed, settings: Settings, now: datetime) -> Plan:
            whole = simple(agent, observed, settings, now)
            if observed.may_roll:
                return whole
            return replace(whole, objects=whole.objects[:1], rolls=True)

        world.plan = plan
        await world.look()
        assert world.rolls.waiting == 1
        assert KINDS["Deployment"].path("tenant", "a-agent") not in world.api.objects
        world.rolls.finish(Key("VoiceAgent", "tenant", "other"))
        assert world.rolls.grant() == [KEY]
        await world.look()
        assert world.rolls.may(KEY)
        path = KINDS["Deployment"].path("tenant", "a-agent")
        counts = {"replicas": 1, "updatedReplicas": 1, "availableReplicas": 1, "observedGeneration": 1}
        await world.api.put(path, {**world.api.objects[path], "status": counts})
        await world.look()
        assert (world.rolls.rolling, world.rolls.waiting) == (0, 0)

    run(main())


def test_two_agents_that_are_planned_at_the_same_time_do_not_get_one_port() -> None:
    async def main() -> None:
        world = World()
        world.api.seconds = 0.1
        other = Key("VoiceAgent", "tenant", "b")
        taken: dict[str, int] = {}

        def plan(agent: Object, observed: Observed, settings: Settings, now: datetime) -> Plan:
            name = agent["metadata"]["name"]
            own = agent.get("status", {}).get("hostPort")
            taken[name] = own or next(port for port in range(31000, 31010) if port not in observed.host_ports)
            return Plan(status={"hostPort": taken[name]})

        world.plan = plan
        for name in "ab":
            metadata = {"name": name, "namespace": "tenant"}
            spec = {"media": {"reach": {"hostPort": {}}}}
            obj = {"apiVersion": AGENTS.api_version, "kind": AGENTS.name, "metadata": metadata, "spec": spec}
            await world.api.put(AGENTS.path("tenant", name), obj)
        world.see()
        await asyncio.gather(world.reconcile(KEY), world.reconcile(other))
        assert sorted(taken.values()) == [31000, 31001]

    run(main())


def test_what_a_tenant_named_is_looked_up_by_name_and_looked_up_again_later() -> None:
    async def main() -> None:
        world = World()
        seen: list[Observed] = []

        def plan(agent: Object, observed: Observed, settings: Settings, now: datetime) -> Plan:
            seen.append(observed)
            return Plan()

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
        seen: list[Observed] = []
        world.plan = lambda agent, observed, settings, now: seen.append(observed) or Plan()  # type: ignore[func-returns-value]
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
        world.plan = lambda *facts: Plan()
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
        world.plan = lambda *facts: Plan()
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
        world.plan = lambda *facts: Plan()
        await world.api.put(AGENT_PATH, naming(environmentFrom=["keys"]))
        world.see()
        world.api.seconds = 11.0
        for _ in range(2):
            await world.reconcile(KEY)
        assert len(world.api.requests) == 1

    run(main())


def test_marks_are_written_a_few_at_a_time_and_so_many_in_one_look() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        marks = []
        for number in range(40):
            metadata = {"name": f"p-{number}", "namespace": "tenant", "labels": {"parley.dev/agent": "a"}}
            path = PODS.path("tenant", metadata["name"])
            pod = await world.api.put(path, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
            marked = {
                "name": metadata["name"],
                "namespace": "tenant",
                "uid": pod["metadata"]["uid"],
                "annotations": {"a": "1"},
            }
            marks.append({"apiVersion": "v1", "kind": "Pod", "metadata": marked})
        world.plan = lambda *facts: Plan(slow=marks)
        world.see()
        world.api.seconds = 10.0
        started = asyncio.get_running_loop().time()
        await world.reconcile(KEY)
        assert asyncio.get_running_loop().time() - started == pytest.approx(40)
        assert len(world.api.writes()) == 32
        assert world.queue.delayed == 1
        await world.reconcile(KEY)
        assert len(world.api.writes()) == 40

    run(main())


def test_a_plan_that_breaks_is_tried_again_and_stops_nobody_else() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()

        def plan(*facts: Any) -> Plan:
            raise ZeroDivisionError

        world.plan = plan
        await world.look()
        assert world.outcomes == ["broken"]
        assert world.queue.delayed == 1

    run(main())


def test_that_the_operator_fails_at_an_agent_is_told_once_and_taken_back_when_it_no_longer_does() -> None:
    """Bug: an agent that the operator could not plan went on saying that all was well, for a spec that nobody had
    looked at.
    """

    async def main() -> None:
        world = World()
        await world.user_writes()
        await world.look()
        before = world.status()
        children = {path for path in world.api.objects if "voiceagents" not in path}
        await world.user_writes("two")

        def plan(*facts: Any) -> Plan:
            raise ZeroDivisionError

        world.plan = plan
        status = "PATCH alpha1/namespaces/tenant/voiceagents/a/status"
        assert await world.look() == [status, "POST /namespaces/tenant/events"]
        told = world.status()
        assert told["calls"] == before["calls"]
        assert [(one["type"], one["status"], one["reason"]) for one in told["conditions"]] == [
            ("Accepted", "Unknown", "OperatorError"),
            ("Ready", "Unknown", "OperatorError"),
        ]
        assert f"operator {__version__} failed" in told["conditions"][0]["message"]
        assert "what runs stays as it is" in told["conditions"][0]["message"]
        assert await world.look() == [], "said once"
        assert children <= set(world.api.objects)
        assert world.queue.failing == 1
        world.plan = simple
        assert status in await world.look()
        assert [one["reason"] for one in world.status()["conditions"]] == ["AsWritten"]
        assert world.queue.failing == 0

    run(main())


def test_an_operator_that_fails_after_it_would_tell_that_all_is_well_tells_that_it_fails_and_nothing_else() -> (
    None
):
    """Bug: at each try the status went to "all is well" and back, with Events. Cause: what broke came after it."""

    async def main() -> None:
        world = World()
        await world.user_writes()
        await world.look()
        mark = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "tenant", "labels": {"a": "b"}},
        }
        world.plan = lambda *facts: replace(simple(*facts), slow=[mark])
        differs = world.cluster.differs

        def breaks(obj: Object) -> bool:
            if obj is mark:
                raise ZeroDivisionError
            return differs(obj)

        world.cluster.differs = breaks  # type: ignore[method-assign]
        await world.look()
        assert world.status()["conditions"][0]["reason"] == "OperatorError"
        for _ in range(3):
            assert await world.look() == []
        world.cluster.differs = lambda obj: obj is not mark and differs(obj)  # type: ignore[method-assign]
        await world.look()
        assert [one["reason"] for one in world.status()["conditions"]] == ["AsWritten"]
        assert world.outcomes == ["done", *["broken"] * 4, "done"]

    run(main())


def test_an_operator_that_fails_and_cannot_even_say_so_goes_on() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()

        def plan(*facts: Any) -> Plan:
            world.api.errors.append(Unreachable("gone"))
            raise ZeroDivisionError

        world.plan = plan
        assert await world.look() == ["PATCH alpha1/namespaces/tenant/voiceagents/a/status"]
        assert "status" not in world.api.objects[AGENT_PATH]
        assert world.outcomes == ["broken"]
        assert world.queue.delayed == 1

    run(main())


def test_every_write_is_counted_by_verb_kind_and_what_came_of_it() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        world.api.write_errors.append(ApiError(500, "InternalError", "no"))
        await world.look()
        await world.look()
        assert world.counted == [
            ("apply", "ConfigMap", "500"),
            ("apply", "ConfigMap", "done"),
            ("apply", "Deployment", "done"),
            ("apply-status", "VoiceAgent", "done"),
            ("create", "Event", "done"),
        ]

    run(main())


def test_pods_are_read_as_plans_take_them() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        seen: list[Observed] = []
        world.plan = lambda agent, observed, settings, now: seen.append(observed) or Plan()  # type: ignore[func-returns-value]
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "p", "namespace": "tenant", "labels": {"parley.dev/agent": "a"}},
            "spec": {"nodeName": "n1", "containers": [{"name": "agent"}]},
            "status": {
                "phase": "Running",
                "podIP": "10.0.0.1",
                "qosClass": "Guaranteed",
                "conditions": [
                    {"type": "Ready", "status": "True"},
                    {"type": "PodScheduled", "status": "False", "message": "0/3 nodes"},
                ],
            },
        }
        await world.api.put(PODS.path("tenant", "p"), pod)
        await world.look()
        uid = world.api.objects[PODS.path("tenant", "p")]["metadata"]["uid"]
        assert seen[0].pods["p"] == ObservedPod(
            name="p",
            uid=uid,
            node="n1",
            ip="10.0.0.1",
            phase="Running",
            ready=True,
            qos="Guaranteed",
            labels={"parley.dev/agent": "a"},
            unschedulable="0/3 nodes",
        )

    run(main())
