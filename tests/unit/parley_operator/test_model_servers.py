"""ModelServers and the agents that name them, by an operator over a fake API server: who is woken, what is held."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from parley_operator import names
from parley_operator.fence import no_fence
from parley_operator.kinds import AGENTS, DEPLOYMENTS, MODEL_SERVERS
from parley_operator.main import Operator
from parley_operator.model_status import read
from parley_operator.plan.model import PodModels
from parley_operator.plan.plan import Object
from parley_operator.polls import BadAnswer
from parley_operator.settings import Settings
from tests.small_cluster import condition, voice_agent
from tests.small_model_cluster import model_server
from tests.unit.parley_operator.fake_api import FakeApi
from tests.virtual_time import run

SERVER = MODEL_SERVERS.path("models", "llm")
DEPLOYMENT = DEPLOYMENTS.path("models", "llm")
NAMES_IT = {"llm": {"modelServer": {"name": "llm", "namespace": "models"}}}


def agent_path(name: str = "shop") -> str:
    return AGENTS.path("voice-ai", name)


class World:
    """What people write, what the operator's watches bring, and what is there in the end."""

    def __init__(self) -> None:
        self.api = FakeApi()
        self.operator = Operator(Settings(identity="test"), self.api, no_fence)
        self.operator._cluster._guard = lambda: None

    async def writes(self, path: str, obj: Object) -> None:
        before = self.api.objects.get(path, {})
        metadata = {**before.get("metadata", {}), **obj["metadata"]}
        await self._seen(path, {**before, **obj, "metadata": metadata})

    async def deletes(self, path: str) -> None:
        await self.api.delete(path)
        kind = MODEL_SERVERS if "modelservers" in path else AGENTS
        what = "MODIFIED" if path in self.api.objects else "DELETED"
        obj = self.api.objects.get(path) or self.api.history[-1][2]["object"]
        self.operator._take(kind, what, obj)

    async def _seen(self, path: str, obj: Object) -> None:
        written = await self.api.put(path, obj)
        self.operator._take(MODEL_SERVERS if obj["kind"] == "ModelServer" else AGENTS, "MODIFIED", written)

    async def server_is_ready(self, ready: int) -> None:
        """Kubernetes says so of its Deployment, and the watch brings it."""
        live = self.api.objects[DEPLOYMENT]
        available = {
            "type": "Available",
            "status": "True" if ready else "False",
            "reason": "R",
            "message": "m",
        }
        status = {
            "observedGeneration": 1,
            "replicas": 1,
            "updatedReplicas": 1,
            "readyReplicas": ready,
            "conditions": [available],
        }
        written = await self.api.put(DEPLOYMENT, {**live, "status": status})
        reflector = next(one for one in self.operator._reflectors if one.cache.kind is DEPLOYMENTS)
        reflector._put(written)

    async def collects(self, path: str) -> None:
        """Kubernetes' garbage collector does, and the watch says so."""
        obj = self.api.objects[path]
        await self.api.remove(path)
        reflector = next(one for one in self.operator._reflectors if one.cache.kind is DEPLOYMENTS)
        reflector._take("DELETED", obj)

    def engines(self, name: str = "shop") -> str:
        return str(condition(self.api.objects[agent_path(name)].get("status"), "EnginesReady")["status"])

    def finalizers(self) -> list[str]:
        return list(self.api.objects[SERVER]["metadata"].get("finalizers", []))


@asynccontextmanager
async def world() -> AsyncIterator[World]:
    made = World()
    for sweep in made.operator._sweeps.values():
        await sweep.now()
    working = asyncio.create_task(made.operator._queue.run(4, made.operator._reconcile))
    yield made
    working.cancel()


def test_an_agents_condition_follows_its_model_servers_within_a_second() -> None:
    async def main() -> None:
        async with world() as here:
            await here.writes(SERVER, model_server())
            for number in range(3):
                await here.writes(
                    agent_path(f"shop-{number}"), voice_agent(f"shop-{number}", engines=NAMES_IT)
                )
            await asyncio.sleep(5)
            assert here.engines("shop-1") == "False"
            await here.server_is_ready(1)
            await asyncio.sleep(1)
            assert [here.engines(f"shop-{number}") for number in range(3)] == ["True"] * 3
            await here.server_is_ready(0)
            await asyncio.sleep(1)
            assert [here.engines(f"shop-{number}") for number in range(3)] == ["False"] * 3

    run(main())


def test_an_agent_whose_model_server_comes_later_is_served_then() -> None:
    async def main() -> None:
        async with world() as here:
            await here.writes(agent_path(), voice_agent(engines=NAMES_IT))
            await asyncio.sleep(3)
            status = here.api.objects[agent_path()]["status"]
            assert condition(status, "Accepted")["reason"] == "ModelServerMissing"
            await here.writes(SERVER, model_server())
            await asyncio.sleep(1)
            status = here.api.objects[agent_path()]["status"]
            assert condition(status, "Accepted")["status"] == "True"

    run(main())


