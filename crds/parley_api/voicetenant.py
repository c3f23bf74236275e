"""The kind VoiceTenant: whose namespaces these are, how much may run in them, and who reaches what."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from parley_api import voicetenant_rules
from parley_api.kind import Resource
from parley_api.metadata import DnsLabel
from parley_api.model import Model, cel_rules
from parley_api.placement import Gpus
from parley_api.plain import Mistakes
from parley_api.quantities import Cpu, Cpus, Memory, Storage
from parley_api.voicetenant_rules import (
    CIDR,
    CPU,
    CPU_NOT_OVER,
    MEMORY,
    MEMORY_NOT_OVER,
    OF_ITS_OWN,
    ONE_SIDE,
    REAL_NETWORK,
    SERVICE_ACCOUNT,
)

Many = Annotated[int, Field(ge=0, le=100_000)]


class Person(Model):
    """Who may do what in the tenant's namespaces, in the words of RBAC."""

    model_config = ConfigDict(json_schema_extra=cel_rules(SERVICE_ACCOUNT))

    kind: Literal["User", "Group", "ServiceAccount"] = Field(description="As whom the API server knows them.")
    name: str = Field(
        min_length=1, max_length=253, description="Name, as the API server's authentication tells it."
    )
    namespace: DnsLabel | None = Field(
        default=None, description="Namespace of a ServiceAccount, and of nothing else."
    )
    role: Literal["view", "edit"] = Field(
        default="view",
        description="view: look at everything but Secrets; edit: write VoiceAgents, ModelServers and what they name.",
    )


class GpuQuota(Gpus):
    """GPUs of all pods together."""

    count: Many = Field(description="How many; 0 is none.")


class Quota(Model):
    """The most that the tenant's namespaces may have together. What is not set is not limited."""

    cpu: Cpus | None = Field(default=None, description="CPUs of all pods, requested and limited.")
    memory: Storage | None = Field(
        default=None, description="Memory of all pods, requested and limited, such as 256Gi."
    )
    gpus: GpuQuota | None = Field(default=None, description="GPUs of all pods.")
    pods: Many | None = Field(default=None, description="Pods, those of a rollout in progress included.")
    agents: Many | None = Field(default=None, description="VoiceAgents.")
    model_servers: Many | None = Field(default=None, description="ModelServers.")
    sessions: Annotated[int, Field(ge=0, le=10_000_000)] | None = Field(
        default=None,
        description="Calls that may be in progress: of each agent its sessions.limit for each of its pods at most.",
    )


class Limits(Model):
    """What a container has that says nothing, and the most that one may say.

    Requests are limits, so that a pod without resources of its own is Guaranteed as well.
    """

    model_config = ConfigDict(json_schema_extra=cel_rules(CPU_NOT_OVER, MEMORY_NOT_OVER))

    cpu: Cpu = Field(default=CPU, description="CPUs of a container that says nothing, requested and limited.")
    memory: Memory = Field(
        default=MEMORY, description="Memory of a container that says nothing, requested and limited."
    )
    max_cpu: Cpu | None = Field(default=None, description="Most CPUs of a container; unless set, any number.")
    max_memory: Memory | None = Field(
        default=None, description="Most memory of a container; unless set, any amount."
    )


class Door(Model):
    """Who may be talked to, beside the tenant's own pods: exactly one of namespace and network."""

    model_config = ConfigDict(json_schema_extra=cel_rules(ONE_SIDE, REAL_NETWORK))

    namespace: DnsLabel | None = Field(default=None, description="All pods of a namespace of the cluster.")
    network: str | None = Field(
        default=None,
        max_length=43,
        pattern=CIDR,
        description="Addresses outside the cluster, such as 10.0.0.0/8; 0.0.0.0/0 for all.",
        json_schema_extra={"x-advice": "a network with its length, such as 10.0.0.0/8"},
    )
    ports: list[Annotated[int, Field(ge=1, le=65_535)]] = Field(
        default_factory=list,
        max_length=16,
        description="Ports, TCP and UDP; [] for all.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )


class Network(Model):
    """Who reaches the tenant's pods, and whom they reach. Always open: its own namespaces, DNS, the operator."""

    allow_from: list[Door] = Field(
        default=[Door(namespace="ingress-nginx"), Door(namespace="monitoring")],
        max_length=32,
        description="Who may begin a connection to the tenant's pods, such as the ingress controller.",
    )
    allow_to: list[Door] = Field(
        default_factory=list,
        max_length=32,
        description="To whom the tenant's pods may begin one, such as a namespace of model servers, or an engine"
        " outside.",
    )
    media: bool = Field(
        default=True,
        description="Whether calls' audio, which is UDP, may come and go from and to any address.",
    )


class VoiceTenantSpec(Model):
    """Namespaces, people, how much may run, and who reaches what."""

    model_config = ConfigDict(json_schema_extra=cel_rules(OF_ITS_OWN))

    namespaces: list[DnsLabel] = Field(
        min_length=1,
        max_length=20,
        description="Namespaces of this tenant alone; those that are not there are made.",
        json_schema_extra={"x-kubernetes-list-type": "set"},
    )
    people: list[Person] = Field(
        default_factory=list, max_length=100, description="Who may do what in the namespaces."
    )
    quota: Quota = Field(default=Quota(), description="The most that the namespaces may have together.")
    limits: Limits = Field(default=Limits(), description="What a container has, and the most of it.")
    network: Network = Field(default=Network(), description="Who reaches the pods, and whom they reach.")
    deletion: Literal["Refuse", "Drain"] = Field(
        default="Refuse",
        description="What `kubectl delete` does while there are agents. Refuse: it waits until they are deleted;"
        " Drain: it deletes them, and their calls end as each agent's own deletion says.",
    )


class VoiceTenant(Resource):
    """A tenant of the cluster: its namespaces, its people, its share."""

    kind: Literal["VoiceTenant"] = Field(description="Kind of the object.")
    spec: VoiceTenantSpec = Field(description="Namespaces, people, how much may run, and who reaches what.")

    @staticmethod
    def mistakes(value: Any) -> Mistakes:
        return voicetenant_rules.mistakes(value)
