"""Owns a small cluster of nodes in this process, as a NodeTuning's plan sees one: tuners say what a test wants said."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from parley_operator import names
from parley_operator.plan.nodetuning import plan
from parley_operator.plan.plan import Object, ObservedNode, ObservedPod, Ref, ref_of
from parley_operator.plan.tuning import KeyReport, NodeReport, ObservedTuning, TuningPlan
from parley_operator.render.tuner import FILE
from parley_operator.settings import Settings

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
SYSCTLS = {"net.core.rmem_max": "4194304", "vm.swappiness": "1"}
LABELS = {"node-type": "low-latency"}


def node_tuning(name: str = "low-latency", created: str = "2026-11-01T00:00:00Z", **spec: Any) -> Object:
    """As the API server has it, its defaults aside."""
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "NodeTuning",
        "metadata": {"name": name, "uid": f"uid-of-{name}", "generation": 1, "creationTimestamp": created},
        "spec": {"sysctls": SYSCTLS, "governor": "", **spec},
    }


def deleted(tuning: Object, at: datetime = NOW) -> Object:
    metadata = {**tuning["metadata"], "deletionTimestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ")}
    return {**tuning, "metadata": metadata}


def node(name: str, labels: dict[str, str] | None = None, *taints: dict[str, str]) -> ObservedNode:
    return ObservedNode(name, f"uid-of-{name}", labels=LABELS if labels is None else labels, taints=taints)


@dataclass
class TunedCluster:
    """Holds one NodeTuning, the nodes, and what there is of it."""

    tuning: Object = field(default_factory=node_tuning)
    settings: Settings = field(default_factory=lambda: Settings(tuner_image="example.com/parley-tuner:1"))
    observed: ObservedTuning = field(
        default_factory=lambda: ObservedTuning(nodes=(node("node-a"), node("node-b"), node("other", {})))
    )

    def plan(self, now: datetime = NOW) -> TuningPlan:
        return plan(self.tuning, self.observed, self.settings, now)

    def step(self, now: datetime = NOW) -> TuningPlan:
        """Plans once and carries it out: a tuner runs, and says nothing yet, wherever a label asks for one."""
        made = self.plan(now)
        children = dict(self.observed.children)
        for obj in made.objects:
            children[ref_of(obj)] = copy.deepcopy(obj)
        for ref in made.prune:
            del children[ref]
        self.observed = replace(self.observed, children=children)
        changes = {one.node: one.labels for one in made.labels}
        self.nodes(*(self._relabelled(one, changes.get(one.name, {})) for one in self.observed.nodes))
        if made.status is not None:
            self.tuning = {**self.tuning, "status": made.status}
        return made

    def settle(self, now: datetime = NOW) -> TuningPlan:
        """Steps until nothing changes; fails where that never comes."""
        for _ in range(8):
            made = self.step(now)
            if self.rests(now):
                return made
        raise AssertionError(f"still writing: {self.plan(now)}")

    def rests(self, now: datetime = NOW) -> bool:
        made = self.plan(now)
        there = all(self.observed.children.get(ref_of(obj)) == obj for obj in made.objects)
        told = made.status is None or made.status == self.tuning.get("status")
        return there and told and not (made.labels or made.prune)

    @staticmethod
    def _relabelled(one: ObservedNode, changes: Any) -> ObservedNode:
        labels = {key: value for key, value in {**one.labels, **changes}.items() if value is not None}
        return replace(one, labels=labels)

    def nodes(self, *nodes: ObservedNode) -> None:
        """These are there, and the DaemonSet's controller has done what follows."""
        label = names.tuning_label(self.name)
        running = {one.name for one in nodes if label in one.labels}
        pods = {name: pod for name, pod in self.observed.pods.items() if pod.node in running}
        for name in running:
            pods.setdefault(f"tuner-{name}", self._pod(name))
        self.observed = replace(self.observed, nodes=nodes, pods=pods)

    def relabel(self, name: str, **labels: str) -> None:
        """By hand: all labels of a node but ours."""
        ours = {key: value for key, value in self.labels(name).items() if f".{names.GROUP}/" in key}
        found = [
            replace(one, labels={**labels, **ours}) if one.name == name else one
            for one in self.observed.nodes
        ]
        self.nodes(*found)

    def say(self, name: str, **states: str) -> None:
        """What the tuner of a node says: Applied of each key of its profile unless it is said otherwise ("_": ".")."""
        profile = self.profile
        said = {key.replace("__", "."): state for key, state in states.items()}
        if name in profile["leaving"] or not (profile["sysctls"] or profile["governor"]):
            rows = dict.fromkeys(SYSCTLS, "Restored") | said
            self.report(name, "Restoring" if "Restoring" in rows.values() else "Restored", rows)
            return
        keys = [*profile["sysctls"], *(["governor"] if profile["governor"] else [])]
        rows = dict.fromkeys(keys, "Applied") | said
        self.report(name, "Applied" if set(rows.values()) == {"Applied"} else "Partly", rows)

    def report(self, name: str, state: str, rows: dict[str, str], **more: str) -> None:
        keys = tuple(KeyReport(key, said, f"why {said}") for key, said in sorted(rows.items()))
        facts = {"owner": self.name, "profile": self.profile["profile"], "problem": "", **more}
        self.pod(name, status=NodeReport(name, state=state, keys=keys, **facts))

    def pod(self, of_node: str, **changes: Any) -> None:
        name = f"tuner-{of_node}"
        self.see(pods={**self.observed.pods, name: replace(self.observed.pods[name], **changes)})

    def see(self, **changes: Any) -> None:
        self.observed = replace(self.observed, **changes)

    def tuned(self) -> None:
        """Both nodes have all of it, and everything has been written."""
        self.settle()
        for name in ("node-a", "node-b"):
            self.say(name)
        self.settle()

    @property
    def name(self) -> str:
        return str(self.tuning["metadata"]["name"])

    @property
    def profile(self) -> dict[str, Any]:
        """As the tuners read it."""
        config_map = self.observed.children[Ref("ConfigMap", "parley-nodes", names.tuner(self.name))]
        found: dict[str, Any] = json.loads(config_map["data"][FILE])
        return found

    def labels(self, name: str) -> dict[str, str]:
        [found] = [one for one in self.observed.nodes if one.name == name]
        return dict(found.labels)

    def state(self, name: str) -> tuple[str | None, str | None]:
        """Both of our labels of a node."""
        labels = self.labels(name)
        return labels.get(names.tuning_label(self.name)), labels.get(names.profile_label(self.name))

    @staticmethod
    def _pod(of_node: str) -> ObservedPod:
        return ObservedPod(f"tuner-{of_node}", f"uid-{of_node}", of_node, phase="Running", ready=True)
