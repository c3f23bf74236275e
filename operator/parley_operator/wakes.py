"""Whom a changed object wakes beside its owner: those that go by it, as their kind's program says (`refers_to`).

Rules: an index both ways, so that a change costs three look-ups and those that it wakes, however many there are of a
kind. What one names wakes it at once; of what it goes by without a name (all of a kind) there may be a crowd, so such
changes are gathered for a second. What is of the whole cluster, as a namespace or a node, may wake very many: these
wait behind what people changed. Never awaits.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from parley_operator.plan.plan import Ref
from parley_operator.queue import Key

GATHER_SECONDS = 1.0


def any_of(kind: str, namespace: str = "") -> Ref:
    """Every object of a kind: in a namespace, or wherever it is."""
    return Ref(kind, namespace, "")


class Wake(NamedTuple):
    """As the queue takes it."""

    key: Key
    after: float
    routine: bool


class Wakes:
    def __init__(self) -> None:
        self._refers: dict[Key, tuple[Ref, ...]] = {}
        self._by_ref: dict[Ref, dict[Key, None]] = {}

    def refer(self, key: Key, refs: Iterable[Ref]) -> set[Ref]:
        """What the object of `key` goes by now; nothing where it is gone. What it did not before, or does no more."""
        before = self._refers.pop(key, ())
        for ref in before:
            del self._by_ref[ref][key]
            if not self._by_ref[ref]:
                del self._by_ref[ref]
        wanted = tuple(dict.fromkeys(refs))
        if wanted:
            self._refers[key] = wanted
        for ref in wanted:
            self._by_ref.setdefault(ref, {})[key] = None
        return {*before} ^ {*wanted}

    def who_name(self, ref: Ref) -> list[Key]:
        """By that very name."""
        return sorted(self._by_ref.get(ref, ()))

    def of(self, changed: Ref) -> Iterator[Wake]:
        routine = not changed.namespace
        crowds = (any_of(changed.kind, changed.namespace), any_of(changed.kind))
        for ref in dict.fromkeys((changed, *crowds)):
            for key in list(self._by_ref.get(ref, ())):
                if key != changed:
                    yield Wake(key, 0.0 if ref.name else GATHER_SECONDS, routine)
