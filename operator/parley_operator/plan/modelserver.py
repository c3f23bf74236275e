"""What is to be done about a ModelServer: pure, from what the caches hold to everything that is to be there.

    dict -> reading.py, model_refusals.py: typed, or why not -> rollout.py: which template
         -> render/ -> objects, prune -> model_conditions.py -> status
Rules: nothing is written for one that can't be served as it is written, so that what runs stays up. While its model
gets another name, new pods answer to the old one as well: agents ask for it until all pods have the new one. A claim
is never pruned. `deletion: Drain` takes a finalizer, and only while agents name it: the garbage collector would take
its Deployment at once, from under calls of other namespaces. With `--cascade=foreground` it does, finalizer or not:
then what was taken is made anew without an owner, and is deleted here at the end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from parley_api.modelserver import ModelServer
from parley_operator import names
from parley_operator.plan import conditions, model_conditions, model_refusals, reading, refusals
from parley_operator.plan.facts import Facts
from parley_operator.plan.model import ModelServerPlan, ObservedModelServer
from parley_operator.plan.model_conditions import Running
from parley_operator.plan.plan import Object, Ref, loses_what_it_owns, ref_of
from parley_operator.plan.reading import Refusal
from parley_operator.plan.replicas import hand_over
from parley_operator.plan.rollout import Images, Rollout, Written, digest, image_of, rollout
from parley_operator.plan.running import annotations_of, is_as_wanted, running_replicas, seen, spec_of
from parley_operator.render.agent_file import written
from parley_operator.render.autoscaler import pod_autoscaler, scaled_object
from parley_operator.render.deployment import deployment
from parley_operator.render.disruption import disruption_budget
from parley_operator.render.model_network import model_network_policy
from parley_operator.render.model_pod import model_pod_template
from parley_operator.render.model_service import model_service
from parley_operator.render.model_subject import ModelSubject, served_name, url
from parley_operator.render.owner import without_owner
from parley_operator.render.pod_monitor import pod_monitor
from parley_operator.render.service_account import service_account
from parley_operator.render.volume_claim import volume_claim
from parley_operator.settings import Settings

OF_NO_POD = ("replicas", "autoscaling", "deletion")
"""Fields of the spec that change no pod template."""

FINISHES = "finish their answers"
UNREADY = "has not loaded its model yet"
"""In sentences about pods."""

MOST_TOLD = 5
"""Agents that a message names."""


def plan(server: Object, observed: ObservedModelServer, settings: Settings, now: datetime) -> ModelServerPlan:
    """`server` is the object as the API server has it."""
    facts = _Facts(server, observed)
    if server["metadata"].get("deletionTimestamp"):
        return _going(facts, settings, now)
    read = reading.read(ModelServer, server)
    if isinstance(read, Refusal):
        return _refused(read, facts, now)
    lacking = model_refusals.lacking(read.value, server, observed, settings)
    if lacking is not None:
        return _refused(lacking, facts, now)
    return _served(_subject(read.value, facts), facts, settings, now, reading.passed_over(read.unknown))


@dataclass(frozen=True, slots=True)
class _Facts(Facts):
    """The model server as it is there, and what was read back."""

    observed: ObservedModelServer

    @property
    def deployment(self) -> Object | None:
        return self.observed.children.get(Ref("Deployment", self.namespace, self.name))

    @property
    def held(self) -> bool:
        """Whether it stays, when it is deleted, for the agents that name it."""
        cut = (self.obj.get("spec") or {}).get("deletion") == "Cut"
        return bool(self.observed.agents) and not cut and not self._namespace_ends

    @property
    def has_served(self) -> bool:
        return self.deployment is not None or bool(self.status.get("model"))

    @property
    def _namespace_ends(self) -> bool:
        """All that is in it goes: there is nothing to stay for."""
        return ((self.observed.namespace or {}).get("status") or {}).get("phase") == "Terminating"

    @property
    def pods(self) -> list[Any]:
        """By name, so that a message names the same pod every time."""
        return [self.observed.pods[name] for name in sorted(self.observed.pods)]


def served_name_of(server: ModelServer) -> str:
    vllm = server.spec.engine.vllm
    return served_name(vllm) if vllm is not None else ""


def _subject(server: ModelServer, facts: _Facts) -> ModelSubject:
    return ModelSubject(server, facts.namespace, facts.uid, _also(served_name_of(server), facts))


def _also(model: str, facts: _Facts) -> tuple[str, ...]:
    """The names by which it is to answer beside `model`: when that is new, the one before, and the one that agents
    still have. The Deployment remembers them.
    """
    live = facts.deployment
    before = annotations_of(live).get(names.SERVED_NAMES, "").split() if live is not None else []
    if not before or before[0] == model:
        return tuple(before[1:])
    told = str(facts.status.get("model") or "")
    return tuple(name for name in dict.fromkeys([before[0], told]) if name and name != model)


def _served(
    subject: ModelSubject, facts: _Facts, settings: Settings, now: datetime, passed_over: str
) -> ModelServerPlan:
    observed = facts.observed
    chosen = _rollout(subject, facts, settings)
    subject = chosen.subject
    objects = _objects(chosen, observed)
    running = _running(chosen, objects, facts)
    found = model_conditions.conditions(None, observed.failures, running, passed_over)
    prune = _prune(objects, facts)
    over = hand_over(
        subject,
        facts.deployment,
        observed.children.get(Ref("ScaledObject", facts.namespace, facts.name)),
    )
    why = [chosen.why]
    why += [f"{ref} is not wanted any more" for ref in prune]
    why += ["its replicas go to the autoscaler"] if over is not None else []
    return ModelServerPlan(
        objects=objects,
        prune=prune,
        status=_status(facts, found, running, chosen.image, now),
        hand_over=over,
        why="\n".join([*why, *_lacking(found[:-1])]),
        rolls=chosen.rolls,
        held=facts.held,
    )


def _rollout(subject: ModelSubject, facts: _Facts, settings: Settings) -> Rollout[ModelSubject]:
    of_pods = {name: value for name, value in written(subject.spec).items() if name not in OF_NO_POD}
    live = facts.deployment
    has = str(facts.status.get("image") or "") or image_of(live)
    if live is not None and _on_gpus(live) != bool(subject.gpus):
        has = ""  # an image for GPUs is none for CPUs
    chosen = rollout(
        subject,
        model_pod_template,
        Written(str(facts.generation), digest(of_pods), digest(list(subject.also))),
        live,
        Images(has, model_refusals.default_image(subject.server, settings)),
        may_roll=facts.observed.may_roll,
    )
    return chosen.noting(names.SERVED_NAMES, " ".join([subject.model, *subject.also]))


def _on_gpus(live: Object) -> bool:
    containers = ((spec_of(live).get("template") or {}).get("spec") or {}).get("containers") or [{}]
    limits = (containers[0].get("resources") or {}).get("limits") or {}
    return bool(set(limits) - {"cpu", "memory"})


def _objects(chosen: Rollout[ModelSubject], observed: ObservedModelServer) -> list[Object]:
    """In the order in which they are needed: what a pod names is there before the pod."""
    subject = chosen.subject
    wanted = [
        service_account(subject),
        volume_claim(subject),
        None if observed.isolated else model_network_policy(subject),
        model_service(subject),
        deployment(subject, chosen.template),
        disruption_budget(subject),
        pod_autoscaler(subject),
        scaled_object(subject),
        pod_monitor(subject) if "PodMonitor" in observed.kinds else None,
    ]
    return [obj for obj in wanted if obj is not None]


def _running(chosen: Rollout[ModelSubject], objects: list[Object], facts: _Facts) -> Running:
    live, subject = facts.deployment, chosen.subject
    wanted = next(obj for obj in objects if obj["kind"] == "Deployment")
    replicas = running_replicas(wanted, live, subject.replicas)
    return Running(
        live=live,
        settled=is_as_wanted(live, subject.annotations[names.TEMPLATE], replicas),
        replicas=replicas,
        pods=facts.pods,
        finishes=FINISHES,
        unready=UNREADY,
        model=subject.model,
    )


def _prune(objects: list[Object], facts: _Facts) -> list[Ref]:
    """What is ours and not wanted, claims aside."""
    wanted = {ref_of(obj) for obj in objects}
    return [
        ref
        for ref, obj in sorted(facts.observed.children.items())
        if ref not in wanted
        and ref.kind != "PersistentVolumeClaim"
        and ((obj.get("metadata") or {}).get("labels") or {}).get(names.PARLEY_MODEL_SERVER) == facts.name
    ]


def _refused(refusal: Refusal, facts: _Facts, now: datetime) -> ModelServerPlan:
    running = _as_it_runs(facts)
    found = model_conditions.conditions(refusal, facts.observed.failures, running)
    return ModelServerPlan(
        prune=_own_doors(facts),
        status=_status(facts, found, running, str(facts.status.get("image") or ""), now),
        why="\n".join(["what runs stays as it is", *_lacking(found[:-1])]),
        again_after=refusals.AGAIN_SECONDS,
        held=facts.held and facts.deployment is not None,  # one that never ran serves nobody
    )


def _own_doors(facts: _Facts) -> list[Ref]:
    """What may not stay in a tenant's namespace, even while it is refused."""
    if not facts.observed.isolated:
        return []
    return [ref for ref in sorted(facts.observed.children) if ref.kind == "NetworkPolicy"]


