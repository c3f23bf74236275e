"""A tenant's ResourceQuota in one namespace, and its LimitRange, which makes a pod Guaranteed that says nothing."""

from __future__ import annotations

from collections.abc import Mapping

from parley_api.voicetenant import Limits
from parley_operator import amounts, names
from parley_operator.render.owner import Object, Owner


def counted(resource: str, gpu: str) -> tuple[str, ...]:
    """What Kubernetes calls a resource of spec.quota in a ResourceQuota; `gpu` is the name of the extended resource."""
    return {
        amounts.CPU: ("requests.cpu", "limits.cpu"),
        amounts.MEMORY: ("requests.memory", "limits.memory"),
        amounts.GPUS: (f"requests.{gpu}",),
        amounts.PODS: ("pods",),
        amounts.AGENTS: (f"count/voiceagents.{names.GROUP}",),
        amounts.MODEL_SERVERS: (f"count/modelservers.{names.GROUP}",),
    }[resource]


def resource_quota(owner: Owner, namespace: str, hard: Mapping[str, int], gpu: str) -> Object | None:
    """`hard` by the names of spec.quota. None where nothing is limited."""
    if not hard:
        return None
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": owner.metadata(names.IN_TENANT, namespace),
        "spec": {
            "hard": {
                name: amounts.text(resource, value)
                for resource, value in hard.items()
                for name in counted(resource, gpu)
            }
        },
    }


def limit_range(owner: Owner, namespace: str, limits: Limits) -> Object:
    each = {"cpu": limits.cpu, "memory": limits.memory}
    most = {"cpu": limits.max_cpu, "memory": limits.max_memory}
    container: Object = {"default": each, "defaultRequest": dict(each), "type": "Container"}
    if any(most.values()):
        container["max"] = {name: value for name, value in most.items() if value}
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": owner.metadata(names.IN_TENANT, namespace),
        "spec": {"limits": [container]},
    }
