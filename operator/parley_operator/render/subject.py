"""What is rendered: an agent, and what of its objects only the cluster and the operator know."""

from __future__ import annotations

from dataclasses import dataclass, field

from parley_api import VoiceAgent, VoiceAgentSpec
from parley_operator import names
from parley_operator.render.agent_file import AgentFile
from parley_operator.render.owner import Object, Owner


@dataclass(frozen=True, slots=True)
class Subject:
    """`host_port` is 0 unless the agent's media is reached by one; `knowledge` is a digest of what the ConfigMaps of
    its knowledge hold, "" where there are none.
    """

    agent: VoiceAgent
    namespace: str
    uid: str
    file: AgentFile
    image: str
    host_port: int = 0
    knowledge: str = ""
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
    def autoscaled(self) -> bool:
        """Whether somebody else has the say over the replicas: none where least equals most."""
        scaling = self.spec.autoscaling
        return scaling is not None and 0 < self.spec.replicas < scaling.max_replicas

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
