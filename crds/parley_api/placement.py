"""Where an agent's pods run, and what each of them has for itself."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema

from parley_api.metadata import LABEL_KEYS, LabelKey, LabelValue
from parley_api.model import Model, Rule, cel_rules

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


def _whole_cpus(value: Any) -> Any:
    """`cpu: 1` is what everybody writes, and Kubernetes takes it: here alone a number becomes a text."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_CPU = r"^([1-9][0-9]{0,2}(\.[0-9]{1,3})?|0\.0{0,2}[1-9][0-9]{0,2}|[1-9][0-9]{0,5}m)$"
Cpu = Annotated[
    str,
    Field(max_length=16, pattern=_CPU),
    BeforeValidator(_whole_cpus),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "maxLength": 16,
            "pattern": _CPU,
            "x-advice": "CPUs such as 1, or a part of one such as 500m",
        }
    ),
]
Memory = Annotated[
    str,
    Field(
        min_length=1,
        max_length=16,
        pattern=r"^([1-9][0-9]{1,6}M|[1-9][0-9]{0,3}(\.[0-9]{1,3})?G)i?$",
        json_schema_extra={"x-advice": "memory with its unit, such as 2Gi or 1500Mi"},
    ),
]
"""Not as Kubernetes: there `memory: 2` are two bytes, and `200m` is a fifth of one."""


class Resources(Model):
    """What a pod requests is also its limit, so that it is Guaranteed: the last to be evicted, and alone on its CPUs
    where the kubelet's CPU manager is static and `cpu` is whole.
    """

    cpu: Cpu = Field(default="1", description="CPUs of a pod, requested and limited.")
    memory: Memory = Field(default="2Gi", description="Memory of a pod, requested and limited.")


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


class Placement(Model):
    """Where pods run, and with how much of a node."""

    resources: Resources = Field(default=Resources(), description="What each pod requests and may use.")
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