def _going(facts: _Facts, settings: Settings, now: datetime) -> ModelServerPlan:
    """It is being deleted: it stays, with all that it has, while agents name it and it says so."""
    if not facts.held or not facts.has_served:
        children = facts.observed.children
        orphans = [ref for ref, obj in sorted(children.items()) if not obj["metadata"].get("ownerReferences")]
        return ModelServerPlan(prune=orphans, held=False, why="it is being deleted, and nothing holds it")
    told = ", ".join(facts.observed.agents[:MOST_TOLD])
    if len(facts.observed.agents) > MOST_TOLD:
        told += f" and {len(facts.observed.agents) - MOST_TOLD} more"
    refusal = Refusal(
        "Deleting",
        f"it is being deleted, and serves until no VoiceAgent names it: {told}. To end it at once write deletion: Cut",
    )
    running = _as_it_runs(facts)
    found = model_conditions.conditions(refusal, (), running)
    return ModelServerPlan(
        status=_status(facts, found, running, str(facts.status.get("image") or ""), now),
        objects=_kept(facts, settings) if loses_what_it_owns(facts.obj) else [],
        held=True,
        why=refusal.message,
        again_after=refusals.AGAIN_SECONDS if loses_what_it_owns(facts.obj) else None,
    )


def _kept(facts: _Facts, settings: Settings) -> list[Object]:
    """All of its, owned by nobody. Where its spec is not taken, what is left of it is."""
    read = reading.read(ModelServer, facts.obj)
    if isinstance(read, Refusal):
        return []
    if model_refusals.lacking(read.value, facts.obj, facts.observed, settings) is not None:
        return []
    chosen = _rollout(_subject(read.value, facts), facts, settings)
    return [without_owner(obj) for obj in _objects(chosen, facts.observed)]


