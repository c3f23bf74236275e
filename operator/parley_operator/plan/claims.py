"""Who has which key where several NodeTunings are for the same nodes.

Rules: the older one keeps its keys (by creation, then by name); the newer one leaves a key of which it says another
value alone, on all of its nodes, for it has one profile; what it leaves does not stand in the way of a third. Of the
same value both are served. Pure, and the same whoever asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

GOVERNOR = "governor"


@dataclass(frozen=True, slots=True)
class Claim:
    """`keys`: sysctls and their values, and the governor."""

    name: str
    created: str
    keys: Mapping[str, str]
    nodes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Overlap:
    """The newer one leaves `key` to the older one. `nodes`: those that both are for, in order."""

    key: str
    older: str
    its_value: str
    newer: str
    value: str
    nodes: tuple[str, ...]


def overlaps(claims: Iterable[Claim]) -> list[Overlap]:
    found: list[Overlap] = []
    before: list[tuple[Claim, dict[str, str]]] = []
    for claim in sorted(claims, key=lambda one: (one.created, one.name)):
        kept = dict(claim.keys)
        for older, its_keys in before:
            shared = claim.nodes & older.nodes
            for key in sorted(kept) if shared else ():
                if key in its_keys and its_keys[key] != kept[key]:
                    value = kept.pop(key)
                    nodes = tuple(sorted(shared))
                    found.append(Overlap(key, older.name, its_keys[key], claim.name, value, nodes))
        before.append((claim, kept))
    return found
