"""A further kind, of the whole cluster, by its row, plan and program alone: written, kept, pruned, woken, asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import datetime
from typing import Any

import pytest

from parley_operator.api import ApiError
from parley_operator.cluster import Cluster
from parley_operator.fence import no_fence
from parley_operator.kinds import AGENTS, DAEMON_SETS, NAMESPACES, NODES, PODS, PRIMARIES, QUOTAS, Primary
from parley_operator.main import Operator
from parley_operator.plan.agent import AgentPlan, ObservedAgent
from parley_operator.plan.plan import Object, Observed, Plan, Ref
from parley_operator.programs import PROGRAMS
from parley_operator.programs.program import Program
from parley_operator.programs.voiceagent import VoiceAgents
from parley_operator.queue import Key
from parley_operator.settings import Settings
from tests.unit.parley_operator.fake_api import FakeApi
from tests.unit.parley_operator.garden import GARDENS, LABEL, REPORT, Gardens, read
from tests.unit.parley_operator.world import World
from tests.virtual_time import run

GARDEN = Key("Garden", "", "eden")
PATH = GARDENS.path(name="eden")
HOME = "parley-nodes"


async def planted(world: World, *beds: str) -> None:
    before = world.api.objects.get(PATH, {})
    obj = {"apiVersion": "example.com/v1", "kind": "Garden", "metadata": {"name": "eden"}, **before}
    await world.api.put(PATH, {**obj, "spec": {"beds": list(beds)}})


def a_pod(namespace: str, name: str = "g-1", **labels: str) -> Object:
    metadata = {"name": name, "namespace": namespace, "labels": labels or {LABEL: "eden"}}
    status = {"phase": "Running", "podIP": "10.0.0.9", "conditions": [{"type": "Ready", "status": "True"}]}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {}, "status": status}


def test_it_becomes_its_objects_in_namespaces_of_its_own_then_its_status_and_then_nothing_is_written() -> (
    None
):
    async def main() -> None:
        world = World(Gardens)
        await planted(world, "rose", "leek")
        assert await world.look(GARDEN) == [
            "PATCH /namespaces/rose",
            "PATCH /namespaces/leek",
            "PATCH /namespaces/rose/resourcequotas/eden",
            "PATCH /namespaces/leek/resourcequotas/eden",
            f"PATCH /namespaces/{HOME}/daemonsets/eden",
            "PATCH /gardens/eden/status",
            "POST /namespaces/default/events",
        ]
        assert await world.look(GARDEN) == []
        again = World(Gardens)
        again.api = again.cluster._api = world.api
        assert await again.look(GARDEN) == [], "nor does another process"
        assert world.outcomes == ["done", "done"]

    run(main())


def test_what_it_owns_anywhere_is_put_right_and_pruned() -> None:
    async def main() -> None:
        world = World(Gardens)
        await planted(world, "rose", "leek")
        await world.look(GARDEN)
        path = DAEMON_SETS.path(HOME, "eden")
        edited = world.api.objects[path]
        edited["spec"]["template"] = {"theirs": 1}
        del edited["metadata"]["managedFields"][0]["fieldsV1"]["f:spec"]
        await world.api.put(path, edited)
        relabelled = world.api.objects[NAMESPACES.path(name="rose")]
        del relabelled["metadata"]["labels"][LABEL]
        del relabelled["metadata"]["managedFields"][0]["fieldsV1"]["f:metadata"]["f:labels"]
        await world.api.put(NAMESPACES.path(name="rose"), relabelled)
        await world.api.remove(QUOTAS.path("leek", "eden"))
        assert await world.look(GARDEN) == [
            "PATCH /namespaces/rose",
            "PATCH /namespaces/leek/resourcequotas/eden",
            f"PATCH /namespaces/{HOME}/daemonsets/eden",
        ]
        await planted(world, "rose")
        assert await world.look(GARDEN) == [
            "DELETE /namespaces/leek",
            "DELETE /namespaces/leek/resourcequotas/eden",
        ]

    run(main())


def test_a_namespace_of_somebody_else_is_not_taken_over_and_its_words_are_of_its_kind() -> None:
    async def main() -> None:
        world = World(Gardens)
        theirs = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "rose"}}
        await world.api.put(NAMESPACES.path(name="rose"), theirs)
        await planted(world, "rose")
        await world.look(GARDEN)
        assert world.outcomes == ["refused"]
        told = world.api.objects[PATH]["status"]["conditions"][0]["message"]
        assert "Namespace rose is there already and does not belong to this garden" in told
        assert "labels" not in world.api.objects[NAMESPACES.path(name="rose")]["metadata"]

    run(main())


def test_one_of_its_namespaces_that_ends_is_told_and_a_mistake_of_ours_names_its_kind() -> None:
    async def main() -> None:
        world = World(Gardens)
        await planted(world, "rose")
        ending = ApiError(403, "Forbidden", "rose is being terminated", cause="NamespaceTerminating")
        world.api.write_errors.extend([ending])
        await world.look(GARDEN)
        assert world.outcomes == ["refused"]
        await world.api.put(PATH, {**world.api.objects[PATH], "spec": {}})
        await world.look(GARDEN)
        assert world.outcomes == ["refused", "broken"]
        assert "failed at this garden" in world.api.objects[PATH]["status"]["conditions"][0]["message"]

    run(main())


def test_a_node_that_it_marks_is_written_once_stays_everybodys_and_is_not_made_anew_when_it_is_gone() -> None:
    async def main() -> None:
        world = World(Gardens)
        node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n1", "labels": {"zone": "a"}}}
        await world.api.put(NODES.path(name="n1"), node)
        await planted(world)
        await world.api.put(PATH, {**world.api.objects[PATH], "spec": {"beds": [], "fence": "n1"}})
        assert "PATCH /nodes/n1" in await world.look(GARDEN)
        assert await world.look(GARDEN) == []
        await world.api.put(NODES.path(name="n1"), {**world.api.objects[NODES.path(name="n1")], "status": {}})
        assert await world.look(GARDEN) == [], "what a node says of itself is no reason"
        relabelled = world.api.objects[NODES.path(name="n1")]
        del relabelled["metadata"]["managedFields"][-1]["fieldsV1"]["f:metadata"]["f:labels"]
        await world.api.put(NODES.path(name="n1"), relabelled)
        world.see()
        del world.api.objects[NODES.path(name="n1")]
        await world.reconcile(GARDEN)
        assert world.outcomes[-1] == "again"
        assert NODES.path(name="n1") not in world.api.objects

    run(main())


def test_its_event_is_where_kubernetes_has_those_of_what_is_in_no_namespace() -> None:
    async def main() -> None:
        world = World(Gardens)
        await planted(world)
        await world.look(GARDEN)
        [event] = [one.body for one in world.api.writes() if one.path.endswith("/events")]
        assert event["metadata"]["namespace"] == "default"
        assert event["regarding"] == {
            "apiVersion": "example.com/v1",
            "kind": "Garden",
            "name": "eden",
            "uid": world.api.objects[PATH]["metadata"]["uid"],
        }

    run(main())


def test_its_pods_count_in_the_operators_own_namespace_and_those_that_somebody_labels_do_not() -> None:
    async def main() -> None:
        world = World(Gardens)
        await planted(world)
        for namespace in (HOME, "tenant"):
            await world.api.put(PODS.path(namespace, "g-1"), a_pod(namespace))
        world.statuses[Ref("Pod", HOME, "g-1")] = 3  # type: ignore[assignment]
        world.statuses[Ref("Pod", "tenant", "g-1")] = 1000  # type: ignore[assignment]
        await world.look(GARDEN)
        weeded = world.api.objects[PATH]["status"]["conditions"][1]
        assert (weeded["status"], weeded["reason"]) == ("False", "Weeds")
        world.statuses[Ref("Pod", HOME, "g-1")] = 0  # type: ignore[assignment]
        await world.look(GARDEN)
        assert world.api.objects[PATH]["status"]["conditions"][1]["status"] == "True"

    run(main())


def test_what_changes_all_the_time_in_its_status_is_written_seldom() -> None:
    async def main() -> None:
        world = World(Gardens)
        await planted(world, "tenant")
        await world.look(GARDEN)
        await world.user_writes()
        assert await world.look(GARDEN) == []
        assert world.queue._later[GARDEN].when() - asyncio.get_running_loop().time() <= 30
        await asyncio.sleep(31)
        assert await world.look(GARDEN) == ["PATCH /gardens/eden/status"]
        assert world.api.objects[PATH]["status"]["agents"] == 1

    run(main())


class Watched:
    """An operator of both kinds that is not started, and what its watches say to it."""

    def __init__(self, **settings: Any) -> None:
        self.api = FakeApi()
        self.api.plurals.add(GARDENS.plural)
        chosen = Settings(identity="test", **settings)
        self.operator = Operator(chosen, self.api, no_fence, (VoiceAgents, Gardens))
        self.version = 100

    def kopf(self, kind: Any, name: str, namespace: str = "", what: str = "MODIFIED", **more: Any) -> None:
        self.operator._take(kind, what, self._object(kind, name, namespace, **more))

    def watch(self, kind: Any, name: str, namespace: str = "", **more: Any) -> None:
        reflector = next(one for one in self.operator._reflectors if one.cache.kind is kind)
        reflector._put(self._object(kind, name, namespace, **more))

    def _object(self, kind: Any, name: str, namespace: str, **more: Any) -> Object:
        self.version += 1
        metadata = {"name": name, "uid": f"u-{name}", "resourceVersion": str(self.version)}
        metadata |= {"namespace": namespace} if namespace else {}
        metadata |= more.pop("metadata", {})
        return {"kind": kind.name, "apiVersion": kind.api_version, "metadata": metadata, **more}

    def queued(self) -> dict[Key, float]:
        """And in how many seconds; the queue is empty afterwards."""
        queue, now = self.operator._queue, asyncio.get_running_loop().time()
        found = dict.fromkeys([*queue._urgent, *queue._routine], 0.0)
        found |= {key: handle.when() - now for key, handle in queue._later.items()}
        queue._urgent.clear()
        queue._routine.clear()
        for handle in queue._later.values():
            handle.cancel()
        queue._later.clear()
        return found


EDEN = {"apiVersion": "example.com/v1", "kind": "Garden", "name": "eden", "uid": "u-eden"}
OWNED = {"ownerReferences": [{**EDEN, "controller": True}]}


def test_it_is_woken_by_what_it_owns_anywhere_and_by_what_it_goes_by() -> None:
    async def main() -> None:
        watched = Watched()
        watched.kopf(GARDENS, "eden", spec={"beds": ["rose"]})
        assert watched.queued() == {GARDEN: 0.0}
        watched.watch(QUOTAS, "eden", "rose", metadata=OWNED)
        assert watched.queued() == {GARDEN: 0.0}
        watched.watch(NAMESPACES, "rose", metadata=OWNED)
        assert watched.queued() == {GARDEN: 0.0}
        watched.kopf(AGENTS, "a", "rose", spec={})
        agent = Key("VoiceAgent", "rose", "a")
        assert watched.queued() == {agent: 0.0, GARDEN: 1.0}, "many agents are one look"
        watched.kopf(AGENTS, "a", "leek", spec={})
        assert GARDEN not in watched.queued()
        watched.watch(NODES, "n1")
        assert watched.queued() == {GARDEN: 1.0}
        watched.kopf(GARDENS, "eden", what="DELETED", spec={"beds": ["rose"]})
        assert watched.queued() == {GARDEN: 0.0}
        watched.watch(NODES, "n2")
        assert watched.queued() == {}, "one that is gone goes by nothing"

    run(main())


def test_what_is_to_be_asked_of_its_pods_is_its_own_and_no_agents_pod_is_asked_that() -> None:
    async def main() -> None:
        watched = Watched()
        pods = {"g-1": (HOME, {LABEL: "eden"}), "g-2": ("tenant", {LABEL: "eden"})}
        pods["a-1"] = ("tenant", {AGENTS.label: "a"})
        for name, (namespace, labels) in pods.items():
            pod = a_pod(namespace, name, **labels)
            watched.watch(PODS, name, namespace, metadata=pod["metadata"], status=pod["status"], spec={})
        asked = {
            ref.name: (target.question.path, target.key)
            for ref, target in watched.operator._polls._targets.items()
        }
        assert asked == {
            "g-1": ("/report", GARDEN),
            "a-1": ("/v1/status", Key("VoiceAgent", "tenant", "a")),
        }
        assert REPORT.read is read

    run(main())


def test_where_one_namespace_is_looked_after_what_is_of_the_whole_cluster_is_left_to_others() -> None:
    async def main() -> None:
        watched = Watched(watch_namespace="rose")
        assert list(watched.operator._programs) == ["VoiceAgent"]
        assert "Garden" not in watched.operator._cluster.caches

    run(main())


def test_each_kind_that_has_a_row_has_a_program() -> None:
    assert tuple(program.kind for program in PROGRAMS) == PRIMARIES


def test_a_kind_that_is_not_served_yet_stops_no_other_and_is_watched_once_it_is() -> None:
    async def main() -> None:
        watched = Watched(lease_seconds=10)
        watched.api.plurals.discard(GARDENS.plural)
        operator = watched.operator
        sweeps = [asyncio.create_task(sweep.run()) for sweep in operator._sweeps.values()]
        reflectors = [asyncio.create_task(one.run()) for one in operator._reflectors]
        await asyncio.wait_for(operator._cluster.all_synced(), 5)
        assert await operator._served() == [AGENTS]
        await operator._reconcile(GARDEN)
        assert not operator._watch._again.is_set()
        watched.api.plurals.add(GARDENS.plural)
        await watched.api.put(
            PATH,
            {
                "apiVersion": "example.com/v1",
                "kind": "Garden",
                "spec": {"beds": []},
                "metadata": {"name": "eden"},
            },
        )
        await asyncio.sleep(20)
        assert await operator._served() == [AGENTS, GARDENS]
        assert operator._watch._again.is_set(), "kopf looks for kinds when it starts alone"
        assert GARDEN in watched.queued()
        for task in (*sweeps, *reflectors):
            task.cancel()

    run(main())


def test_that_a_kind_of_which_some_are_known_is_not_served_is_no_answer() -> None:
    """As from an API server that has just started and does not know its kinds yet: all would pass for gone."""

    async def main() -> None:
        watched = Watched()
        operator = watched.operator
        await watched.api.put(
            PATH,
            {
                "apiVersion": "example.com/v1",
                "kind": "Garden",
                "spec": {"beds": []},
                "metadata": {"name": "eden"},
            },
        )
        sweep = operator._sweeps["Garden"]
        await sweep.now()
        watched.api.plurals.discard(GARDENS.plural)
        again = asyncio.create_task(sweep.now())
        await asyncio.sleep(60)
        assert not again.done()
        assert operator._cluster.cached(GARDEN) is not None
        watched.api.plurals.add(GARDENS.plural)
        await asyncio.wait_for(again, 15)

    run(main())


MODELS = Primary("Model", "example.com/v1", "models", noun="model", label="example.com/model")


class Models(Program[Observed, Plan]):
    """Namespaced, and told by its status alone."""

    kind = MODELS

    async def observe(self, key: Key, obj: Object, seen: Observed) -> Observed:
        return seen

    def plan(self, obj: Object, observed: Observed, settings: Settings, now: datetime) -> Plan:
        return Plan(status={"ready": obj["spec"]["ready"]})


class Agents(VoiceAgents):
    """They go by a model that they name."""

    def plan(self, obj: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
        model = self.shared.cluster.cached(Ref("Model", "tenant", obj["spec"]["model"])) or {}
        return AgentPlan(status={"follows": model.get("status", {}).get("ready")})

    def refers_to(self, obj: Object) -> Iterable[Ref]:
        yield from super().refers_to(obj)
        yield Ref("Model", "tenant", obj["spec"]["model"])


def test_what_the_operator_itself_writes_of_one_kind_wakes_those_of_another_and_its_echo_does_not() -> None:
    """Of what was written here the cache holds the answer, so that the watch tells nothing new of it."""

    async def main() -> None:
        api = FakeApi()
        api.plurals.add(MODELS.plural)
        operator = Operator(Settings(identity="test"), api, no_fence, (Agents, Models))
        operator._cluster._guard = lambda: None
        model = {"apiVersion": "example.com/v1", "kind": "Model", "spec": {"ready": False}}
        await api.put(MODELS.path("tenant", "m"), {**model, "metadata": {"name": "m", "namespace": "tenant"}})
        agents = {"a": "m", "b": "m", "c": "another"}
        for name, named in agents.items():
            metadata = {"name": name, "namespace": "tenant"}
            obj = {"apiVersion": AGENTS.api_version, "kind": AGENTS.name, "metadata": metadata}
            await api.put(AGENTS.path("tenant", name), {**obj, "spec": {"model": named}})
        for sweep in operator._sweeps.values():
            await sweep.now()
        working = asyncio.create_task(operator._queue.run(2, operator._reconcile))
        await asyncio.sleep(5)
        before = {name: api.objects[AGENTS.path("tenant", name)]["status"] for name in agents}
        assert before == {"a": {"follows": False}, "b": {"follows": False}, "c": {"follows": None}}
        changed = await api.put(
            MODELS.path("tenant", "m"),
            {**api.objects[MODELS.path("tenant", "m")], "spec": {"ready": True}},
        )
        operator._take(MODELS, "MODIFIED", changed)
        await asyncio.sleep(1)
        after = {name: api.objects[AGENTS.path("tenant", name)]["status"] for name in agents}
        assert after == {"a": {"follows": True}, "b": {"follows": True}, "c": {"follows": None}}
        written = len(api.writes())
        operator._take(MODELS, "MODIFIED", api.objects[MODELS.path("tenant", "m")])
        await asyncio.sleep(40)
        assert len(api.writes()) == written
        working.cancel()

    run(main())


def test_one_that_went_while_its_status_was_written_is_told_once_to_all_who_go_by_it() -> None:
    """Its watch then says that it is gone, and the cache has nothing more to drop: a tenant that waited for its last
    agent waited for ever.
    """

    async def main() -> None:
        api = FakeApi()
        told: list[Ref] = []
        cluster = Cluster(api, lambda: None, lambda *write: None, [AGENTS], wrote=told.append)
        metadata = {"name": "a", "namespace": "tenant"}
        obj = {"apiVersion": AGENTS.api_version, "kind": AGENTS.name, "metadata": metadata}
        stored = await api.put(AGENTS.path("tenant", "a"), obj)
        cluster.caches[AGENTS.name].put(stored)
        del api.objects[AGENTS.path("tenant", "a")]
        for _ in range(2):
            with pytest.raises(ApiError):
                await cluster.patch_status(stored, {"calls": 1})
        assert told == [Ref("VoiceAgent", "tenant", "a")]

    run(main())
