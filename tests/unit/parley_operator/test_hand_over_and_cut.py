"""What a plan hands over, and whom it cuts, as the API server is asked for it."""

from __future__ import annotations

from datetime import datetime

import pytest

from parley_operator import names
from parley_operator.kinds import KINDS
from parley_operator.plan.agent import AgentPlan, Cut, ObservedAgent
from parley_operator.plan.plan import HAND_OVER_MANAGER, Object, Ref
from parley_operator.plan.pods import cuts
from parley_operator.programs.voiceagent import MOST_PODS
from parley_operator.settings import Settings
from tests.unit.parley_operator.world import AGENT_PATH, KEY, World, child
from tests.virtual_time import run

DEPLOYMENT = KINDS["Deployment"].path("tenant", "a-agent")
POD = KINDS["Pod"].path("tenant", "a-1")


def test_replicas_are_handed_over_before_the_deployment_is_applied_without_them() -> None:
    def handing_over(agent: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
        without = child("Deployment", "a-agent", agent)
        alone = {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "a-agent", "namespace": "tenant"},
            "spec": {"replicas": 5},
        }
        return AgentPlan(objects=[without], hand_over=alone)

    async def scene() -> None:
        world = World()
        await world.user_writes()
        world.see()
        await world.reconcile(KEY)
        world.see()
        world.plan = handing_over
        world.api.requests.clear()
        await world.reconcile(KEY)
        first, second = [one for one in world.api.writes() if one.path == DEPLOYMENT]
        assert first.params["fieldManager"] == HAND_OVER_MANAGER
        assert first.body["spec"] == {"replicas": 5}
        assert second.params["fieldManager"] != HAND_OVER_MANAGER
        assert "replicas" not in second.body["spec"]
        world.api.requests.clear()
        await world.reconcile(KEY)
        [again] = world.api.writes()
        assert again.params["fieldManager"] == HAND_OVER_MANAGER, "it counts on no cache"

    run(scene())


def test_a_pod_is_cut_by_its_uid_and_with_the_time_that_the_plan_gives_it() -> None:
    async def scene() -> None:
        world = World()
        await world.user_writes()
        world.see()
        pod = await world.api.put(POD, {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a-1"}})
        uid = pod["metadata"]["uid"]

        def cutting(agent: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
            return AgentPlan(cut=[Cut(Ref("Pod", "tenant", "a-1"), uid, 5)])

        world.plan = cutting
        await world.reconcile(KEY)
        [deleted] = world.api.writes()
        assert (deleted.method, deleted.path) == ("DELETE", POD)
        assert deleted.body["gracePeriodSeconds"] == 5
        assert deleted.body["preconditions"] == {"uid": uid}
        await world.reconcile(KEY)
        assert world.outcomes[-1] == "done", "one that is gone is no error"

    run(scene())


@pytest.mark.parametrize("gone", [False, True], ids=["one that is there", "one that is gone"])
def test_of_an_agent_with_very_many_pods_so_many_are_cut_in_one_look(gone: bool) -> None:
    """Bug: a worker counted as stuck, and the operator was restarted. Cause: a thousand pods in one look."""

    async def scene() -> None:
        world = World()
        await world.user_writes()
        for number in range(MOST_PODS + 8):
            metadata = {
                "name": f"a-{number}",
                "namespace": "tenant",
                "annotations": {names.CUT_WITH: "uid-of-before"},
                "deletionTimestamp": "2026-01-01T00:00:00Z",
                "deletionGracePeriodSeconds": 3_630,
                "labels": {names.PARLEY_AGENT: "a"},
            }
            path = KINDS["Pod"].path("tenant", metadata["name"])
            await world.api.put(path, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        if gone:
            await world.api.remove(AGENT_PATH)
        world.plan = lambda agent, observed, settings, now: AgentPlan(
            cut=cuts(observed.pods.values(), "tenant", living="")
        )
        assert len(await world.look()) == MOST_PODS
        assert world.queue.delayed == 1
        assert len(await world.look()) == 8
        assert await world.look() == []
        assert world.outcomes == ["gone" if gone else "done"] * 3

    run(scene())


def test_who_was_set_to_drain_just_before_it_was_deleted_drains_though_its_pods_are_still_marked() -> None:
    """Bug: calls were cut. Cause: what a pod is marked with is written later, and not at all once it ends."""

    async def scene(deletion: str) -> int:
        world = World()
        await world.user_writes()
        agent = world.api.objects[AGENT_PATH]
        metadata = {
            "name": "a-1",
            "namespace": "tenant",
            "annotations": {names.CUT_WITH: agent["metadata"]["uid"]},
            "deletionTimestamp": "2026-01-01T00:00:00Z",
            "deletionGracePeriodSeconds": 3_630,
            "labels": {names.PARLEY_AGENT: "a"},
        }
        await world.api.put(POD, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
        await world.api.remove(AGENT_PATH)
        world.see()
        world.agents.gone({**agent, "spec": {"deletion": deletion}})
        world.api.requests.clear()
        await world.reconcile(KEY)
        return len(world.api.writes())

    assert run(scene("Cut")) == 1
    assert run(scene("Drain")) == 0
