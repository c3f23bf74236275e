"""Which Secrets and ConfigMaps of its namespace an agent names: what must be looked up before its plan is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Needs:
    """Names in the agent's own namespace."""

    secrets: frozenset[str] = frozenset()
    config_maps: frozenset[str] = frozenset()


def needs(agent: Mapping[str, Any]) -> Needs:
    """Of an agent as the API server has it."""
    spec = agent.get("spec") or {}
    pods = spec.get("pods") or {}
    turn = ((spec.get("media") or {}).get("reach") or {}).get("turn") or {}
    knowledge = (spec.get("conversation") or {}).get("knowledge") or ()
    texts = [(entry.get("configMap") or {}).get("name", "") for entry in knowledge]
    secrets = [*pods.get("pullSecrets", ()), *pods.get("environmentFrom", ()), turn.get("secretName", "")]
    return Needs(
        secrets=frozenset(filter(None, secrets)),
        config_maps=frozenset(filter(None, [pods.get("caConfigMap", ""), *texts])),
    )
