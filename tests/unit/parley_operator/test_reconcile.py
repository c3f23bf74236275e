"""One look at an agent: what differs is written and nothing else; what fails is told, tried again, and heals."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from parley_operator.api import ApiError, Unreachable
from parley_operator.kinds import AGENTS, KINDS, NAMESPACES, PODS
from parley_operator.plan.agent import AgentPlan, ObservedAgent
from parley_operator.plan.plan import Object, ObservedPod
from parley_operator.queue import Key
from parley_operator.rolls import Order
from parley_operator.settings import Settings
from tests.unit.parley_operator.world import AGENT_PATH, KEY, World, simple
from tests.virtual_time import run


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


def test_an_upgrade_waits_for_its_turn_and_gives_it_back_once_it_has_rolled_out() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()
        world.rolls.wait(Key("VoiceAgent", "tenant", "other"), Order(False, False, "1"))
        assert world.rolls.grant()

        def plan(agent: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
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

        def plan(agent: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
            name = agent["metadata"]["name"]
            own = agent.get("status", {}).get("hostPort")
            taken[name] = own or next(port for port in range(31000, 31010) if port not in observed.host_ports)
            return AgentPlan(status={"hostPort": taken[name]})

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
        seen: list[ObservedAgent] = []
        world.plan = lambda agent, observed, settings, now: seen.append(observed) or AgentPlan()  # type: ignore[func-returns-value]
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
