"""Owns what an object of any of Parley's kinds says of itself: JSON -> values. What lacks reads as not known yet.

It goes by conditions alone, which all kinds have, and asks less of an object than the schema does, so that
`kubectl parley` also tells of a newer version's objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from parley_api.kind import Kind
from parley_api.kinds import KINDS, VOICE_AGENT
from parley_cli.cluster.words import plain

State = Literal["True", "False", "Unknown"]

READY = "Ready"


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    state: State
    reason: str
    message: str
    since: str | None


@dataclass(frozen=True, slots=True)
class Told:
    """`namespace` is "" for what is of the whole cluster. `wanted` and `ready` are pods, None where its kind has none,
    or the operator has not written them.
    """

    kind: Kind
    namespace: str
    name: str
    generation: int
    observed: int
    conditions: tuple[Condition, ...]
    wanted: int | None
    ready: int | None
    created: str | None
    deleted: str | None

    @property
    def behind(self) -> bool:
        """Whether the operator has not read the last change: its conditions are of an older spec."""
        return self.observed < self.generation

    @property
    def is_ready(self) -> bool:
        condition = self.condition(READY)
        return (
            condition is not None and condition.state == "True" and not self.behind and self.deleted is None
        )

    def condition(self, name: str) -> Condition | None:
        return next((condition for condition in self.conditions if condition.type == name), None)

    @property
    def lacking(self) -> tuple[Condition, ...]:
        """Those that are not True, Ready apart, in the order in which they come true; then any unknown here."""
        return tuple(c for c in self.conditions if c.state != "True" and c.type != READY)


def order(kind: Kind) -> tuple[str, ...]:
    """In which its conditions come true; Ready is all of them."""
    return tuple(name for name in kind.conditions if name != READY)


def each(found: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Of `kubectl get`: one object, or a list of them."""
    items = found.get("items")
    objects: Iterable[Any] = items if isinstance(items, list) else [found]
    return [one for one in objects if isinstance(one, dict)]


def facts(found: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `Told`."""
    metadata, spec, status = (part(found, name) for name in ("metadata", "spec", "status"))
    kind = KINDS.get(text(found, "kind"), VOICE_AGENT)
    conditions = [_condition(one) for one in status.get("conditions") or () if isinstance(one, dict)]
    ranks = {name: rank for rank, name in enumerate(order(kind))}
    conditions.sort(key=lambda one: (ranks.get(one.type, len(ranks)), one.type))
    return {
        "kind": kind,
        "namespace": text(metadata, "namespace"),
        "name": text(metadata, "name"),
        "generation": number(metadata, "generation") or 0,
        "observed": number(status, "observedGeneration") or 0,
        "conditions": tuple(conditions),
        "wanted": number(spec, "replicas"),
        "ready": number(status, "readyReplicas"),
        "created": text(metadata, "creationTimestamp") or None,
        "deleted": text(metadata, "deletionTimestamp") or None,
    }


def told(found: Mapping[str, Any]) -> list[Told]:
    return [Told(**facts(one)) for one in each(found)]


def part(found: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = found.get(name)
    return value if isinstance(value, dict) else {}


def text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    return plain(value) if isinstance(value, str) else ""


def number(found: Mapping[str, Any], name: str) -> int | None:
    value = found.get(name)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _condition(found: Mapping[str, Any]) -> Condition:
    status = text(found, "status")
    return Condition(
        type=text(found, "type"),
        state=next((state for state in get_args(State) if state == status), "Unknown"),
        reason=text(found, "reason"),
        message=text(found, "message"),
        since=text(found, "lastTransitionTime") or None,
    )
