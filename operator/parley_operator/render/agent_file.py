"""The agent's file as its pods read it: what is mounted, and the digest by which a pod tells that it runs it.

Rules: it holds what the data plane reads and nothing of the cluster's, so that scaling an agent or giving it another
Service rolls no pod. Only what differs from the defaults is written: a data plane of an older image takes no field that
it does not know, and a default that comes with an operator's upgrade rolls nobody.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, TypeVar

from parley_api import VoiceAgent
from parley_api.engines import Llm, OpenAi
from parley_api.model import Model
from parley_api.voiceagent import FOR_A_CLUSTER
from parley_operator.render import plain_yaml

FILE = "agent.yaml"

PORT = 9011
"""TCP port of a pod's doors."""

MEDIA_PORT = 9012
"""UDP port of a pod's media where the spec leaves it open: one that a NetworkPolicy and a firewall can name."""

SomeModel = TypeVar("SomeModel", bound=Model)


@dataclass(frozen=True, slots=True)
class AgentFile:
    """`text` is byte-stable; parley_api.load reads it back as `agent`."""

    agent: VoiceAgent
    text: str
    digest: str
    """As the status endpoint of a pod tells it: SHA-256 of the file's bytes, in hex."""

    @property
    def media_port(self) -> int:
        """UDP port of a pod's media."""
        return self.agent.spec.media.udp.port


def agent_file(
    agent: VoiceAgent, namespace: str, host_port: int = 0, model_server: OpenAi | None = None
) -> AgentFile:
    """`host_port` is the port of the nodes that the agent was allotted, 0 where its media needs none; `model_server`
    is how its pods reach the ModelServer that it names.
    """
    served = _as_served(agent, namespace, host_port)
    if model_server is not None:
        engines = served.spec.engines.model_copy(update={"llm": Llm(openai=model_server)})
        served = served.model_copy(update={"spec": served.spec.model_copy(update={"engines": engines})})
    value: dict[str, Any] = {
        "apiVersion": served.api_version,
        "kind": served.kind,
        "metadata": {"name": served.metadata.name, "namespace": namespace},
        "spec": written(served.spec),
    }
    text = plain_yaml.text(value)
    return AgentFile(served, text, hashlib.sha256(text.encode()).hexdigest())


def written(spec: Model) -> dict[str, Any]:
    """Of a spec what differs from the defaults, as plain values."""
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)


def _as_served(agent: VoiceAgent, namespace: str, host_port: int) -> VoiceAgent:
    spec = agent.spec
    for path in FOR_A_CLUSTER:
        spec = _with_default(spec, path.split("."))
    udp = spec.media.udp.model_copy(update={"port": host_port or spec.media.udp.port or MEDIA_PORT})
    spec = spec.model_copy(update={"media": spec.media.model_copy(update={"udp": udp})})
    metadata = type(agent.metadata)(name=agent.metadata.name, namespace=namespace)
    return agent.model_copy(update={"metadata": metadata, "spec": spec})


def _with_default(model: SomeModel, path: list[str]) -> SomeModel:
    """`model` with the field at `path`, named as in a file, at its default."""
    name, field = next((n, f) for n, f in type(model).model_fields.items() if path[0] == (f.alias or n))
    if len(path) == 1:
        return model.model_copy(update={name: field.get_default(call_default_factory=True)})
    return model.model_copy(update={name: _with_default(getattr(model, name), path[1:])})
