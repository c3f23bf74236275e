"""Plain values of a file, which may have any mistake in them: what is looked for in them, and what was found.

Rules: what has the wrong type is passed over, for the models say so.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from parley_api.model import OneOf, set_members
from parley_api.problems import Location, shown


@dataclass(frozen=True, slots=True)
class Mistake:
    """Where, what was seen, what to write instead."""

    location: Location
    seen: str
    instead: str


Mistakes = Iterator[Mistake]


def mapping(holder: Any, name: str) -> dict[str, Any]:
    """The map of that name, an empty one if there is none."""
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, dict) else {}


def mappings(holder: dict[str, Any], name: str, here: Location) -> list[tuple[Location, dict[str, Any]]]:
    """The maps of the list of that name, each with its place."""
    return [(at, item) for at, item in items(holder, name, here) if isinstance(item, dict)]


def texts(holder: dict[str, Any], name: str, here: Location) -> list[tuple[Location, str]]:
    """The texts of the list of that name, each with its place."""
    return [(at, item) for at, item in items(holder, name, here) if isinstance(item, str)]


def items(holder: dict[str, Any], name: str, here: Location) -> list[tuple[Location, Any]]:
    """All of the list of that name, each with its place; none if there is no such list."""
    value = holder.get(name)
    return [((*here, name, i), item) for i, item in enumerate(value)] if isinstance(value, list) else []


def whole(holder: dict[str, Any], name: str, default: int | None = None) -> int | None:
    """The whole number of that name; None if what stands there is none."""
    value = holder.get(name, default)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def repeated(named: list[tuple[Location, Any]], what: str) -> Mistakes:
    """Names that are there a second time."""
    seen: set[str] = set()
    for location, name in named:
        if isinstance(name, str) and name and name in seen:
            yield Mistake(location, f"the {what} {shown(name)} a second time", "keep one of the two")
        elif isinstance(name, str):
            seen.add(name)


def union(location: Location, value: Any, of: type[OneOf]) -> Mistakes:
    """A union with none or several of its members."""
    if isinstance(value, dict) and (not value or len(set_members(value, of.members())) > 1):
        yield Mistake(location, shown(value), of.advice())
