"""What follows the calls, numbers in the status and marks on pods, is written seldom and a few at a time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from parley_operator.kinds import PODS
from parley_operator.plan.agent import AgentPlan, PodStatus
from parley_operator.plan.plan import Ref
from tests.unit.parley_operator.world import KEY, World, ready, simple
from tests.virtual_time import run


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

        def plan(*facts: Any) -> AgentPlan:
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
        world.plan = lambda *facts: AgentPlan(slow=marks)
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
