"""The kind NodeTuning: kernel settings and CPU governor of nodes on which agents run."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from parley_api import nodetuning_rules
from parley_api.kind import Resource
from parley_api.model import Model, cel_rules
from parley_api.nodetuning_rules import IN_THE_LIST, MOST_SYSCTLS, SOMETHING, SYSCTL, SYSCTL_NAMES, TUNABLE
from parley_api.placement import Nodes
from parley_api.plain import Mistakes
from parley_api.pods import PodImage

SysctlName = Annotated[str, Field(max_length=128, pattern=SYSCTL)]
SysctlValue = Annotated[
    str,
    Field(
        min_length=1,
        max_length=128,
        pattern=r"^[A-Za-z0-9_.:,+-]+( [A-Za-z0-9_.:,+-]+)*$",
        json_schema_extra={
            "x-advice": 'the value in quotes, its parts with one space between them, such as "4096 131072 6291456"'
        },
    ),
]

DEFAULTS = {
    "net.core.rmem_max": "4194304",
    "net.core.wmem_max": "4194304",
    "net.ipv4.tcp_low_latency": "1",
    "net.ipv4.tcp_congestion_control": "bbr",
    "vm.swappiness": "1",
}
"""What low-latency nodes of the older system had."""


class NodeTuningSpec(Model):
    """Which nodes, and what is set on them. What was there before comes back when the object or a key goes."""

    model_config = ConfigDict(json_schema_extra=cel_rules(SOMETHING))

    sysctls: dict[SysctlName, SysctlValue] = Field(
        default=DEFAULTS,
        max_length=MOST_SYSCTLS,
        description="Kernel settings of the node, as `sysctl` names them; {} for none. Those that may be set: "
        + "; ".join(f"in {start}: {', '.join(ends)}" for start, ends in TUNABLE.items()),
        json_schema_extra=cel_rules(SYSCTL_NAMES, IN_THE_LIST),
    )
    governor: Literal["performance", "schedutil", "ondemand", "conservative", "powersave", ""] = Field(
        default="performance",
        description='CPU frequency governor of every CPU; "" leaves it as it is.',
        json_schema_extra={
            "x-advice": 'performance, schedutil, ondemand, conservative or powersave, or "" to leave it as it is'
        },
    )
    placement: Nodes = Field(default=Nodes(), description="Which nodes are tuned.")
    pods: PodImage = Field(default=PodImage(), description="Image and registry of the tuner's pods.")


class NodeTuning(Resource):
    """Kernel settings and CPU governor of nodes."""

    kind: Literal["NodeTuning"] = Field(description="Kind of the object.")
    spec: NodeTuningSpec = Field(
        default=NodeTuningSpec(), description="Which nodes, and what is set on them."
    )

    @staticmethod
    def mistakes(value: Any) -> Mistakes:
        return nodetuning_rules.mistakes(value)
