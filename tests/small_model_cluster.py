"""A cluster as values, as in small_cluster.py, with one ModelServer: its pods answer what they serve."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from parley_operator.plan.model import ModelServerPlan, ObservedModelServer, PodModels
from parley_operator.plan.modelserver import plan
from parley_operator.plan.plan import Object, ObservedPod, Ref
from parley_operator.settings import Settings
from tests.small_cluster import NOW, SmallCluster

NAMESPACE = "models"


def model_server(name: str = "llm", generation: int = 1, **spec: Any) -> Object:
    """One as the API server has it; `spec` is beside an engine and a GPU."""
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "ModelServer",
        "metadata": {
            "name": name,
            "namespace": NAMESPACE,
            "uid": f"uid-of-{name}",
            "generation": generation,
        },
        "spec": {"engine": {"vllm": {"model": "org/small"}}, "gpus": {"count": 1}, **spec},
    }


@dataclass
class SmallModelCluster(SmallCluster):
    """Holds one model server, and what there is of it."""

    observed: ObservedModelServer = field(default_factory=lambda: ObservedModelServer(may_roll=False))
    settings: Settings = field(default_factory=lambda: Settings(vllm_image="example.com/vllm:1"))

    def plan(self, now: datetime = NOW) -> ModelServerPlan:
        return plan(self.agent, self.observed, self.settings, now)

    @property
    def server(self) -> Object:
        return self.agent

    @property
    def deployment(self) -> Object | None:
        return self.observed.children.get(Ref("Deployment", NAMESPACE, self.server["metadata"]["name"]))

    @property
    def container(self) -> Object:
        assert self.deployment is not None
        [found] = self.deployment["spec"]["template"]["spec"]["containers"]
        return dict(found)

    @property
    def serves(self) -> tuple[str, ...]:
        """By its pods' own command line."""
        arguments = self.container["args"]
        if "--served-model-name" not in arguments:
            return (arguments[0],)
        after = arguments[arguments.index("--served-model-name") + 1 :]
        first_option = next((at for at, text in enumerate(after) if text.startswith("--")), len(after))
        return tuple(after[:first_option])

    def _pod(self, name: str, annotations: Mapping[str, str]) -> ObservedPod:
        return ObservedPod(
            name=name,
            uid=f"uid-of-{name}",
            phase="Running",
            ready=True,
            qos="Guaranteed",
            annotations=dict(annotations),
            status=PodModels(self.serves),
        )
