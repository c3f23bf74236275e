"""What the operator says of a VoiceTenant: only what it read back, never what it wrote."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from parley_api.conditions import Count, Status
from parley_api.kind import AGE, READY, SINCE, WHY, Column
from parley_api.model import Model

ConditionType = Literal["Accepted", "Isolated", "WithinQuota", "Ready"]

CONDITIONS: dict[ConditionType, str] = {
    "Accepted": "Each namespace is there, and this tenant's alone.",
    "Isolated": "Each namespace has its Pod Security, policies, limits and roles, as they were read back.",
    "WithinQuota": "No more is used than the quota allows, and any rollout fits beside it.",
    "Ready": "All of the above. The message of one that is not says what lacks.",
}
"""In the order in which they come true. True is said of what was read back alone."""

ACCEPTED_REASONS = {
    "AsWritten": "nothing stands against it",
    "InPart": "the same, and the spec has fields of a newer version that this operator does not know and passes over",
    "NamespaceTaken": "a namespace is another tenant's, which the message names; what runs stays",
    "NamespaceInUse": "a namespace was there already, with objects that are nobody's; the message says how to hand it"
    " over",
    "NamespaceEnding": "a namespace is being deleted; it is looked for again",
    "Deleting": "the tenant is deleted, and waits for its agents; the message names some",
    "Invalid": "the spec breaks a rule; the message says what to write",
    "OperatorError": "the operator failed at it by a mistake of its own; what runs stays, and it tries again",
    "Refused": "the API server refused an object of it; a reason that it gave, such as Forbidden, stands here",
}

ResourceName = Literal["cpu", "memory", "gpus", "pods", "agents", "modelServers", "sessions"]


class Use(Model):
    """How much of one resource all namespaces use together. Amounts as Kubernetes writes them."""

    resource: ResourceName = Field(description="Which one, as spec.quota names it.")
    used: str = Field(max_length=32, description="What is used.")
    quota: str | None = Field(default=None, max_length=32, description="The most, where there is one.")
    missing: str | None = Field(
        default=None,
        max_length=32,
        description="How much the quota lacks for the largest rollout; nothing where each fits.",
    )


class NamespaceState(Model):
    """How one namespace is."""

    name: str = Field(max_length=63, description="Name of the namespace.")
    state: Literal["Ready", "Missing", "Taken", "InUse", "Ending", "Open"] = Field(
        description="Ready: isolated, and this tenant's. Missing, Ending: not there, or not for long. Taken: another"
        " tenant's. InUse: with objects that are nobody's. Open: something of its isolation lacks."
    )
    message: str = Field(
        max_length=1_024, description="What lacks, in a sentence; nothing where it is ready."
    )


class VoiceTenantStatus(Status[ConditionType]):
    """What was last read back of the tenant's namespaces."""

    namespaces: list[NamespaceState] = Field(
        default_factory=list,
        max_length=20,
        description="How each namespace is.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["name"]},
    )
    ready_namespaces: Count | None = Field(default=None, description="Namespaces that are ready.")
    use: list[Use] = Field(
        default_factory=list,
        max_length=16,
        description="How much of each resource is used.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["resource"]},
    )


def _used(resource: ResourceName) -> str:
    return f'.status.use[?(@.resource=="{resource}")].used'


COLUMNS = (
    READY,
    Column("Namespaces", ".status.readyNamespaces", "Namespaces that are ready.", "integer"),
    Column("Agents", _used("agents"), "VoiceAgents."),
    Column("Sessions", _used("sessions"), "Calls that may be in progress."),
    Column("CPU", _used("cpu"), "CPUs that all pods request."),
    Column("GPUs", _used("gpus"), "GPUs that all pods request."),
    AGE,
    SINCE,
    Column("Memory", _used("memory"), "Memory that all pods request.", wide=True),
    WHY,
)
"""What `kubectl get voicetenants` shows."""
