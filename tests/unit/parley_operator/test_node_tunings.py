"""NodeTunings through the operator's core, over a fake API server: finalizer, labels of nodes, and nothing is left."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from parley_operator import names
from parley_operator.api import ApiError
from parley_operator.cache import NEWEST
from parley_operator.kinds import CONFIG_MAPS, DAEMON_SETS, NODE_TUNINGS, NODES, PODS
from parley_operator.plan.plan import Object, Ref
from parley_operator.plan.tuning import KeyReport, NodeReport
from parley_operator.programs.nodetuning import MOST_NODES, NodeTunings
from parley_operator.queue import Key
from tests.tuned_cluster import LABELS, SYSCTLS, node_tuning
from tests.unit.parley_operator.world import World

KEY = Key("NodeTuning", "", "low-latency")
PATH = NODE_TUNINGS.path("", "low-latency")
HOME = "parley-nodes"
CHILD = names.tuner("low-latency")


def run(main: Coroutine[Any, Any, None]) -> None:
    asyncio.run(main)


class Tuning(World):
    """Of two nodes, on which pods are as soon as they are labelled."""

    def __init__(self) -> None:
        super().__init__(NodeTunings)

    async def begin(self, *nodes: str) -> None:
        for name in nodes or ("node-a", "node-b"):
            await self.add_node(name)
        await self.write()

    async def write(self, name: str = "low-latency", **more: Any) -> None:
        tuning = node_tuning(name, **more)
        del tuning["metadata"]["uid"]
        await self.api.put(NODE_TUNINGS.path("", name), tuning)

    async def add_node(self, name: str, **labels: str) -> None:
        node = {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": {**LABELS, **labels}},
        }
        await self.api.put(NODES.path("", name), node)

    async def add_pod(self, node: str) -> None:
        labels = {names.PARLEY_NODE_TUNING: "low-latency"}
        metadata = {"name": f"tuner-{node}", "namespace": HOME, "labels": labels}
        status = {
            "phase": "Running",
            "podIP": "10.0.0.1",
            "conditions": [{"type": "Ready", "status": "True"}],
        }
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": metadata,
            "spec": {"nodeName": node},
            "status": status,
        }
        await self.api.put(PODS.path(HOME, f"tuner-{node}"), pod)

    def say(self, node: str, state: str = "Applied") -> None:
        profile = str(self.told().get("profile", ""))
        keys = tuple(KeyReport(key, state) for key in SYSCTLS)
        report = NodeReport(node, "low-latency", profile, state, keys=keys)
        self.statuses[Ref("Pod", HOME, f"tuner-{node}")] = report  # type: ignore[assignment]

    async def tuned(self) -> None:
        await self.begin()
        await self.looks()
        for node in ("node-a", "node-b"):
            await self.add_pod(node)
            self.say(node)
        await self.looks()

    async def looks(self, key: Key = KEY) -> None:
        """Until one of them writes nothing."""
        for _ in range(8):
            if not await self.look(key):
                return
        raise AssertionError("still writing")

    async def delete(self, at: str = "2026-11-30T00:00:00Z") -> None:
        """As the API server does where there is a finalizer. Now is 2026-11-30T00:00:00Z."""
        tuning = self.api.objects[PATH]
        metadata = {**tuning["metadata"], "deletionTimestamp": at}
        await self.api.put(PATH, {**tuning, "metadata": metadata})

    def told(self) -> Object:
        found: Object = self.api.objects[PATH].get("status", {})
        return found

    def ready(self) -> str:
        [found] = [one for one in self.told()["conditions"] if one["type"] == "Ready"]
        return f"{found['status']} {found['reason']}"

    def labels(self, node: str) -> dict[str, str]:
        found: dict[str, str] = self.api.objects[NODES.path("", node)]["metadata"]["labels"]
        return {key: value for key, value in found.items() if key not in LABELS}


def test_the_finalizer_is_there_before_anything_that_would_have_to_be_undone() -> None:
    async def main() -> None:
        world = Tuning()
        await world.begin()
        assert await world.look(KEY) == [
            "PATCH alpha1/nodetunings/low-latency",
            f"PATCH /namespaces/{HOME}/configmaps/{CHILD}",
            f"PATCH /namespaces/{HOME}/daemonsets/{CHILD}",
            "PATCH alpha1/nodetunings/low-latency/status",
            "PATCH /nodes/node-a",
            "PATCH /nodes/node-b",
        ]
        assert world.api.objects[PATH]["metadata"]["finalizers"] == ["parley.dev/restore-nodes"]
        assert await world.look(KEY) == []

    run(main())


def test_a_node_is_written_to_once_for_each_step_and_gets_no_more_than_its_labels() -> None:
    async def main() -> None:
        world = Tuning()
        await world.tuned()
        profile = world.told()["profile"]
        ours = {"tuning.parley.dev/low-latency": "tuned", "profile.parley.dev/low-latency": profile}
        assert world.labels("node-a") == world.labels("node-b") == ours
        assert world.ready() == "True AllTrue"
        written = [one for one in world.api.writes() if one.path == NODES.path("", "node-a")]
        assert [one.body["metadata"]["labels"] for one in written] == [
            {"tuning.parley.dev/low-latency": "tuning"},
            ours,
        ]
        assert world.api.objects[NODES.path("", "node-a")]["metadata"].keys() <= {
            *("name", "labels", "uid", "resourceVersion"),
        }

    run(main())


def test_deleted_it_stays_until_its_nodes_are_restored_and_then_nothing_of_it_is_left() -> None:
    async def main() -> None:
        world = Tuning()
        await world.tuned()
        await world.delete()
        await world.looks()
        assert world.ready() == "False Deleting"
        assert world.labels("node-a") == {"tuning.parley.dev/low-latency": "restoring"}
        world.say("node-a", "Restored")
        await world.looks()
        assert world.labels("node-a") == {}
        assert PATH in world.api.objects
        world.say("node-b", "Restored")
        await world.looks()
        assert PATH not in world.api.objects
        assert CONFIG_MAPS.path(HOME, CHILD) not in world.api.objects
        assert DAEMON_SETS.path(HOME, CHILD) not in world.api.objects
        assert world.labels("node-b") == {}
        assert set(world.outcomes) <= {"done", "gone"}

    run(main())


def test_tuners_that_a_foreground_deletion_took_away_are_made_anew_without_an_owner() -> None:
    async def main() -> None:
        world = Tuning()
        await world.tuned()
        await world.delete()
        path = DAEMON_SETS.path(HOME, CHILD)
        await world.api.remove(path)
        await world.looks()
        assert "ownerReferences" not in world.api.objects[path]["metadata"]
        for node in ("node-a", "node-b"):
            world.say(node, "Restored")
        await world.looks()
        assert path not in world.api.objects, "and are deleted by the operator in the end"

    run(main())


class Closed(Tuning):
    """Whose tuners' namespace takes no write, as of a webhook that refuses or a namespace that is gone."""

    def close(self) -> None:
        open_to_all = self.api.request

        async def request(method: str, path: str, **more: Any) -> dict[str, Any]:
            if method != "GET" and f"/namespaces/{HOME}/" in path:
                raise ApiError(403, "Forbidden", "a webhook says no")
            return await open_to_all(method, path, **more)

        self.api.request = request  # type: ignore[method-assign, assignment]

    def open(self) -> None:
        del self.api.request  # type: ignore[method-assign]


