"""What a VoiceAgent's plan takes and gives beside what every kind's does (plan.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from parley_operator.plan.plan import Object, Observed, ObservedNode, Plan, Ref
from parley_operator.plan.tenant import Membership


@dataclass(frozen=True, slots=True)
class PodStatus:
    """What a pod's own status endpoint answered at the last poll."""

    calls: int
    draining: bool
    agent_digest: str
    version: str


@dataclass(frozen=True, slots=True)
class ObservedAgent(Observed):
    secrets: frozenset[str] = frozenset()
    """Those of needs.needs(agent).secrets that are there."""

    config_maps: frozenset[str] = frozenset()
    """Those of needs.needs(agent).config_maps that are there."""

    contents: Mapping[str, str] = field(default_factory=dict)
    """Of those config_maps a digest of what they hold (data and binaryData, nothing of their metadata): pods read
    knowledge once, when they start, so an edit of it rolls them."""

    host_ports: Mapping[int, str] = field(default_factory=dict)
    """Ports that other agents hold, and which ("namespace/name")."""

    nodes: tuple[ObservedNode, ...] = ()
    membership: Membership | None = None
    """Of the tenant in whose namespace it is; None where it is nobody's."""

    may_roll: bool = True
    """Whether this agent may be rolled now for the operator's own sake (AgentPlan.rolls)."""


class Cut(NamedTuple):
    """A pod that is terminating already and has less time from now on."""

    ref: Ref
    uid: str
    grace_seconds: int


@dataclass(frozen=True, slots=True)
class AgentPlan(Plan):
    cut: list[Cut] = field(default_factory=list)
    """Pods to delete once more, with a shorter grace period and by uid: of an agent that is gone and said
    `deletion: Cut`. One that is not there any more is no error."""

    rolls: bool = False
    """The pods' template is to change though the agent's spec has not: an upgrade of the operator. At most
    Settings.roll_at_once agents at a time: where `observed.may_roll` is False such a plan leaves the Deployment out of
    `objects`, and says True here all the same; its turn comes."""

    slow: list[Object] = field(default_factory=list)
    """Like `objects`, for what follows the calls (a pod's deletion cost and `busy` label, with metadata.uid): each at
    most every Settings.slow_seconds."""
