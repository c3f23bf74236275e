"""What every kind's plan takes and gives: Observed in, Plan out.

Rules: values only, and nothing here asks a cluster or a clock. A plan names whole objects as they are to be applied;
whether anything differs from what is there is diff.py's to say, and `reconcile.py` carries every plan out the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

Object = dict[str, Any]
"""A Kubernetes object as JSON has it."""


class Ref(NamedTuple):
    """One object of the cluster. `namespace` is "" for what has none."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


def ref_of(obj: Mapping[str, Any]) -> Ref:
    """`obj` has kind and metadata."""
    metadata = obj["metadata"]
    return Ref(obj["kind"], metadata.get("namespace", ""), metadata["name"])


FOREGROUND = "foregroundDeletion"
"""Kubernetes' finalizer of what is deleted with --cascade=foreground."""


def loses_what_it_owns(obj: Mapping[str, Any]) -> bool:
    """The garbage collector takes all that it owns, and does not wait for it to go."""
    return FOREGROUND in obj["metadata"].get("finalizers", ())


@dataclass(frozen=True, slots=True)
class ObservedPod:
    """One pod of an object. `status` is what its kind made of its last answer (polls.py), None while it has not
    answered or no longer does.
    """

    name: str
    uid: str
    node: str = ""
    ip: str = ""
    phase: str = ""
    ready: bool = False
    terminating: bool = False
    qos: str = ""
    created: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    annotations: Mapping[str, str] = field(default_factory=dict)
    status: Any = None
    failing: str = ""
    """Why a container of it does not run: an image that can't be pulled, a process that ends."""
    unschedulable: str = ""
    """The scheduler's words for why it found no node; "" when it found one or has not looked."""

    grace_seconds: int | None = None
    """metadata.deletionGracePeriodSeconds: how long it had when it began to end; None while it has not."""


@dataclass(frozen=True, slots=True)
class ObservedNode:
    """What decides whether a pod may run there."""

    name: str
    uid: str = ""
    ready: bool = True
    unschedulable: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Mapping[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Failure:
    """What the API server refused to take: `reason` is its own word (Forbidden, Invalid), `message` its sentence."""

    ref: Ref
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Observed:
    """What the caches hold for one object when its plan is made. A kind that goes by more has its own, made of this."""

    children: Mapping[Ref, Object] = field(default_factory=dict)
    """What it owns (by uid), pods and ReplicaSets aside: of each kind what kinds.py keeps."""

    pods: Mapping[str, ObservedPod] = field(default_factory=dict)
    namespace: Object | None = None
    """Its own; None for what has none."""

    kinds: frozenset[str] = frozenset()
    """Which of the optional kinds that it may own the API server serves: PodMonitor, ScaledObject."""

    failures: tuple[Failure, ...] = ()
    """What was refused when this same plan was carried out a moment ago: for the conditions."""

    def facts(self) -> dict[str, Any]:
        """For one of a kind's own, which is made of this."""
        return {one.name: getattr(self, one.name) for one in fields(self)}


HAND_OVER_MANAGER = "parley-operator-hands-over"
"""The field manager of Plan.hand_over."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be there. Nothing is written for what is there already. A kind that asks for more has its own, made of
    this, and carries the rest out itself (programs/).
    """

    objects: list[Object] = field(default_factory=list)
    """Applied in this order, each as a whole: fields that an earlier one had and this one lacks are removed."""

    prune: list[Ref] = field(default_factory=list)
    status: Object | None = None
    """The whole status; None: it is left as it is. Conditions keep lastTransitionTime where nothing changed."""

    hand_over: Object | None = None
    """Applied before `objects`, as HAND_OVER_MANAGER, even where the caches hold all of it already: a field that
    `objects` name no longer and that has to stay. Without a second owner, server-side apply would take it away, and a
    Deployment without replicas has one."""

    why: str = ""
    """One sentence for each decision: for the log at debug level, and for tests."""

    held: bool | None = None
    """Whether the object carries its kind's finalizer (Program.finalizer): it gets it before anything else is written,
    and loses it after all has been. One that is deleted stays as long as it has it, and its plan goes on. None: it is
    left as it is."""

    again_after: float | None = None
    """Seconds until this is looked at again though nothing changed; None: only at the next resync."""
