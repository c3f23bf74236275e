"""What is to be done about a VoiceAgent: pure, from what the caches hold to everything that is to be there.

    dict -> reading.py, refusals.py: typed, or why not -> host_port.py -> rollout.py: which template
         -> render/ -> objects, prune -> agent_conditions.py -> status
Rules: nothing is written for an agent that can't be served as it is written, so that what runs stays up; calls in
progress are in no prune. Deleting an agent takes no finalizer: all that it owns goes with it, its pods with the grace
period of their calls, or cut (pods.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parley_api import VoiceAgent
from parley_operator import names
from parley_operator.plan import (
    agent_conditions,
    agent_engines,
    conditions,
    host_port,
    pods,
    reading,
    refusals,
)
from parley_operator.plan.agent import AgentPlan, ObservedAgent
from parley_operator.plan.agent_engines import Reached
from parley_operator.plan.buckets import bucket
from parley_operator.plan.facts import Facts
from parley_operator.plan.plan import Object, Ref, ref_of
from parley_operator.plan.reading import Refusal
from parley_operator.plan.replicas import hand_over
from parley_operator.plan.rollout import Images, Rollout, Written, digest, image_of, rollout
from parley_operator.plan.running import is_as_wanted, running_replicas, seen, spec_of
from parley_operator.render.agent_file import agent_file, written
from parley_operator.render.autoscaler import pod_autoscaler, scaled_object
from parley_operator.render.config_map import config_map
from parley_operator.render.deployment import deployment
from parley_operator.render.disruption import disruption_budget
from parley_operator.render.network_policy import network_policy
from parley_operator.render.pod import pod_template
from parley_operator.render.pod_monitor import pod_monitor
from parley_operator.render.service import service
from parley_operator.render.service_account import service_account
from parley_operator.render.subject import Subject
from parley_operator.settings import Settings


def plan(agent: Object, observed: ObservedAgent, settings: Settings, now: datetime) -> AgentPlan:
    """`agent` is the object as the API server has it."""
    metadata = agent["metadata"]
    if metadata.get("deletionTimestamp"):
        going = plan_gone(metadata["namespace"], observed)
        return AgentPlan(cut=going.cut, why=f"it is being deleted. {going.why}")
    facts = _Facts(agent, observed)
    read = reading.read(VoiceAgent, agent)
    if isinstance(read, Refusal):
        return _refused(read, facts, now)
    server = _model_server(read.value, facts, settings)
    if isinstance(server, Refusal):
        return _refused(server, facts, now)
    found = _subject(read.value, facts, settings, server)
    if isinstance(found, Refusal):
        return _refused(found, facts, now, server)
    return _served(found, facts, settings, now, server, reading.passed_over(read.unknown))


def plan_gone(namespace: str, observed: ObservedAgent) -> AgentPlan:
    """Of an agent that is not there any more, or is going. The garbage collector takes what it owned."""
    cut = pods.cuts(observed.pods.values(), namespace, living="")
    return AgentPlan(cut=cut, why=f"{len(cut)} of {len(observed.pods)} pods are cut.")


OF_NO_POD = ("replicas", "autoscaling", "service", "deletion")
"""Fields of the spec that change no pod template."""


@dataclass(frozen=True, slots=True)
class _Facts(Facts):
    """The agent as it is there, and what was read back."""

    observed: ObservedAgent

    @property
    def deployment(self) -> Object | None:
        return self.observed.children.get(Ref("Deployment", self.namespace, names.child(self.name)))

    @property
    def cut_with(self) -> str:
        return self.uid if (self.obj.get("spec") or {}).get("deletion") == "Cut" else ""

    @property
    def told_host_port(self) -> int:
        """By its status, which the operator alone writes."""
        told = self.status.get("hostPort")
        return told if isinstance(told, int) else 0

    @property
    def host_port(self) -> int:
        """The one that it has: a status that was lost is in the Deployment too, which others may edit as well."""
        told = self.told_host_port
        if told:
            return told
        spec = (((self.deployment or {}).get("spec") or {}).get("template") or {}).get("spec") or {}
        ports = [port for one in spec.get("containers") or () for port in one.get("ports") or ()]
        return next((int(port["hostPort"]) for port in ports if port.get("hostPort")), 0)


def _model_server(agent: VoiceAgent, facts: _Facts, settings: Settings) -> Reached | Refusal | None:
    ref = agent_engines.named(facts.obj)
    if ref is None:
        return None
    if settings.watch_namespace not in ("", ref.namespace):
        return agent_engines.not_looked_after(ref, settings.watch_namespace)
    return agent_engines.reached(agent, ref, facts.observed.model_server)


def _subject(
    agent: VoiceAgent, facts: _Facts, settings: Settings, server: Reached | None
) -> Subject | Refusal:
    lacking = refusals.lacking(agent, facts.obj, facts.observed)
    if lacking is not None:
        return lacking
    port = 0
    if agent.spec.media.reach.host_port is not None:
        key = f"{facts.namespace}/{facts.name}"
        told = facts.told_host_port
        port = host_port.allotted(key, told, facts.host_port, facts.observed.host_ports, settings)
        if not port:
            return refusals.no_host_port(settings.host_port_first, settings.host_port_last)
    return Subject(
        agent=agent,
        namespace=facts.namespace,
        uid=facts.uid,
        file=agent_file(agent, facts.namespace, port, server.engine if server is not None else None),
        image="",
        host_port=port,
        knowledge=_knowledge(agent, facts.observed),
        model=server.engine.model if server is not None else "",
    )


def _knowledge(agent: VoiceAgent, observed: ObservedAgent) -> str:
    """A digest of what the ConfigMaps of its knowledge hold."""
    texts = agent.spec.conversation.knowledge
    held = {
        one.config_map.name: observed.contents.get(one.config_map.name, "") for one in texts if one.config_map
    }
    if not held:
        return ""
    return hashlib.sha256("".join(f"{name}\0{held[name]}\0" for name in sorted(held)).encode()).hexdigest()


def _served(
    subject: Subject,
    facts: _Facts,
    settings: Settings,
    now: datetime,
    server: Reached | None,
    passed_over: str,
) -> AgentPlan:
    observed = facts.observed
    chosen = _rollout(subject, facts, settings)
    objects = _objects(chosen, observed)
    running = _running(chosen, objects, facts)
    found = agent_conditions.conditions(None, observed.failures, running, _engines(server), passed_over)
    prune = _prune(objects, chosen, running, facts)
    scaler = observed.children.get(Ref("ScaledObject", facts.namespace, names.child(facts.name)))
    over = hand_over(chosen.subject, facts.deployment, scaler)
    why = [chosen.why]
    why += [f"{ref} is not wanted any more" for ref in prune]
    why += ["its replicas go to the autoscaler"] if over is not None else []
    return AgentPlan(
        objects=objects,
        prune=prune,
        status=_status(facts, found, running, chosen.image, subject.host_port, now),
        hand_over=over,
        cut=pods.cuts(observed.pods.values(), facts.namespace, living=facts.uid),
        why=_sentences([*why, *_lacking(found[:-1])]),
        rolls=chosen.rolls,
        slow=pods.marks(observed.pods.values(), facts.namespace, facts.cut_with),
    )


def _rollout(subject: Subject, facts: _Facts, settings: Settings) -> Rollout[Subject]:
    # What is not there changes no digest: an upgrade of the operator would pass for their authors' change.
    around = digest([subject.knowledge, subject.host_port, *filter(None, [subject.model])])

    def can_start(template: Object) -> bool:
        """The file that they name is there."""
        name = names.by_content(subject.name, template["metadata"]["annotations"].get(names.AGENT_DIGEST, ""))
        return Ref("ConfigMap", subject.namespace, name) in facts.observed.children

    chosen = rollout(
        subject,
        pod_template,
        Written(str(facts.generation), digest(_of_pods(subject)), around),
        facts.deployment,
        Images(str(facts.status.get("image") or "") or image_of(facts.deployment), settings.dataplane_image),
        may_roll=facts.observed.may_roll,
        can_start=can_start,
    )
    return chosen.noting(names.SESSIONS, str(subject.sessions))


def _of_pods(subject: Subject) -> Object:
    return {name: value for name, value in written(subject.spec).items() if name not in OF_NO_POD}


def _engines(server: Reached | None) -> conditions.Found | None:
    return None if server is None else server.ready


def _refused(refusal: Refusal, facts: _Facts, now: datetime, server: Reached | None = None) -> AgentPlan:
    live = facts.deployment
    replicas = int(spec_of(live).get("replicas", 0))
    running = agent_conditions.Running(
        live=live,
        settled=seen(live),
        replicas=replicas
        if live is not None
        else 1,  # none were asked for, which is not "no pods are wanted"
        digest=_digest_of(live),
        pods=_in_order(facts.observed),
        at_host_port=bool(facts.host_port),
    )
    found = agent_conditions.conditions(refusal, facts.observed.failures, running, _engines(server))
    image = str(facts.status.get("image") or "")
    return AgentPlan(
        prune=_own_doors(facts),
        status={**_status(facts, found, running, image, facts.told_host_port, now), "replicas": replicas},
        cut=pods.cuts(facts.observed.pods.values(), facts.namespace, living=facts.uid),
        why=_sentences(["what runs stays as it is", *_lacking(found[:-1])]),
        again_after=refusals.AGAIN_SECONDS,
        slow=pods.marks(facts.observed.pods.values(), facts.namespace, facts.cut_with),
    )


def _objects(chosen: Rollout[Subject], observed: ObservedAgent) -> list[Object]:
    """In the order in which they are needed: what a pod names is there before the pod."""
    subject = chosen.subject
    wanted = [
        service_account(subject),
        config_map(subject) if chosen.digest == subject.file.digest else None,
        None if _isolated(observed) else network_policy(subject),
        service(subject),
        deployment(subject, chosen.template),
        disruption_budget(subject),
        pod_autoscaler(subject),
        scaled_object(subject),
        pod_monitor(subject) if "PodMonitor" in observed.kinds else None,
    ]
    return [obj for obj in wanted if obj is not None]


def _isolated(observed: ObservedAgent) -> bool:
    """By its tenant's NetworkPolicy, to which one of its own would add what the tenant does not open."""
    return observed.membership is not None and observed.membership.isolated


