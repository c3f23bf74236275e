"""Owns VoiceAgents as the API server has them: JSON -> values. What lacks or is of another form reads as not known yet.

It asks less of an object than the schema does, so that `kubectl parley` also tells of a newer version's objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from parley_cli.cluster.words import plain

State = Literal["True", "False", "Unknown"]

READY = "Ready"

ORDER = ("Accepted", "Available", "Guaranteed", "UpToDate")
"""In which they come true; Ready is all of them."""


@dataclass(frozen=True, slots=True)
class Condition:
    type: str
    state: State
    reason: str
    message: str
    since: str | None


@dataclass(frozen=True, slots=True)
class Agent:
    """`wanted`, `ready` and `calls` are None until the operator has written them; `calls` is the largest of
    0, 1, 2, 5, 10, ... that is not over the truth."""

    namespace: str
    name: str
    generation: int
    observed: int
    conditions: tuple[Condition, ...]
    wanted: int | None
    ready: int | None
    calls: int | None
    created: str | None
    deleted: str | None
    deletion: str

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


def agents(found: Mapping[str, Any]) -> list[Agent]:
    """Of `kubectl get`: one object, or a list of them."""
    items = found.get("items")
    objects: Iterable[Any] = items if isinstance(items, list) else [found]
    return [agent(one) for one in objects if isinstance(one, dict)]


def agent(found: Mapping[str, Any]) -> Agent:
    metadata, spec, status = (part(found, name) for name in ("metadata", "spec", "status"))
    conditions = [_condition(one) for one in status.get("conditions") or () if isinstance(one, dict)]
    return Agent(
        namespace=text(metadata, "namespace"),
        name=text(metadata, "name"),
        generation=number(metadata, "generation") or 0,
        observed=number(status, "observedGeneration") or 0,
        conditions=tuple(sorted(conditions, key=_rank)),
        wanted=number(spec, "replicas"),
        ready=number(status, "readyReplicas"),
        calls=number(status, "calls"),
        created=text(metadata, "creationTimestamp") or None,
        deleted=text(metadata, "deletionTimestamp") or None,
        deletion=text(spec, "deletion"),
    )


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


def _rank(condition: Condition) -> tuple[int, str]:
    return (ORDER.index(condition.type) if condition.type in ORDER else len(ORDER), condition.type)
