"""What a tuner's report says of one node, by what the node is to have.

Rules: only a report of this NodeTuning's own, about the profile of now, says anything of a key. A node is tuned where
each key was read back, or skipped: what a node can't have (no cpufreq, no such key in its kernel) it need not have. Of
several things that are wrong the worst counts.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from parley_operator.plan.tuning import KeyReport, NodeReport

APPLIED, SKIPPED, DRIFTED, CONFLICT = "Applied", "Skipped", "Drifted", "Conflict"
RESTORED, RESTORING = "Restored", "Restoring"
"""Of a key. Restored and Restoring are of a whole report, too."""

UNANSWERED, BEHIND, HINDERED = "Unanswered", "Behind", "Hindered"
"""Of a node: it does not answer; it has not read this profile yet; its tuner can't go on."""

PROBLEMS = (CONFLICT, DRIFTED, RESTORING, SKIPPED)
"""The worst first."""

_IN_WORDS = {
    UNANSWERED: "its tuner does not answer",
    BEHIND: "its tuner has not read what is wanted now: the kubelet brings it within two minutes",
}


class Verdict(NamedTuple):
    """`problems` are the keys that are not as they are wanted, the worst first."""

    node: str
    what: str
    why: str
    problems: tuple[KeyReport, ...] = ()

    @property
    def tuned(self) -> bool:
        return self.what in (APPLIED, SKIPPED)


def verdict(node: str, owner: str, report: NodeReport | None, digest: str, keys: Collection[str]) -> Verdict:
    if report is None or report.owner not in ("", owner):
        return Verdict(node, UNANSWERED, _IN_WORDS[UNANSWERED])
    if report.problem:
        return Verdict(node, HINDERED, report.problem)
    said = {one.key for one in report.keys}
    if report.profile != digest or not said >= set(keys):
        return Verdict(node, BEHIND, _IN_WORDS[BEHIND])
    found = [one for one in report.keys if one.state in PROBLEMS]
    problems = tuple(sorted(found, key=lambda one: (PROBLEMS.index(one.state), one.key)))
    if not problems:
        return Verdict(node, APPLIED, "")
    worst = problems[0]
    return Verdict(node, worst.state, f"{worst.key}: {worst.why}", problems)


def restored(owner: str, report: NodeReport | None) -> bool:
    """All that it had of this NodeTuning is as it was before, or as somebody else has made it since."""
    return report is not None and report.owner == owner and report.state == RESTORED and not report.problem
