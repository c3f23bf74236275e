"""What a ModelServer's plan takes and gives beside what every kind's does (plan.py)."""

from __future__ import annotations

from dataclasses import dataclass

from parley_operator.plan.plan import Observed, Plan


@dataclass(frozen=True, slots=True)
class PodModels:
    """What a pod answers that it serves: every name of its model, its own first."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ObservedModelServer(Observed):
    secrets: frozenset[str] = frozenset()
    config_maps: frozenset[str] = frozenset()
    claims: frozenset[str] = frozenset()
    """Of each those of needs.needs_of_model_server(server) that are there."""

    agents: tuple[str, ...] = ()
    """VoiceAgents that name it ("namespace/name"), in order."""

    isolated: bool = False
    """Its namespace is a tenant's, whose NetworkPolicy is there."""

    may_roll: bool = True
    """Whether it may be rolled now for the operator's own sake (ModelServerPlan.rolls)."""


@dataclass(frozen=True, slots=True)
class ModelServerPlan(Plan):
    rolls: bool = False
    """As AgentPlan.rolls."""
