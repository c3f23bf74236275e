"""A cluster as values: what becomes of a plan once Kubernetes has carried it out. No API server, no time.

It does what the operator's plans rely on and no more: a Deployment gets defaults that nobody applied, a change of it is
a new generation, its pods come and are of its template, and what is left out of replicas stays as it was.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from parley_operator import names
from parley_operator.plan.agent import AgentPlan, ObservedAgent, PodStatus
from parley_operator.plan.plan import Object, ObservedPod, Ref, ref_of
from parley_operator.plan.voiceagent import plan
from parley_operator.settings import Settings

NOW = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)

BOTH_KINDS = frozenset({"PodMonitor", "ScaledObject"})


def voice_agent(name: str = "shop", generation: int = 1, **spec: Any) -> Object:
    """An agent as the API server has it; `spec` is beside a conversation."""
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {
            "name": name,
            "namespace": "voice-ai",
            "uid": f"uid-of-{name}",
            "generation": generation,
        },
        "spec": {"conversation": {"instructions": "You are the shop's own voice."}, **spec},
    }


def changed(agent: Object, **spec: Any) -> Object:
    """Its author has written something else: the API server counts that."""
    metadata = {**agent["metadata"], "generation": agent["metadata"]["generation"] + 1}
    return {**agent, "metadata": metadata, "spec": {**agent["spec"], **spec}}


def condition(status: Object | None, kind: str) -> Object:
    """One condition of a status."""
    assert status is not None
    [found] = [one for one in status["conditions"] if one["type"] == kind]
    return dict(found)


def reasons(status: Object | None) -> dict[str, str]:
    """Type -> "True", or status and reason."""
    assert status is not None
    return {
        one["type"]: "True" if one["status"] == "True" else f"{one['status']} {one['reason']}"
        for one in status["conditions"]
    }


def only(objects: list[Object], kind: str) -> Object:
    [found] = [obj for obj in objects if obj["kind"] == kind]
    return found


@dataclass
class SmallCluster:
    """Holds one agent, and what there is of it."""

    agent: Object
    observed: ObservedAgent = field(default_factory=lambda: ObservedAgent(may_roll=False))
    settings: Settings = field(default_factory=lambda: Settings(dataplane_image="example.com/parley:1"))
    applied: dict[Ref, Object] = field(default_factory=dict)
    templates: int = 0
    """Pod templates that the Deployment has had: each rolls."""

    def plan(self, now: datetime = NOW) -> AgentPlan:
        return plan(self.agent, self.observed, self.settings, now)

    def step(self, now: datetime = NOW) -> AgentPlan:
        """Plans once and carries it out."""
        made = self.plan(now)
        self.carry_out(made)
        return made

    def settle(self) -> None:
        """Until nothing is left to do; fails where that never comes."""
        for _ in range(8):
            made = self.plan()
            if not self.writes(made):
                return
            self.carry_out(made)
            self.roll_out()
        raise AssertionError(f"still writing: {self.writes(self.plan())}")

    def writes(self, made: AgentPlan) -> list[str]:
        """What carrying it out would write, each in words."""
        objects = [*made.objects, *getattr(made, "slow", ())]
        found = [f"apply {ref_of(obj)}" for obj in objects if self.applied.get(ref_of(obj)) != obj]
        found += [f"delete {ref}" for ref in made.prune]
        found += [f"cut {cut.ref}" for cut in getattr(made, "cut", ())]
        found += ["status"] if made.status is not None and made.status != self.agent.get("status") else []
        return found + (["hand over"] if made.hand_over is not None else [])

    def carry_out(self, made: AgentPlan) -> None:
        children = dict(self.observed.children)
        if made.hand_over is not None:
            children[ref_of(made.hand_over)]["spec"]["replicas"] = made.hand_over["spec"]["replicas"]
        for obj in made.objects:
            self.applied[ref_of(obj)] = copy.deepcopy(obj)
            children[ref_of(obj)] = self._as_stored(obj, children.get(ref_of(obj)))
        for ref in made.prune:
            del children[ref]
            self.applied.pop(ref, None)
        pods = dict(self.observed.pods)
        for mark in getattr(made, "slow", ()):
            self.applied[ref_of(mark)] = copy.deepcopy(mark)
            metadata = mark["metadata"]
            pod = pods[metadata["name"]]
            pods[pod.name] = replace(
                pod,
                labels={**pod.labels, **metadata.get("labels", {})},
                annotations={**pod.annotations, **metadata.get("annotations", {})},
            )
        self.observed = replace(self.observed, children=children, pods=pods)
        if made.status is not None:
            self.agent = {**self.agent, "status": made.status}

    def roll_out(self) -> None:
        """The Deployment's controller and the kubelets do all that they have to, and the pods answer."""
        live = self.deployment
        if live is None:
            return
        count = live["spec"]["replicas"]
        live["status"] = {
            "observedGeneration": live["metadata"]["generation"],
            "replicas": count,
            "updatedReplicas": count,
            "readyReplicas": count,
            "availableReplicas": count,
            "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"}],
        }
        annotations = live["spec"]["template"]["metadata"]["annotations"]
        revision = f"{self.templates}"
        kept = {name: pod for name, pod in self.observed.pods.items() if name.startswith(f"pod-{revision}-")}
        for number in range(count):
            kept.setdefault(f"pod-{revision}-{number}", self._pod(f"pod-{revision}-{number}", annotations))
        kept = {name: pod for name, pod in sorted(kept.items()) if int(name.rpartition("-")[2]) < count}
        self.observed = replace(self.observed, pods=kept)

    def answer(self, name: str, calls: int) -> None:
        """A pod tells its calls."""
        pod = self.observed.pods[name]
        assert pod.status is not None
        self.pod(name, status=replace(pod.status, calls=calls))

    def pod(self, name: str, **changes: Any) -> None:
        pods = {**self.observed.pods, name: replace(self.observed.pods[name], **changes)}
        self.observed = replace(self.observed, pods=pods)

    def see(self, **changes: Any) -> None:
        self.observed = replace(self.observed, **changes)

    @property
    def deployment(self) -> Object | None:
        name = names.child(self.agent["metadata"]["name"])
        return self.observed.children.get(Ref("Deployment", "voice-ai", name))

    def _pod(self, name: str, annotations: Mapping[str, str]) -> ObservedPod:
        told = PodStatus(calls=0, draining=False, agent_digest=annotations[names.AGENT_DIGEST], version="1")
        return ObservedPod(
            name=name,
            uid=f"uid-of-{name}",
            phase="Running",
            ready=True,
            qos="Guaranteed",
            annotations=dict(annotations),
            status=told,
        )

    def _as_stored(self, obj: Object, before: Object | None) -> Object:
        stored = copy.deepcopy(obj)
        if obj["kind"] != "Deployment":
            return stored
        stored["status"] = {} if before is None else before.get("status", {})
        spec = stored["spec"]
        spec.setdefault("replicas", 1 if before is None else before["spec"]["replicas"])
        spec["template"]["spec"].setdefault("dnsPolicy", "ClusterFirst")  # the API server fills in defaults
        generation = 1 if before is None else before["metadata"]["generation"]
        if before is None or before["spec"]["template"] != spec["template"]:
            self.templates += 1
        if before is not None and before["spec"] != spec:
            generation += 1
        stored["metadata"]["generation"] = generation
        return stored
