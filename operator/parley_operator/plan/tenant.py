"""What a VoiceTenant's plan takes and gives beside what every kind's does (plan.py), and what agents take of it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from parley_api.modelserver import ModelPlacement
from parley_api.modelserver_rules import REPLICAS as MODEL_REPLICAS
from parley_api.placement import Gpus, Resources
from parley_api.scaling import REPLICAS
from parley_api.turntaking import Sessions
from parley_operator import names
from parley_operator.amounts import CPU, GPUS, MEMORY, PODS, amount
from parley_operator.plan.conditions import condition
from parley_operator.plan.plan import Object, Observed, Plan, Ref

_AGENTS, _MODEL_SERVERS = Resources(), ModelPlacement().resources
_GPU = str(Gpus.model_fields["resource"].default)


class Surge(NamedTuple):
    """The pods that a rollout makes beside those that are there, none while it goes on. Each has so much `cpu`
    (thousandths) and `memory` (bytes), and `gpus` of the extended resource `gpu`.
    """

    pods: int
    cpu: int
    memory: int
    gpus: int = 0
    gpu: str = ""

    def of(self, resource: str, gpu: str) -> int:
        """What all of them ask for, by its name in spec.quota, whose GPUs are `gpu`."""
        each = {CPU: self.cpu, MEMORY: self.memory, PODS: 1, GPUS: self.gpus if self.gpu == gpu else 0}
        return self.pods * each.get(resource, 0)


class Ask(NamedTuple):
    """What an agent asks of its tenant's quota: `sessions` in all, and room for a rollout."""

    created: str
    uid: str
    sessions: int
    surge: Surge
    ending: bool = False


def asked(agent: Object) -> Ask:
    """By an agent as the API server has it."""
    metadata = agent["metadata"]
    return Ask(
        created=str(metadata.get("creationTimestamp", "")),
        uid=str(metadata.get("uid", "")),
        sessions=sessions(agent.get("spec") or {}),
        surge=_surge(agent, REPLICAS, _AGENTS),
        ending=bool(metadata.get("deletionTimestamp")),
    )


def model_surge(server: Object) -> Surge:
    """By a model server as the API server has it."""
    return _surge(server, MODEL_REPLICAS, _MODEL_SERVERS)


def _surge(obj: Object, replicas: int, each: Resources) -> Surge:
    """`replicas` and `each`: of one that does not say. A quarter more, rounded up (render/deployment.py)."""
    spec, status = obj.get("spec") or {}, obj.get("status") or {}
    resources, gpus = (spec.get("placement") or {}).get("resources") or {}, spec.get("gpus") or {}
    most = max(int(spec.get("replicas", replicas)), int(status.get("replicas") or 0))
    told = condition(obj, "UpToDate") or {}
    return Surge(
        pods=0 if told.get("reason") == "Rolling" else -(-most // 4),
        cpu=amount(CPU, resources.get("cpu", each.cpu)),
        memory=amount(MEMORY, resources.get("memory", each.memory)),
        gpus=int(gpus.get("count", 0)),
        gpu=str(gpus.get("resource", _GPU)),
    )


def sessions(spec: Mapping[str, Any]) -> int:
    """Calls that an agent's pods may have at most: as many for each, and as many pods as there may be."""
    limit = int((spec.get("sessions") or {}).get("limit", Sessions().limit))
    most = int((spec.get("autoscaling") or {}).get("maxReplicas", 0))
    return limit * max(int(spec.get("replicas", REPLICAS)), most)


class Claim(NamedTuple):
    """A tenant that names a namespace. The oldest sorts first."""

    created: str
    tenant: str


def holder(claims: Iterable[Claim], label: str) -> str:
    """Whose a namespace is that all these name: whose it is already, otherwise the oldest's; "" where nobody does."""
    found = sorted(claims)
    if any(claim.tenant == label for claim in found):
        return label
    return found[0].tenant if found else ""


@dataclass(frozen=True, slots=True)
class ObservedTenant(Observed):
    namespaces: Mapping[str, Object] = field(default_factory=dict)
    """Those that the spec names and that are there, and those that carry its label."""

    claims: Mapping[str, tuple[Claim, ...]] = field(default_factory=dict)
    """Of those that the spec names: which tenants do."""

    found: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What is in namespaces that are nobody's yet, each in words."""

    agents: Mapping[Ref, Ask] = field(default_factory=dict)
    """Those in its namespaces."""

    held: Mapping[Ref, int] = field(default_factory=dict)
    """Sessions that each of them has now."""

    model_servers: Mapping[Ref, Surge] | None = None
    """Those in its namespaces; None where the cluster does not have that kind."""


class Whole(NamedTuple):
    """A very object."""

    ref: Ref
    uid: str


@dataclass(frozen=True, slots=True)
class TenantPlan(Plan):
    drain: list[Whole] = field(default_factory=list)
    """Agents to delete: it goes, and said Drain."""

    let_go: list[Whole] = field(default_factory=list)
    """Namespaces that all of ours is taken away from, once `prune` is done."""


@dataclass(frozen=True, slots=True)
class Membership:
    """What an agent's plan goes by of the tenant in whose namespace it is."""

    tenant: str
    isolated: bool = False
    """The tenant's NetworkPolicy is there."""

    quota: int | None = None
    """Sessions of all its agents; None: any number."""

    left: int = 0
    """Of those, what the others leave to this one."""


def tenant_of(namespace: Object | None) -> str:
    """By its label; "" for nobody's."""
    labels: Mapping[str, str] = ((namespace or {}).get("metadata") or {}).get("labels") or {}
    return labels.get(names.PARLEY_TENANT, "")
