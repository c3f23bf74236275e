"""What is told of a node: plain data, the same as long as nothing changes; no time in it.

Rules: pure. All CPUs' governors are one row, so that a report does not grow with the machine. The state of the whole:
Applied (each key is), Restored (nothing is wanted, and the journal holds nothing), Restoring (nothing is wanted, and
something is still to be put back), Partly (some keys are not Applied: theirs tell why), Unknown (no profile was read).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from parley_tuner.kernel import GOVERNOR
from parley_tuner.profile import Profile
from parley_tuner.tune import APPLIED, CONFLICT, DRIFTED, LEFT, RESTORED, RESTORING, SKIPPED, Row

PARTLY, UNKNOWN = "Partly", "Unknown"
LONGEST_SHOWN = 256
_WORST_FIRST = (CONFLICT, DRIFTED, SKIPPED, RESTORING, LEFT, APPLIED, RESTORED)


@dataclass(frozen=True, slots=True)
class Report:
    """`profile` is the one that `rows` are about. `problem`: why no newer one could be read, or nothing be tuned.
    `seconds_to_applied`: from the process's start to the end of its first look with a profile.
    """

    node: str
    profile: Profile | None = None
    rows: Mapping[str, Row] = field(default_factory=dict)
    problem: str = ""
    seconds_to_applied: float | None = None

    @property
    def state(self) -> str:
        if self.profile is None:
            return UNKNOWN
        states = {row.state for row in self.rows.values()}
        if self.profile.empty:
            return RESTORING if RESTORING in states else RESTORED
        return APPLIED if states <= {APPLIED, RESTORED, LEFT} else PARTLY

    def as_json(self) -> dict[str, Any]:
        profile = self.profile
        return {
            "node": self.node,
            "owner": profile.owner if profile else "",
            "profile": profile.digest if profile else "",
            "state": self.state,
            "problem": self.problem,
            "seconds_to_applied": self.seconds_to_applied,
            "keys": {key: _shown(row) for key, row in sorted(merged(self.rows).items())},
        }


def merged(rows: Mapping[str, Row]) -> dict[str, Row]:
    """With one row for all governors: the worst of them, and how many CPU policies were what before."""
    each = {key: row for key, row in rows.items() if key.startswith(f"{GOVERNOR}.")}
    others = {key: row for key, row in rows.items() if key not in each}
    if not each:
        return others
    worst_key, worst = min(each.items(), key=lambda one: _WORST_FIRST.index(one[1].state))
    before = Counter(row.before for row in each.values() if row.before is not None)
    shown = ", ".join(f"{name} on {count}" for name, count in sorted(before.items())) or None
    why = f"{worst_key.removeprefix(f'{GOVERNOR}.')}: {worst.why}" if worst.why else ""
    drifts = sum(row.drifts for row in each.values())
    return {**others, GOVERNOR: Row(worst.state, worst.wanted, shown, why, drifts)}


def _shown(row: Row) -> dict[str, Any]:
    return {
        "state": row.state,
        "wanted": row.wanted[:LONGEST_SHOWN],
        "before": None if row.before is None else row.before[:LONGEST_SHOWN],
        "why": row.why[:LONGEST_SHOWN],
        "drifts": row.drifts,
    }
