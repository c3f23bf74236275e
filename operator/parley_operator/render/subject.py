"""What is rendered: an agent, and what of its objects only the cluster and the operator know."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Self

from parley_api import VoiceAgent, VoiceAgentSpec
from parley_operator import names
from parley_operator.render.agent_file import AgentFile
from parley_operator.render.owner import Object, Owner
from parley_operator.render.served import Scaling

CALLS = "parley_sessions_active"
"""The data plane's gauge of calls in progress, by door (parley_dataplane/metrics.py); a test holds the two together."""

PROGRESS_SECONDS = 600
"""Time for a node to be added, and for an image to be pulled."""


@dataclass(frozen=True, slots=True)
class Subject:
    """`host_port` is 0 unless the agent's media is reached by one; `knowledge` is a digest of what the ConfigMaps of
    its knowledge hold, "" where there are none; `model` what the ModelServer that it names calls its model.
    """

    agent: VoiceAgent
    namespace: str
    uid: str
    file: AgentFile
    image: str
    host_port: int = 0
    knowledge: str = ""
    model: str = ""
    annotations: dict[str, str] = field(default_factory=dict)
    """Of the Deployment: what the plan wants to know again."""

    @property
    def name(self) -> str:
        return self.agent.metadata.name

    @property
    def spec(self) -> VoiceAgentSpec:
        return self.agent.spec

    @property
    def child(self) -> str:
        return names.child(self.name)

    @property
    def selector(self) -> dict[str, str]:
        return names.selector(self.name)

    @property
    def pinned(self) -> str:
        return self.spec.pods.image

    @property
    def replicas(self) -> int:
        return self.spec.replicas

    @property
    def progress_seconds(self) -> int:
        return PROGRESS_SECONDS

    @property
    def scaling(self) -> Scaling | None:
        """None where least equals most. All calls of the agent, by the labels that its PodMonitor gives; a Prometheus
        that scrapes otherwise has to give them too.
        """
        scaling = self.spec.autoscaling
        if scaling is None or not 0 < self.replicas < scaling.max_replicas:
            return None
        query = f'sum({CALLS}{{namespace="{self.namespace}",parley_dev_agent="{self.name}"}})'
        keda = scaling.keda.server_address if scaling.keda is not None else ""
        return Scaling(self.replicas, scaling.max_replicas, CALLS, scaling.target_sessions, query, keda)

    def having(self, image: str, annotations: dict[str, str]) -> Self:
        return replace(self, image=image, annotations=annotations)

    @property
    def sessions(self) -> int:
        """Calls that its pods may have in progress, as many pods as there may be; those of a rollout aside."""
        scaling = self.spec.autoscaling
        most = scaling.max_replicas if scaling is not None else 0
        return self.spec.sessions.limit * max(self.spec.replicas, most)

    def metadata(self, name: str | None = None, annotations: dict[str, str] | None = None) -> Object:
        """Of an object of the agent's."""
        agent = self.agent
        labels = names.labels(self.name)
        owner = Owner(agent.api_version, agent.kind, self.name, self.namespace, self.uid, labels)
        return owner.metadata(name or self.child, annotations=annotations)
