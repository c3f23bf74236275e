"""Whose turn it is where a tenant has fewer sessions than its agents ask for.

Rules: what an agent has it keeps, also where the quota is lowered. Who asks for more than it has gets it whole or not
at all, the oldest first; a younger one does not wait for an older one that would not fit even now.
"""

from __future__ import annotations

from collections.abc import Mapping

from parley_operator.plan.plan import Ref
from parley_operator.plan.tenant import Ask


def left_for(agent: Ref, quota: int, asks: Mapping[Ref, Ask], held: Mapping[Ref, int]) -> int:
    """Sessions that `agent` may have. `asks` and `held` are of all of the tenant's agents."""
    taken = sum(held.get(other, 0) for other in asks if other != agent)
    mine = asks.get(agent)
    own = held.get(agent, 0)
    for other in sorted(asks, key=lambda one: (asks[one].created, one)):
        if mine is None or (asks[other].created, other) >= (mine.created, agent):
            break
        more = asks[other].sessions - held.get(other, 0)
        if more > 0 and taken + more + own <= quota:
            taken += more
    return max(own, quota - taken)
