"""Owns VoiceAgents as the API server has them: what all kinds say (told.py), and their calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from parley_cli.cluster.told import Told, each, facts, number, part, text


@dataclass(frozen=True, slots=True)
class Agent(Told):
    """`calls`: the largest of 0, 1, 2, 5, 10, ... that is not over the truth; None until the operator wrote it."""

    calls: int | None
    deletion: str


def agents(found: Mapping[str, Any]) -> list[Agent]:
    """Of `kubectl get`: one object, or a list of them."""
    return [agent(one) for one in each(found)]


def agent(found: Mapping[str, Any]) -> Agent:
    return Agent(
        **facts(found),
        calls=number(part(found, "status"), "calls"),
        deletion=text(part(found, "spec"), "deletion"),
    )
