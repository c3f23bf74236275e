"""What a tenant uses of its quota, how much lacks for a rollout, and what each namespace is given of it.

Rules: use of CPU, memory, GPUs and pods is what Kubernetes itself counts, in the status of each ResourceQuota; agents,
model servers and sessions are what the operator knows. What no quota limits is not counted, but these three.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from parley_api.voicetenant import Limits, Quota, VoiceTenantSpec
from parley_operator import amounts, names
from parley_operator.plan.division import Part, divided, rooms
from parley_operator.plan.plan import Object, Ref
from parley_operator.plan.tenant import ObservedTenant
from parley_operator.render.quota import counted


@dataclass(frozen=True, slots=True)
class Use:
    """Of one resource, in all namespaces. `counted`: Kubernetes has counted it in each of them."""

    resource: str
    used: int
    quota: int | None = None
    missing: int = 0
    counted: bool = True


@dataclass(frozen=True, slots=True)
class Shares:
    """`hard` is what each namespace is given, by resource; `use` in the order in which spec.quota has them."""

    hard: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    use: Sequence[Use] = ()


def limits(quota: Quota) -> dict[str, int]:
    """What is limited, by resource."""
    said = {
        amounts.CPU: quota.cpu,
        amounts.MEMORY: quota.memory,
        amounts.GPUS: quota.gpus.count if quota.gpus is not None else None,
        amounts.PODS: quota.pods,
        amounts.AGENTS: quota.agents,
        amounts.MODEL_SERVERS: quota.model_servers,
        amounts.SESSIONS: quota.sessions,
    }
    return {name: amounts.amount(name, value) for name, value in said.items() if value is not None}


def gpu_resource(quota: Quota) -> str:
    return quota.gpus.resource if quota.gpus is not None else ""


def shares(spec: VoiceTenantSpec, namespaces: Sequence[str], observed: ObservedTenant) -> Shares:
    """`namespaces`: those that are this tenant's, in the order of the spec."""
    quota = spec.quota
    limited, gpu = limits(quota), gpu_resource(quota)
    hard: dict[str, dict[str, int]] = {name: {} for name in namespaces}
    use = []
    for resource in limited:
        if resource == amounts.SESSIONS:
            continue
        keys = counted(resource, gpu)
        least = _least(resource, spec.limits)
        parts = [
            _part(_live(observed, name), resource, keys, _wants(observed, name, resource, gpu), least)
            for name in namespaces
        ]
        for name, given in zip(namespaces, divided(limited[resource], parts), strict=True):
            hard[name][resource] = given
        free = rooms(limited[resource], parts)
        missing = [max(0, part.wants - room) for part, room in zip(parts, free, strict=True)]
        known = all(_counted(_live(observed, name), keys) for name in namespaces)
        used = sum(part.used for part in parts)
        use.append(Use(resource, used, limited[resource], max(missing, default=0), known))
    return Shares(hard, _with_ours(use, limited, observed))


def _with_ours(use: Sequence[Use], limited: Mapping[str, int], observed: ObservedTenant) -> list[Use]:
    known = {
        amounts.AGENTS: len(observed.agents),
        amounts.MODEL_SERVERS: None if observed.model_servers is None else len(observed.model_servers),
        amounts.SESSIONS: sum(observed.held.values()),
    }
    ours = [Use(name, used, limited.get(name)) for name, used in known.items() if used is not None]
    return [*(one for one in use if known.get(one.resource) is None), *ours]


def _live(observed: ObservedTenant, namespace: str) -> Object | None:
    return observed.children.get(Ref("ResourceQuota", namespace, names.IN_TENANT))


def _least(resource: str, each: Limits) -> int:
    """One more of it, or as much as a container has that says nothing."""
    said = {amounts.CPU: each.cpu, amounts.MEMORY: each.memory}
    return amounts.amount(resource, said.get(resource, "1"))


def _part(live: Object | None, resource: str, keys: Sequence[str], wants: int, least: int) -> Part:
    given = _most(live, "spec", "hard", resource, keys)
    held = _most(live, "status", "hard", resource, keys)
    used = _most(live, "status", "used", resource, keys) or 0
    return Part(used, wants, given, max(held or 0, given or 0), least)


def _most(live: Object | None, part: str, list_: str, resource: str, keys: Sequence[str]) -> int | None:
    found = ((live or {}).get(part) or {}).get(list_) or {}
    return max((amounts.amount(resource, found[key]) for key in keys if key in found), default=None)


def _counted(live: Object | None, keys: Sequence[str]) -> bool:
    used = ((live or {}).get("status") or {}).get("used") or {}
    return all(key in used for key in keys)


def _wants(observed: ObservedTenant, namespace: str, resource: str, gpu: str) -> int:
    """What the largest rollout there makes beside what is there."""
    agents = {ref: ask.surge for ref, ask in observed.agents.items()}
    surges = {**agents, **(observed.model_servers or {})}
    return max(
        (surge.of(resource, gpu) for ref, surge in surges.items() if ref.namespace == namespace), default=0
    )