def _own_doors(facts: _Facts) -> list[Ref]:
    """What may not stay even while it is refused."""
    if not _isolated(facts.observed):
        return []
    return [ref for ref in sorted(facts.observed.children) if ref.kind == "NetworkPolicy"]


def _running(chosen: Rollout[Subject], objects: list[Object], facts: _Facts) -> agent_conditions.Running:
    live, subject = facts.deployment, chosen.subject
    wanted = next(obj for obj in objects if obj["kind"] == "Deployment")
    replicas = running_replicas(wanted, live, subject.replicas)
    return agent_conditions.Running(
        live=live,
        settled=is_as_wanted(live, subject.annotations[names.TEMPLATE], replicas),
        replicas=replicas,
        digest=chosen.digest,
        pods=_in_order(facts.observed),
        at_host_port=bool(subject.host_port),
    )


def _prune(
    objects: list[Object], chosen: Rollout[Subject], running: agent_conditions.Running, facts: _Facts
) -> list[Ref]:
    """What is ours and not wanted. An agent's file and what its network allows stay while a pod was started with them,
    and while a rollout could still go back to a ReplicaSet that names them. A pod that does not tell what it was
    started with, as one of an older operator, may need any. Beside its tenant's own no NetworkPolicy stays.
    """
    wanted = {ref_of(obj) for obj in objects}
    started_with = [pod.annotations for pod in running.pods]
    of_pods = {"ConfigMap": names.AGENT_DIGEST}
    if not _isolated(facts.observed):
        of_pods["NetworkPolicy"] = names.NETWORK_DIGEST
    used = {
        Ref(kind, facts.namespace, names.by_content(facts.name, annotations.get(digest, "")))
        for annotations in [*started_with, chosen.template["metadata"]["annotations"]]
        for kind, digest in of_pods.items()
    }
    untold = {
        kind
        for kind, digest in of_pods.items()
        if any(digest not in annotations for annotations in started_with)
    }
    rolled = running.settled and running.rolled_out
    return [
        ref
        for ref, obj in sorted(facts.observed.children.items())
        if ref not in wanted
        and ((obj.get("metadata") or {}).get("labels") or {}).get(names.PARLEY_AGENT) == facts.name
        and (ref.kind not in of_pods or (rolled and ref.kind not in untold and ref not in used))
    ]