def test_what_is_refused_holds_no_label_of_a_node_that_is_restored() -> None:
    async def main() -> None:
        world = Closed()
        await world.tuned()
        await world.delete()
        world.close()
        world.say("node-a", "Restored")
        await world.look(KEY)
        assert world.outcomes[-1] == "refused"
        assert world.labels("node-a") == {}
        assert world.labels("node-b") == {"tuning.parley.dev/low-latency": "restoring"}
        [accepted] = [one for one in world.told()["conditions"] if one["type"] == "Accepted"]
        assert accepted["reason"] == "Deleting"
        assert "a webhook says no" in accepted["message"]

    run(main())


def test_what_is_refused_holds_a_deletion_no_longer_than_a_silent_node_does() -> None:
    """Bug: with its tuners' namespace gone it stayed for ever, and its labels with it."""

    async def main() -> None:
        world = Closed()
        await world.tuned()
        await world.delete(at="2026-11-29T23:50:00Z")
        world.close()
        await world.look(KEY)
        assert world.ready() == "False Deleting"
        await world.look(KEY)
        assert world.labels("node-a") == world.labels("node-b") == {}
        assert PATH not in world.api.objects
        assert set(world.outcomes[-2:]) == {"done"}

    run(main())


def test_what_it_leaves_without_an_owner_goes_after_it_as_soon_as_it_may() -> None:
    async def main() -> None:
        world = Closed()
        await world.tuned()
        await world.delete()
        await world.looks()
        await world.delete(at="2026-11-29T23:50:00Z")
        world.close()
        for _ in range(3):
            await world.look(KEY)
        assert PATH not in world.api.objects
        assert DAEMON_SETS.path(HOME, CHILD) in world.api.objects
        assert world.outcomes[-1] == "again"
        world.open()
        await world.look(KEY)
        assert CONFIG_MAPS.path(HOME, CHILD) not in world.api.objects
        assert DAEMON_SETS.path(HOME, CHILD) not in world.api.objects
        assert world.outcomes[-1] == "gone"

    run(main())


