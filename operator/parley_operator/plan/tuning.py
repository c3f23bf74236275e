"""What a NodeTuning's plan takes and gives beside what every kind's does (plan.py)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from parley_operator.plan.plan import Object, Observed, ObservedNode, Plan


class KeyReport(NamedTuple):
    """Of one key on one node, in the tuner's own words."""

    key: str
    state: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class NodeReport:
    """What a tuner answered at the last poll. `profile` is the hash that it goes by, `problem` why it can't go on."""

    node: str
    owner: str
    profile: str
    state: str
    problem: str = ""
    keys: tuple[KeyReport, ...] = ()


@dataclass(frozen=True, slots=True)
class ObservedTuning(Observed):
    """`children` hold what it has left behind without an owner, too: see plan/nodetuning.py."""

    nodes: tuple[ObservedNode, ...] = ()
    others: tuple[Object, ...] = ()
    """All other NodeTunings."""

    ports: Mapping[int, str] = field(default_factory=dict)
    """Ports of nodes that others' tuners have, and whose."""

    unasked: frozenset[str] = frozenset()
    """Pods that have not been asked often enough for anything to be said of them."""

    home: Object | None = None
    """The namespace of the tuners."""

    nodes_served: bool = True
    """Where not, that there are no `nodes` says nothing."""


class NodeLabels(NamedTuple):
    """What is to become of a node's labels; None takes one off."""

    node: str
    uid: str
    labels: Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class TuningPlan(Plan):
    labels: list[NodeLabels] = field(default_factory=list)
    """Where they differ from what a node has, and nothing else."""

    port: int = 0