def _status(
    facts: _Facts,
    found: list[conditions.Found],
    running: agent_conditions.Running,
    image: str,
    port: int,
    now: datetime,
) -> Object:
    calls = sum(pod.status.calls for pod in running.pods if pod.status is not None)
    status: Object = {
        "observedGeneration": facts.generation,
        "replicas": running.replicas,
        "readyReplicas": int(((running.live or {}).get("status") or {}).get("readyReplicas", 0)),
        "calls": bucket(calls),
        "selector": names.selector_text(facts.name),
        "conditions": conditions.as_status(found, facts.status.get("conditions"), facts.generation, now),
    }
    if image:
        status["image"] = image
    if port:
        status["hostPort"] = port
    return status


def _digest_of(live: Object | None) -> str:
    template = spec_of(live).get("template") or {}
    annotations = (template.get("metadata") or {}).get("annotations") or {}
    return str(annotations.get(names.AGENT_DIGEST, ""))


def _in_order(observed: ObservedAgent) -> list[Any]:
    """By name, so that a message names the same pod every time."""
    return [observed.pods[name] for name in sorted(observed.pods)]


def _lacking(found: Iterable[conditions.Found]) -> list[str]:
    return [f"{one.type} is {one.status}: {one.message}" for one in found if one.status != conditions.TRUE]


def _sentences(parts: list[str]) -> str:
    return "\n".join(part for part in parts if part)
