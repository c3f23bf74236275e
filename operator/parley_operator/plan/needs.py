"""Which Secrets, ConfigMaps and claims of its namespace an object names: what is looked up before its plan is made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Needs:
    """Names in the object's own namespace."""

    secrets: frozenset[str] = frozenset()
    config_maps: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()


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


def needs_of_model_server(server: Mapping[str, Any]) -> Needs:
    """Of a model server as the API server has it."""
    spec = server.get("spec") or {}
    pods = spec.get("pods") or {}
    claim = ((spec.get("cache") or {}).get("persistentVolumeClaim") or {}).get("claimName", "")
    token = (spec.get("credentials") or {}).get("name", "")
    return Needs(
        secrets=frozenset(
            filter(None, [*pods.get("pullSecrets", ()), *pods.get("environmentFrom", ()), token])
        ),
        config_maps=frozenset(filter(None, [pods.get("caConfigMap", "")])),
        claims=frozenset(filter(None, [claim])),
    )