def test_while_nodes_cannot_be_read_it_does_not_go() -> None:
    async def main() -> None:
        world = Tuning()
        await world.tuned()
        await world.delete(at="2026-11-29T23:50:00Z")
        world.see()
        nodes = world.cluster.caches[NODES.name]
        for place in nodes.places():
            nodes.drop(place, NEWEST)
        nodes.served = False
        await world.reconcile(KEY)
        await world.reconcile(KEY)
        assert PATH in world.api.objects
        assert {one["reason"] for one in world.told()["conditions"]} == {"Deleting", "NodesUnread"}
        assert world.labels("node-a")["tuning.parley.dev/low-latency"] == "tuned"

    run(main())


def test_a_pod_of_another_namespace_says_nothing_of_a_node() -> None:
    async def main() -> None:
        world = Tuning()
        await world.begin("node-a")
        await world.looks()
        reference = {"apiVersion": NODE_TUNINGS.api_version, "kind": NODE_TUNINGS.name, "name": "low-latency"}
        uid = world.api.objects[PATH]["metadata"]["uid"]
        metadata = {
            "name": "tuner-node-a",
            "namespace": "somebodys",
            "ownerReferences": [{**reference, "uid": uid, "controller": True}],
        }
        pod = {"kind": "Pod", "metadata": metadata, "spec": {"nodeName": "node-a"}}
        await world.api.put(PODS.path("somebodys", "tuner-node-a"), pod)
        world.see()
        assert world.reconcile._observer.pods(KEY) == []

    run(main())


def test_an_operator_that_has_just_begun_takes_no_label_off_before_it_has_asked() -> None:
    async def main() -> None:
        world = Tuning()
        await world.tuned()
        before = world.labels("node-a"), world.told()
        world.statuses.clear()
        world.pending = {Ref("Pod", HOME, f"tuner-{node}") for node in ("node-a", "node-b")}
        assert await world.look(KEY) == []
        assert (world.labels("node-a"), world.told()) == before

    run(main())


def test_where_somebody_took_the_finalizer_away_and_it_is_gone_no_label_stays() -> None:
    async def main() -> None:
        world = Tuning()
        await world.tuned()
        await world.api.remove(PATH)
        await world.look(KEY)
        assert world.labels("node-a") == world.labels("node-b") == {}
        assert world.outcomes[-1] == "gone"

    run(main())


def test_a_node_that_goes_just_before_it_is_labelled_is_no_error_and_one_that_cannot_be_is_tried_again() -> (
    None
):
    async def main() -> None:
        world = Tuning()
        await world.begin("node-a")
        world.see()
        await world.api.remove(NODES.path("", "node-a"))
        await world.reconcile(KEY)
        assert world.outcomes[-1] == "done"
        await world.add_node("node-b")
        world.api.write_errors.append(ApiError(503, "ServiceUnavailable", "later"))
        await world.look(KEY)
        assert world.outcomes[-1] == "again"
        await world.looks()
        assert world.labels("node-b") == {"tuning.parley.dev/low-latency": "tuning"}

    run(main())


def test_very_many_nodes_are_labelled_in_several_looks() -> None:
    async def main() -> None:
        world = Tuning()
        await world.begin(*(f"node-{number}" for number in range(MOST_NODES + 1)))
        written = await world.look(KEY)
        assert sum("/nodes/" in one for one in written) == MOST_NODES
        assert world.queue.depth + world.queue.delayed == 1, "it comes again at once"
        assert sum("/nodes/" in one for one in await world.look(KEY)) == 1

    run(main())


def test_two_that_are_planned_at_once_answer_at_different_ports_and_share_a_nodes_labels() -> None:
    async def main() -> None:
        world = Tuning()
        await world.begin()
        await world.write("second", sysctls={"vm.dirty_ratio": "5"})
        world.see()
        second = Key("NodeTuning", "", "second")
        await asyncio.gather(world.reconcile(KEY), world.reconcile(second))
        ports = [
            world.api.objects[DAEMON_SETS.path(HOME, names.tuner(name))]["spec"]["template"]["spec"][
                "containers"
            ][0]["ports"][0]["hostPort"]
            for name in ("low-latency", "second")
        ]
        assert sorted(ports) == [9015, 9016]
        await world.looks()
        await world.looks(second)
        assert world.labels("node-a") == {
            "tuning.parley.dev/low-latency": "tuning",
            "tuning.parley.dev/second": "tuning",
        }

    run(main())


def test_a_pod_is_asked_at_the_port_that_it_was_started_with() -> None:
    program = Tuning().reconcile._programs["NodeTuning"]

    def asked(port: str) -> tuple[int, str] | None:
        found = program.asks({"metadata": {"annotations": {names.REPORT_PORT: port}}})
        return None if found is None else (found.port, found.path)

    assert asked("9016") == (9016, "/report")
    assert [asked(wrong) for wrong in ("", "x", "0", "65536", "-1")] == [None] * 5
    assert program.asks({"metadata": {}}) is None
