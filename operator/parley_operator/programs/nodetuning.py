"""What is the NodeTunings' alone: their ports of nodes, and the labels that say which nodes they have tuned.

Rules: a node's label is written only where it differs, a few at a time. An object that is gone without its finalizer,
because somebody has taken that away, leaves neither a label behind nor what it had without an owner.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from parley_operator import names
from parley_operator.few import a_few
from parley_operator.kinds import DAEMON_SETS, NAMESPACES, NODE_TUNINGS, NODES
from parley_operator.node_report import question
from parley_operator.plan import nodetuning
from parley_operator.plan.plan import Object, Observed, Ref
from parley_operator.plan.tuning import NodeLabels, ObservedTuning, TuningPlan
from parley_operator.polls import Question
from parley_operator.programs.program import Look, Program, Shared
from parley_operator.queue import Key
from parley_operator.settings import Settings
from parley_operator.wakes import any_of

MOST_NODES = 64
"""Nodes that are labelled in one look; the others in the next, or one of very many would last too long (probes.py)."""


class NodeTunings(Program[ObservedTuning, TuningPlan]):
    kind = NODE_TUNINGS
    slow_status = ("nodes", "problems", "moreProblems")
    finalizer = names.NODE_TUNING_FINALIZER

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self._ports: dict[Key, int] = {}
        """What was planned: held before it is there, so that two that are planned at once do not take the same."""

    def asks(self, pod: Object) -> Question | None:
        port = pod["metadata"].get("annotations", {}).get(names.REPORT_PORT, "")
        return question(int(port)) if port.isdecimal() and 0 < int(port) < 65_536 else None

    async def observe(self, key: Key, obj: Object, seen: Observed) -> ObservedTuning:
        cluster, observer = self.shared.cluster, self.shared.observer
        others = [one for one in cluster.caches[self.kind.name].all() if one["metadata"]["name"] != key.name]
        facts = seen.facts() | {"children": {**seen.children, **self._orphans(key)}}
        return ObservedTuning(
            **facts,
            nodes=observer.nodes(),
            others=tuple(others),
            ports=self._ports_of_others(key),
            unasked=observer.unasked(key),
            home=cluster.caches[NAMESPACES.name].get("", self.shared.settings.tuner_namespace),
            nodes_served=cluster.caches[NODES.name].served,
        )

    def plan(self, obj: Object, observed: ObservedTuning, settings: Settings, now: datetime) -> TuningPlan:
        return nodetuning.plan(obj, observed, settings, now)

    def refers_to(self, obj: Object) -> Iterable[Ref]:
        yield any_of(NODES.name)
        yield any_of(self.kind.name)
        yield Ref(NAMESPACES.name, "", self.shared.settings.tuner_namespace)

    def planned(self, key: Key, plan: TuningPlan) -> None:
        if plan.port:
            self._ports[key] = plan.port

    async def after(self, look: Look[TuningPlan]) -> float | None:
        """A label that goes with a deletion needs nothing that was refused."""
        going = "deletionTimestamp" in look.obj["metadata"]
        return await self._label(look.plan.labels) if going or not look.refused else None

    async def farewell(self, key: Key, obj: Object | None) -> float | None:
        self._ports.pop(key, None)
        ours = (names.tuning_label(key.name), names.profile_label(key.name))
        found = [
            NodeLabels(node.name, node.uid, dict.fromkeys(label for label in ours if label in node.labels))
            for node in self.shared.observer.nodes()
        ]
        again_after = await self._label([one for one in found if one.labels])
        for ref, orphan in self._orphans(key).items():
            if "deletionTimestamp" not in orphan["metadata"]:
                await self.shared.cluster.delete(ref, orphan["metadata"]["uid"])
        return again_after

    def _orphans(self, key: Key) -> dict[Ref, Object]:
        return self.shared.observer.orphans(self.kind, key, [self.shared.settings.tuner_namespace])

    def _ports_of_others(self, key: Key) -> dict[int, str]:
        """By what was planned since the start, and by what runs."""
        found: dict[int, str] = {}
        for obj in self.shared.cluster.caches[DAEMON_SETS.name].within(self.shared.settings.tuner_namespace):
            name = obj["metadata"].get("labels", {}).get(self.kind.label, key.name)
            for container in obj["spec"]["template"]["spec"]["containers"]:
                if name != key.name:
                    found |= {port["containerPort"]: name for port in container.get("ports", ())}
        return found | {port: other.name for other, port in self._ports.items() if other != key}

    async def _label(self, wanted: list[NodeLabels]) -> float | None:
        """Seconds until the rest of them may be labelled."""

        async def one(node: NodeLabels) -> None:
            await self.shared.cluster.label(Ref(NODES.name, "", node.node), node.uid, node.labels)

        await a_few(one, wanted[:MOST_NODES])
        return 0.0 if wanted[MOST_NODES:] else None
