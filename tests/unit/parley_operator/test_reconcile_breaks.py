"""Where the operator itself fails at an agent: it is told, tried again, taken back, and stops nobody else."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parley_api import __version__
from parley_operator.api import Unreachable
from parley_operator.plan.agent import AgentPlan
from parley_operator.plan.plan import Object
from tests.unit.parley_operator.world import AGENT_PATH, World, simple
from tests.virtual_time import run


def breaking(*facts: Any) -> AgentPlan:
    raise ZeroDivisionError


def test_a_plan_that_breaks_is_tried_again_and_stops_nobody_else() -> None:
    async def main() -> None:
        world = World()
        await world.user_writes()

        world.plan = breaking
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

        world.plan = breaking
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

        def plan(*facts: Any) -> AgentPlan:
            world.api.errors.append(Unreachable("gone"))
            raise ZeroDivisionError

        world.plan = plan
        assert await world.look() == ["PATCH alpha1/namespaces/tenant/voiceagents/a/status"]
        assert "status" not in world.api.objects[AGENT_PATH]
        assert world.outcomes == ["broken"]
        assert world.queue.delayed == 1

    run(main())
