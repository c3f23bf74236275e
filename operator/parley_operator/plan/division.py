"""How a quota of all of a tenant's namespaces is divided among them: Kubernetes has a quota for each namespace alone.

    room of a namespace = what a rollout in it needs, or else a pod that says nothing, as far as it goes,
                          and an equal part of what is free beside that
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
    `held` what Kubernetes may let it use for the moment, which follows a little later; `wants` what a rollout needs;
    `least` what it is to have room for otherwise. Where that is not there for all, the first have it.
    """

    used: int = 0
    wants: int = 0
    given: int | None = None
    held: int = 0
    least: int = 0


def rooms(whole: int, parts: Sequence[Part]) -> list[int]:
    """What each may use beside what it uses; nothing where more is used than there is."""
    first, share, rest = _shared(whole, parts)
    return [room + share + (at < rest) for at, room in enumerate(first)]


def _shared(whole: int, parts: Sequence[Part]) -> tuple[list[int], int, int]:
    """What each has before the others, the equal part of each, and the few pieces that can't be shared."""
    left = max(0, whole - sum(part.used for part in parts))
    first = [0] * len(parts)
    for wanted in ([part.wants for part in parts], [part.least for part in parts]):
        for at, want in enumerate(wanted):
            more = min(max(0, want - first[at]), left)
            first[at] += more
            left -= more
    return first, *divmod(left, max(1, len(parts)))


def divided(whole: int, parts: Sequence[Part]) -> list[int]:
    """The quota of each, in order."""
    used = sum(part.used for part in parts)
    if used > whole:
        ideal = [part.used * whole // used for part in parts]
        kept = all(part.given is not None and part.given < max(1, part.used) for part in parts)
    else:
        first, share, _ = _shared(whole, parts)
        ideal = [part.used + room for part, room in zip(parts, rooms(whole, parts), strict=True)]
        kept = all(_suffices(part, room, share) for part, room in zip(parts, first, strict=True))
        kept = kept and sum(part.given or 0 for part in parts) == whole
    given = [part.given if part.given is not None else -1 for part in parts]
    if kept and sum(given) <= whole:
        return given
    return _safely(whole, parts, ideal)


def _suffices(part: Part, first: int, share: int) -> bool:
    if part.given is None:
        return False
    return part.given - part.used >= max(first, (first + share + 1) // 2)


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
