"""What is rendered: a model server, and what of its objects only the cluster and the operator know."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from parley_api.model_engines import Vllm
from parley_api.modelserver import ModelServer, ModelServerSpec
from parley_operator import names
from parley_operator.render.owner import Object, Owner
from parley_operator.render.served import Scaling

PORT = 8000
"""TCP port of its Service and of its pods: one number, for NetworkPolicies go by the pods', and URLs by the other."""

NODE_SECONDS = 600
"""Beside the time that a model takes: for a node to be added, and an image of several gigabytes to be pulled."""

REQUESTS = "parley_model_requests"
"""What the cluster's custom metrics have to call the sum of the two for a HorizontalPodAutoscaler."""

RUNNING, WAITING = "vllm:num_requests_running", "vllm:num_requests_waiting"
"""vLLM's gauges."""


@dataclass(frozen=True, slots=True)
class ModelSubject:
    """`also`: names by which the model is served beside its own."""

    server: ModelServer
    namespace: str
    uid: str
    also: tuple[str, ...] = ()
    image: str = ""
    annotations: dict[str, str] = field(default_factory=dict)
    """Of the Deployment: what the plan wants to know again."""

    @property
    def name(self) -> str:
        return self.server.metadata.name

    @property
    def spec(self) -> ModelServerSpec:
        return self.server.spec

    @property
    def vllm(self) -> Vllm:
        """The one engine that there is a program for (plan/model_refusals.py)."""
        assert self.spec.engine.vllm is not None
        return self.spec.engine.vllm

    @property
    def model(self) -> str:
        """What requests call it."""
        return served_name(self.vllm)

    @property
    def gpus(self) -> int:
        return self.spec.gpus.count if self.spec.gpus is not None else 0

    @property
    def fetches(self) -> bool:
        """Whether the model comes from the hub; a path is in the cache already."""
        return not self.vllm.model.startswith("/")

    @property
    def child(self) -> str:
        return self.name

    @property
    def selector(self) -> dict[str, str]:
        return names.model_selector(self.name)

    @property
    def pinned(self) -> str:
        return self.spec.pods.image

    @property
    def replicas(self) -> int:
        return self.spec.replicas

    @property
    def progress_seconds(self) -> int:
        return self.spec.startup_seconds + NODE_SECONDS

    @property
    def scaling(self) -> Scaling | None:
        """None where least equals most."""
        scaling = self.spec.autoscaling
        if scaling is None or not 0 < self.replicas < scaling.max_replicas:
            return None
        mine = f'namespace="{self.namespace}",parley_dev_model_server="{self.name}"'
        query = " + ".join(f"sum({gauge}{{{mine}}})" for gauge in (RUNNING, WAITING))
        keda = scaling.keda.server_address if scaling.keda is not None else ""
        return Scaling(self.replicas, scaling.max_replicas, REQUESTS, scaling.target_requests, query, keda)

    def metadata(self, name: str | None = None, annotations: dict[str, str] | None = None) -> Object:
        """Of an object of the model server's."""
        server = self.server
        labels = names.model_labels(self.name)
        owner = Owner(server.api_version, server.kind, self.name, self.namespace, self.uid, labels)
        return owner.metadata(name or self.child, annotations=annotations)

    def having(self, image: str, annotations: dict[str, str]) -> Self:
        return replace(self, image=image, annotations=annotations)


def served_name(vllm: Vllm) -> str:
    return vllm.served_name or vllm.model


def url(name: str, namespace: str) -> str:
    """Where agents reach it."""
    return f"http://{name}.{namespace}.svc:{PORT}/v1"
