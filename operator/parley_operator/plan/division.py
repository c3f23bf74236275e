"""How a quota of all of a tenant's namespaces is divided among them: Kubernetes has a quota for each namespace alone.

    room of a namespace = what a rollout in it needs, as far as it goes, and an equal part of what is free beside that
    its quota           = what it uses + its room

Rules: the parts never sum up to more than the whole, so that no more can be used, whatever is made at the same moment
in several of them: a part grows only by what others have given up and Kubernetes no longer lets them use. A division
that leaves each at least half of its room stays as it is, so that not every pod that comes or goes is a write. Where
more is used than the whole, each has less than it uses: nothing is evicted, and nothing new gets in.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """What one namespace has of one resource. `given` is the quota that it is given now, None where it has none yet;
    `held` what Kubernetes may let it use for the moment, which follows a little later; `wants` what a rollout needs.
    """

    used: int = 0
    wants: int = 0
    given: int | None = None
    held: int = 0


def rooms(whole: int, parts: Sequence[Part]) -> list[int]:
    """What each may use beside what it uses; nothing where more is used than there is."""
    least, rest = _least(whole, parts)
    return [room + (at < rest) for at, room in enumerate(least)]


def _least(whole: int, parts: Sequence[Part]) -> tuple[list[int], int]:
    """The same without the few pieces that can't be shared, and how many these are."""
    left = max(0, whole - sum(part.used for part in parts))
    found = []
    for part in parts:
        first = min(part.wants, left)
        left -= first
        found.append(first)
    share, rest = divmod(left, max(1, len(parts)))
    return [first + share for first in found], rest


def divided(whole: int, parts: Sequence[Part]) -> list[int]:
    """The quota of each, in order."""
    used = sum(part.used for part in parts)
    if used > whole:
        ideal = [part.used * whole // used for part in parts]
        kept = all(part.given is not None and part.given < max(1, part.used) for part in parts)
    else:
        least, _ = _least(whole, parts)
        ideal = [part.used + room for part, room in zip(parts, rooms(whole, parts), strict=True)]
        kept = all(_suffices(part, room) for part, room in zip(parts, least, strict=True))
        kept = kept and sum(part.given or 0 for part in parts) == whole
    given = [part.given if part.given is not None else -1 for part in parts]
    if kept and sum(given) <= whole:
        return given
    return _safely(whole, parts, ideal)


def _suffices(part: Part, room: int) -> bool:
    if part.given is None:
        return False
    return part.given - part.used >= max(min(part.wants, room), (room + 1) // 2)


def _safely(whole: int, parts: Sequence[Part], ideal: Sequence[int]) -> list[int]:
    """As near to `ideal` as what the others may still use leaves."""
    bounds = [
        wanted if part.given is None else max(part.given, part.held, part.used)
        for part, wanted in zip(parts, ideal, strict=True)
    ]
    decided = []
    for at, part in enumerate(parts):
        now, decision = part.given or 0, ideal[at]
        if decision > now:
            others = sum(bounds) - bounds[at]
            decision = max(now, min(decision, whole - others))
            bounds[at] = decision if part.given is None else max(bounds[at], decision)
        decided.append(decision)
    return decided