def _as_it_runs(facts: _Facts) -> Running:
    live = facts.deployment
    return Running(
        live=live,
        settled=seen(live),
        # None were asked for, which is not "no pods are wanted".
        replicas=int(spec_of(live).get("replicas", 0)) if live is not None else 1,
        pods=facts.pods,
        finishes=FINISHES,
        unready=UNREADY,
        model=str(facts.status.get("model") or ""),
    )


def _status(
    facts: _Facts, found: list[conditions.Found], running: Running, image: str, now: datetime
) -> Object:
    status: Object = {
        "observedGeneration": facts.generation,
        "replicas": running.replicas if running.live is not None else 0,
        "readyReplicas": int(running.counts.get("readyReplicas", 0)),
        "agents": len(facts.observed.agents),
        "selector": f"{names.PARLEY_MODEL_SERVER}={facts.name}",
        "url": url(facts.name, facts.namespace),
        "conditions": conditions.as_status(found, facts.status.get("conditions"), facts.generation, now),
    }
    if model := _told(running, str(facts.status.get("model") or "")):
        status["model"] = model
    if image:
        status["image"] = image
    return status


def _told(running: Running, before: str) -> str:
    """What all ready pods answer to: the wanted name as soon as all have it, until then the one of before."""
    answers = [pod.status.names for pod in running.serving if pod.ready and pod.status is not None]
    ready_pods = [pod for pod in running.serving if pod.ready]
    all_have_it = bool(answers) and all(running.model in one for one in answers)
    if running.model and all_have_it and len(answers) == len(ready_pods):
        return running.model
    return before


def _lacking(found: Iterable[conditions.Found]) -> list[str]:
    return [f"{one.type} is {one.status}: {one.message}" for one in found if one.status != conditions.TRUE]
