"""What is known of the cluster's objects of one kind, packed.

Rules: only newer versions replace older ones, wherever they come from (a list, a watch, what a write returned). What a
write returned of an object that the watch has already reported gone stays gone. Objects are kept as compressed JSON: of
10,000 agents there are 100,000 objects, and a plan looks at ten. `change` tells whether anything that is kept changed.
"""

from __future__ import annotations

import asyncio
import json
import sys
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from parley_operator.kinds import NAMESPACES, PODS, PRIMARIES, Kind, Primary
from parley_operator.plan.plan import Object, Ref

NEWEST = 1 << 63
"""No version is over it."""

Place = tuple[str, str]
"""Namespace and name."""

Said = tuple[str, str]
"""A condition's type and status."""


@dataclass(slots=True)
class _Entry:
    version: int
    uid: str
    owner: Ref | None
    packed: bytes
    said: tuple[Said, ...]


def owner_of(obj: Object, primaries: Iterable[Primary], home: str = "") -> Ref | None:
    """Which of the primary kinds' objects an object belongs to: by its controller reference, a pod or a namespace by
    its label.

    Anybody may write labels and owner references on a pod of their own: of what is of the whole cluster pods count in
    the namespace `home` alone. Whoever may label a namespace may hand it over.
    """
    metadata = obj["metadata"]
    namespace = metadata.get("namespace", "")
    by_kind = {primary.name: primary for primary in primaries}
    is_pod = obj.get("kind") == PODS.name

    def counts(primary: Primary) -> bool:
        return bool(namespace) if primary.namespaced else namespace in ("", home)

    for reference in metadata.get("ownerReferences", ()):
        primary = by_kind.get(reference.get("kind", ""))
        if not reference.get("controller") or primary is None:
            continue
        if _group(reference.get("apiVersion", "")) != _group(primary.api_version):
            continue  # a kind of the same name, of somebody else's
        if counts(primary) or not is_pod:
            return primary.key(namespace, reference["name"])
    if not is_pod and obj.get("kind") != NAMESPACES.name:
        return None
    labels = metadata.get("labels", {})
    for primary in by_kind.values():
        if labels.get(primary.label) and counts(primary):
            return primary.key(namespace, labels[primary.label])
    return None


def _group(api_version: str) -> str:
    group, slash, _ = api_version.partition("/")
    return group if slash else ""


class Cache:
    """Of one kind; `primaries` and `home` as in `owner_of`. Never awaits."""

    def __init__(self, kind: Kind, primaries: Iterable[Primary] = PRIMARIES, home: str = "") -> None:
        self.kind = kind
        self._primaries = tuple(primaries)
        self._home = home
        self.synced = asyncio.Event()
        self.served = True
        """Whether the API server has this kind at all."""
        self.said: Counter[Said] = Counter()
        """Of a primary kind: of how many objects the status says so. Counted as they come, not when it is asked for."""
        self._entries: dict[Place, _Entry] = {}
        self._owned: dict[Ref, set[Place]] = {}
        self._within: dict[str, set[Place]] = {}
        self._newest = 0

    def __len__(self) -> int:
        return len(self._entries)

    def __contains__(self, place: Place) -> bool:
        return place in self._entries

    def get(self, namespace: str, name: str) -> Object | None:
        entry = self._entries.get((namespace, name))
        return None if entry is None else _unpacked(entry.packed)

    def uid(self, namespace: str, name: str) -> str:
        """ "" for what is not there."""
        entry = self._entries.get((namespace, name))
        return "" if entry is None else entry.uid

    def owned_by(self, owner: Ref) -> Iterator[Object]:
        for place in sorted(self._owned.get(owner, ())):
            yield _unpacked(self._entries[place].packed)

    def within(self, namespace: str) -> Iterator[Object]:
        """All of a namespace."""
        for place in sorted(self._within.get(namespace, ())):
            yield _unpacked(self._entries[place].packed)

    def owner(self, namespace: str, name: str) -> Ref | None:
        entry = self._entries.get((namespace, name))
        return None if entry is None else entry.owner

    def owners(self) -> Iterable[Ref]:
        return self._owned.keys()

    def places(self) -> list[Place]:
        return list(self._entries)

    def all(self) -> Iterator[Object]:
        for place in list(self._entries):
            entry = self._entries.get(place)
            if entry is not None:
                yield _unpacked(entry.packed)

    def put(self, obj: Object, *, written: bool = False) -> bool:
        """Whether anything that is kept changed. `written`: it is what a write returned, not what the watch said."""
        metadata = obj["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        version = int(metadata["resourceVersion"])
        entry = self._entries.get(place)
        if entry is not None and version <= entry.version:
            return False
        if entry is None and written and version <= self._newest:
            return False  # the watch is past it: it came and went
        if not written:
            self._newest = max(self._newest, version)
        # A list leaves both out of its items, and metadata alone is of a kind of its own.
        trimmed = self.kind.trim({**obj, "kind": self.kind.name, "apiVersion": self.kind.api_version})
        packed = _packed(trimmed)
        owner = owner_of(trimmed, self._primaries, self._home)
        if entry is not None:
            self._disown(entry.owner, place)
        if owner is not None:
            self._owned.setdefault(owner, set()).add(place)
        self._within.setdefault(place[0], set()).add(place)
        same = entry is not None and entry.uid == metadata["uid"] and entry.packed == packed
        said = _said(trimmed) if isinstance(self.kind, Primary) else ()
        self._count(entry.said if entry else (), said)
        self._entries[place] = _Entry(
            version, metadata["uid"], owner, entry.packed if same and entry else packed, said
        )
        return not same

    def remove(self, obj: Object) -> bool:
        """What a watch said is gone. Whether it was here."""
        metadata = obj["metadata"]
        version = int(metadata["resourceVersion"])
        self._newest = max(self._newest, version)
        return self.drop((metadata.get("namespace", ""), metadata["name"]), version)

    def drop(self, place: Place, version: int) -> bool:
        """What was gone at `version`, unless something newer has taken its place."""
        entry = self._entries.get(place)
        if entry is None or entry.version > version:
            return False
        del self._entries[place]
        self._disown(entry.owner, place)
        self._within[place[0]].discard(place)
        if not self._within[place[0]]:
            del self._within[place[0]]
        self._count(entry.said, ())
        return True

    def absent(self, present: set[Place], version: int) -> list[Place]:
        """What is here though a list of `version` did not have it."""
        return [
            place
            for place, entry in self._entries.items()
            if place not in present and entry.version <= version
        ]

    def _count(self, before: tuple[Said, ...], now: tuple[Said, ...]) -> None:
        if before != now:
            self.said.update(now)
            self.said.subtract(before)

    def _disown(self, owner: Ref | None, place: Place) -> None:
        if owner is not None and owner in self._owned:
            self._owned[owner].discard(place)
            if not self._owned[owner]:
                del self._owned[owner]


def _said(obj: Object) -> tuple[Said, ...]:
    conditions = (obj.get("status") or {}).get("conditions") or ()
    return tuple((sys.intern(one["type"]), sys.intern(one["status"])) for one in conditions)


def _packed(obj: Object) -> bytes:
    return zlib.compress(json.dumps(obj, separators=(",", ":"), sort_keys=True).encode(), 1)


def _unpacked(packed: bytes) -> Object:
    obj: dict[str, Any] = json.loads(zlib.decompress(packed))
    return obj
