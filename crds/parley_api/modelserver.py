"""The kind ModelServer: one model that is served on a cluster, for many agents."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import ConfigDict, Field

from parley_api import modelserver_rules
from parley_api.kind import Resource
from parley_api.metadata import LABEL_KEYS, LabelKey, LabelValue, ObjectName
from parley_api.model import Model, cel_rules
from parley_api.model_cache import Cache, EmptyDir
from parley_api.model_engines import Engine
from parley_api.modelserver_rules import (
    ALONE_ON_ITS_VOLUME,
    HALF_NEEDS_A_GPU,
    MEMORY,
    ONE_GPU,
    REPLICAS,
    SHARED,
    SHARED_MEMORY,
    VLLM_RUNS_ON,
)
from parley_api.placement import Gpus, Placement, Resources, Toleration
from parley_api.plain import Mistakes
from parley_api.pods import Pods
from parley_api.quantities import Memory
from parley_api.scaling import AWAKE, LEAST_AND_MOST, MOST_REPLICAS, ModelAutoscaling


class Credentials(Model):
    """A token of the Hugging Face hub, for models that ask for one."""

    name: ObjectName = Field(description="Name of the Secret.")
    key: str = Field(
        default="HF_TOKEN",
        min_length=1,
        max_length=253,
        pattern=r"^[-._A-Za-z0-9]+$",
        description="Key of the Secret under which the token is.",
        json_schema_extra={"x-advice": "a key of the Secret: letters, digits, '-', '_' and '.'"},
    )


class ModelPlacement(Placement):
    """Where pods run, and with how much of a node."""

    node_selector: dict[LabelKey, LabelValue] = Field(
        default_factory=dict,
        max_length=32,
        description="Labels of the nodes on which pods may run; {} for any node that has the GPUs.",
        json_schema_extra=cel_rules(LABEL_KEYS),
    )
    tolerations: list[Toleration] = Field(
        default=[Toleration(key="nvidia.com/gpu", operator="Exists", effect="NoSchedule")],
        max_length=32,
        description="Taints of nodes that the pods tolerate.",
    )
    resources: Resources = Field(
        default=Resources(cpu="4", memory=MEMORY), description="What each pod requests and may use."
    )


class ModelServerSpec(Model):
    """Which model, by which engine, on what; how many pods serve it, and where."""

    model_config = ConfigDict(
        json_schema_extra=cel_rules(
            VLLM_RUNS_ON,
            ONE_GPU,
            HALF_NEEDS_A_GPU,
            SHARED_MEMORY,
            ALONE_ON_ITS_VOLUME,
            LEAST_AND_MOST,
            AWAKE,
        )
    )

    engine: Engine = Field(description="What serves the model, and which model.")
    gpus: Gpus | None = Field(
        default=None, description="GPUs of each pod, over which the model is spread; unless set, none."
    )
    shared_memory: Memory = Field(
        default=SHARED, description="/dev/shm of a pod, by which its processes talk; a part of its memory."
    )
    cache: Cache = Field(
        default=Cache(empty_dir=EmptyDir()), description="Where models that were fetched are kept."
    )
    credentials: Credentials | None = Field(
        default=None, description="A token of the Hugging Face hub, from a Secret."
    )
    replicas: int = Field(
        default=REPLICAS,
        ge=0,
        le=MOST_REPLICAS,
        description="Pods that serve the model; with autoscaling, the least of them.",
    )
    autoscaling: ModelAutoscaling | None = Field(
        default=None, description="More pods while there are more requests; without it, always replicas."
    )
    startup_seconds: int = Field(
        default=1_800,
        ge=10,
        le=86_400,
        description="How long a pod may take to fetch and load the model before it is begun anew.",
    )
    drain_seconds: int = Field(
        default=120, ge=0, le=3_600, description="How long a pod that has to go finishes its answers."
    )
    placement: ModelPlacement = Field(
        default=ModelPlacement(), description="Where pods run, and with how much of a node."
    )
    pods: Pods = Field(
        default=Pods(), description="Image, registry, proxy, authorities and keys of the pods."
    )
    deletion: Literal["Drain", "Cut"] = Field(
        default="Drain",
        description="What `kubectl delete` does. Drain: it serves until no VoiceAgent names it; Cut: it ends at once.",
    )


class ModelServer(Resource):
    """A model that is served on a cluster."""

    kind: Literal["ModelServer"] = Field(description="Kind of the object.")
    spec: ModelServerSpec = Field(description="Which model, by which engine, and on what.")

    @staticmethod
    def mistakes(value: Any) -> Mistakes:
        return modelserver_rules.mistakes(value)