def test_it_is_held_while_agents_name_it_and_only_then() -> None:
    async def main() -> None:
        async with world() as here:
            await here.writes(SERVER, model_server())
            await asyncio.sleep(2)
            assert here.finalizers() == []
            await here.writes(agent_path(), voice_agent(engines=NAMES_IT))
            await asyncio.sleep(2)
            assert here.finalizers() == [names.MODEL_SERVER_FINALIZER]
            await here.writes(agent_path(), voice_agent())
            await asyncio.sleep(2)
            assert here.finalizers() == []

    run(main())


def test_deleted_while_used_it_stays_and_says_for_whom_until_the_last_agent_is_gone() -> None:
    async def main() -> None:
        async with world() as here:
            await here.writes(SERVER, model_server())
            await here.writes(agent_path(), voice_agent(engines=NAMES_IT))
            await asyncio.sleep(3)
            await here.server_is_ready(1)
            await asyncio.sleep(2)
            await here.deletes(SERVER)
            await asyncio.sleep(3)
            ready = condition(here.api.objects[SERVER]["status"], "Ready")
            assert ready["reason"] == "Deleting"
            assert "voice-ai/shop" in ready["message"]
            assert here.engines() == "True", "it serves as before"
            await here.deletes(agent_path())
            await asyncio.sleep(2)
            assert SERVER not in here.api.objects

    run(main())


def test_what_a_foreground_deletion_took_is_made_anew_and_goes_with_the_last_agent() -> None:
    async def main() -> None:
        async with world() as here:
            await here.writes(SERVER, model_server())
            await here.writes(agent_path(), voice_agent(engines=NAMES_IT))
            await asyncio.sleep(3)
            await here.server_is_ready(1)
            await asyncio.sleep(2)
            finalizers = [*here.finalizers(), "foregroundDeletion"]
            going = {**here.api.objects[SERVER]["metadata"], "finalizers": finalizers}
            going["deletionTimestamp"] = "2026-11-30T00:00:00Z"
            served = {**here.api.objects[SERVER]["status"], "model": "org/small"}
            await here.collects(DEPLOYMENT)
            await here.writes(SERVER, {**here.api.objects[SERVER], "metadata": going, "status": served})
            await asyncio.sleep(3)
            assert "ownerReferences" not in here.api.objects[DEPLOYMENT]["metadata"]
            assert SERVER in here.api.objects
            await here.deletes(agent_path())
            await asyncio.sleep(3)
            left = [
                path for path in here.api.objects if "/namespaces/models/" in path and "/events/" not in path
            ]
            assert left == []

    run(main())


def test_what_is_being_deleted_with_cut_is_let_go_at_once() -> None:
    async def main() -> None:
        async with world() as here:
            await here.writes(SERVER, model_server())
            await here.writes(agent_path(), voice_agent(engines=NAMES_IT))
            await asyncio.sleep(3)
            await here.deletes(SERVER)
            await asyncio.sleep(1)
            before = here.api.objects[SERVER]
            await here.writes(SERVER, {**before, "spec": {**before["spec"], "deletion": "Cut"}})
            await asyncio.sleep(1)
            assert SERVER not in here.api.objects

    run(main())


def test_a_second_look_writes_nothing() -> None:
    async def main() -> None:
        async with world() as here:
            await here.writes(SERVER, model_server())
            await here.writes(agent_path(), voice_agent(engines=NAMES_IT))
            await asyncio.sleep(3)
            await here.server_is_ready(1)
            here.operator._all()
            await asyncio.sleep(60)
            written = len(here.api.writes())
            here.operator._all()
            await asyncio.sleep(60)
            assert [str(one) for one in here.api.writes()[written:]] == []

    run(main())


@pytest.mark.parametrize(
    ("answer", "names_of_model"),
    [
        (b'{"object":"list","data":[{"id":"org/small"},{"id":"small"}]}', ("org/small", "small")),
        (b'{"data":[]}', None),
        (b'{"data":[{"id":7}]}', None),
        (b'{"data":[{"id":""}]}', None),
        (b"[" * 10_000, None),
        (b"not found", None),
        (b'{"error":"Unauthorized"}', None),
        (b'{"data":[' + b",".join([b'{"id":"m"}'] * 17) + b"]}", None),
    ],
)
def test_of_what_a_pod_answers_names_alone_are_believed(
    answer: bytes, names_of_model: tuple[str, ...] | None
) -> None:
    if names_of_model is None:
        with pytest.raises(BadAnswer):
            read(answer)
    else:
        assert read(answer) == PodModels(names_of_model)
