"""Where pods run, and what each of them has for itself."""

from __future__ import annotations

from typing import Literal

from pydantic import ConfigDict, Field

from parley_api.metadata import LABEL_KEYS, LabelKey, LabelValue
from parley_api.model import Model, Rule, cel_rules
from parley_api.quantities import Cpu, Memory

TOLERATES_ALL = Rule(
    "(has(self.key) && self.key != '') || self.operator == 'Exists'",
    "write a key, or operator: Exists without a key, which tolerates every taint",
    ".operator",
)
TOLERATES_ANY_VALUE = Rule(
    "!has(self.value) || self.value == '' || self.operator == 'Equal'",
    "write value beside operator: Equal alone: Exists tolerates any value",
    ".value",
)
TOLERATES_FOR = Rule(
    "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
    "write tolerationSeconds beside effect: NoExecute alone: no other effect ends a pod that runs",
    ".tolerationSeconds",
)
"""As the API server asks of a pod's tolerations: a pod that breaks them would never be made."""

NOT_KUBERNETES_OWN = Rule(
    "!self.resource.contains('kubernetes.io/')",
    "write the name of an extended resource such as nvidia.com/gpu: kubernetes.io names none",
    ".resource",
)
"""A name without a domain (cpu, memory) or of this one is a resource that the pod has already, or no device."""


class Resources(Model):
    """What a pod requests is also its limit, so that it is Guaranteed: the last to be evicted, and alone on its CPUs
    where the kubelet's CPU manager is static and `cpu` is whole.
    """

    cpu: Cpu = Field(default="1", description="CPUs of a pod, requested and limited.")
    memory: Memory = Field(default="2Gi", description="Memory of a pod, requested and limited.")


class Gpus(Model):
    """GPUs, by the name under which the cluster's device plugin offers them."""

    model_config = ConfigDict(json_schema_extra=cel_rules(NOT_KUBERNETES_OWN))

    count: int = Field(ge=0, le=64, description="How many; 0 is none.")
    resource: str = Field(
        default="nvidia.com/gpu",
        max_length=317,
        pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$",
        description="Name of the extended resource.",
        json_schema_extra={"x-advice": "the name of an extended resource such as nvidia.com/gpu"},
    )


class Toleration(Model):
    """A taint that the pods tolerate, in the words of Kubernetes."""

    model_config = ConfigDict(json_schema_extra=cel_rules(TOLERATES_ALL, TOLERATES_ANY_VALUE, TOLERATES_FOR))

    key: LabelKey | None = Field(
        default=None,
        description="Key of the taint; without one, every key.",
        json_schema_extra={"x-advice": LABEL_KEYS.message.removeprefix("write ")},
    )
    operator: Literal["Equal", "Exists"] = Field(
        default="Equal", description="Equal: the taint has this value; Exists: it has any."
    )
    value: LabelValue | None = Field(default=None, description="Value of the taint, for Equal.")
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = Field(
        default=None, description="Effect of the taint; without one, every effect."
    )
    toleration_seconds: int | None = Field(
        default=None,
        ge=0,
        le=86_400,
        description="Seconds for which NoExecute is tolerated; unless set, for ever.",
    )


class Nodes(Model):
    """On which nodes pods run."""

    node_selector: dict[LabelKey, LabelValue] = Field(
        default={"node-type": "low-latency"},
        max_length=32,
        description="Labels of the nodes on which pods may run; {} for any node.",
        json_schema_extra=cel_rules(LABEL_KEYS),
    )
    tolerations: list[Toleration] = Field(
        default=[Toleration(key="dedicated", value="voice-ai", effect="NoSchedule")],
        max_length=32,
        description="Taints of nodes that the pods tolerate.",
    )


class Placement(Nodes):
    """Where pods run, and with how much of a node."""

    resources: Resources = Field(default=Resources(), description="What each pod requests and may use.")
