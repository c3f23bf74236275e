"""One look at the node: what is wanted, what is there, what is written, and what is said of it.

    journal, kernel, profile -> restore what is no longer wanted -> journal old values -> write -> read back -> mark

Rules: a look converges from any state, after any crash: each part of it may be repeated. All old values of a look are
on the disk before its first write, so that a key that another one changes along with itself has its true old value.
Somebody else's change is first told (Drifted), then put right at the next look, and later each time it comes again. On
restoring it is theirs: only where our own value still stands is the old one put back. What another NodeTuning wants
otherwise is not written; where both want the same, one holds the key and keeps it right. The clock is an argument:
`now`, seconds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from parley_tuner.journal import Entries, Entry, Journal, Rival
from parley_tuner.kernel import GOVERNOR, NO_CPUFREQ, Absent, Kernel, Refused, Unusable, same
from parley_tuner.profile import Profile

APPLIED, SKIPPED, DRIFTED, CONFLICT = "Applied", "Skipped", "Drifted", "Conflict"
RESTORED, LEFT, RESTORING = "Restored", "Left", "Restoring"
"""Of keys that are no longer wanted: the old value is back; somebody else's was left; the old one is not back yet."""

FIRST_AGAIN_SECONDS = 10.0
SELDOM_SECONDS = 300.0
CALM_SECONDS = 600.0
"""Once a key has kept its value for so long, its next drift is put right as soon as its first was."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is said of one key. `before`: the journalled old value, None where there is none. `drifts`: how often
    somebody else changed it since this process started.
    """

    state: str
    wanted: str = ""
    before: str | None = None
    why: str = ""
    drifts: int = 0


@dataclass(slots=True)
class _Drift:
    count: int = 0
    in_a_row: int = 0
    found: str | None = None
    """What it was changed to, while that stands."""

    due: float = 0.0
    calm_from: float = 0.0


@dataclass(frozen=True, slots=True)
class _Failure:
    value: str
    times: int
    until: float
    why: str


def later(times: int) -> float:
    """Seconds to wait after the n-th time in a row, from 1."""
    return min(SELDOM_SECONDS, FIRST_AGAIN_SECONDS * 2.0 ** min(times - 1, 30))


class Tuner:
    """Of one node, for one owner at a time."""

    def __init__(self, kernel: Kernel, journal: Journal) -> None:
        self._kernel = kernel
        self._journal = journal
        self._digest = ""
        self._drifts: dict[str, _Drift] = {}
        self._failures: dict[str, _Failure] = {}
        self._let_go: dict[str, Row] = {}
        """Rows of keys that this profile no longer wants."""

    def look(self, profile: Profile, now: float) -> dict[str, Row]:
        """Key to row, of what is wanted and of what this profile let go of. Raises JournalProblem."""
        if profile.digest != self._digest:
            self._digest = profile.digest
            self._let_go.clear()
            self._failures.clear()
        with self._journal.locked():
            return self._look(profile, now)

    def _look(self, profile: Profile, now: float) -> dict[str, Row]:
        held = self._journal.load(profile.owner)
        found = dict(held)
        wishes, rows = self._wishes(profile)
        rivals = self._journal.held_by_others(profile.owner)
        for key in reversed(held):
            if key not in wishes:
                self._let_go[key] = self._restore(key, found, now)
        asked: dict[str, tuple[str, str]] = {}
        for key, wanted in wishes.items():
            self._let_go.pop(key, None)
            entry = found.get(key)
            verdict = self._judge(profile.owner, key, wanted, entry, rivals.get(key), now)
            if isinstance(verdict, Row):
                rows[key] = verdict
                continue
            asked[key] = wanted, verdict
            if not _held(entry, wanted):
                found[key] = (entry or Entry(verdict, ())).asking(wanted)
        if found != held or (not found and profile.owner in self._journal.owners()):
            self._journal.save(profile.owner, found)
        journalled = dict(found)
        for key, (wanted, present) in asked.items():
            rows[key] = self._write(key, wanted, present, found, now)
        if found != journalled:
            self._journal.save(profile.owner, found)
        return {**rows, **self._let_go}

    def _wishes(self, profile: Profile) -> tuple[dict[str, str], dict[str, Row]]:
        """Key to value, and rows of what can't be wished for here."""
        governors = self._kernel.governors() if profile.governor else []
        rows = {}
        if profile.governor and not governors:
            rows[GOVERNOR] = Row(SKIPPED, profile.governor, why=NO_CPUFREQ)
        return {**profile.sysctls, **dict.fromkeys(governors, profile.governor)}, rows

    def _judge(
        self, owner: str, key: str, wanted: str, entry: Entry | None, rival: Rival | None, now: float
    ) -> Row | str:
        """What is said of it; or what it is, where it is to be written."""
        before = entry.before if entry else None
        if rival and not same(rival.wants, wanted):
            return Row(CONFLICT, wanted, before, _why(owner, rival.owner))
        try:
            present = self._kernel.read(key)
        except Unusable as error:
            return Row(SKIPPED, wanted, before, str(error))
        if entry is None and (why := self._kernel.hindrance(key)):
            return Row(SKIPPED, wanted, why=why)
        if rival:
            state = APPLIED if same(present, wanted) else DRIFTED
            return Row(state, wanted, why=f"{rival.owner} holds it, and wants the same")
        return self._standing(key, wanted, entry, present, now) or present

    def _standing(self, key: str, wanted: str, entry: Entry | None, present: str, now: float) -> Row | None:
        """None where it is to be written now."""
        before = entry.before if entry else None
        ours = _held(entry, wanted)
        failure = self._failures.get(key)
        if failure and failure.value == wanted and now < failure.until and not same(present, wanted):
            return Row(DRIFTED if ours else SKIPPED, wanted, before, failure.why, self._count(key))
        if entry is None or not ours:
            return None
        drift = self._drifts.setdefault(key, _Drift())
        if same(present, wanted):
            drift.found = None
            return self._applied(key, entry)
        if drift.found is None:
            drift.count += 1
            drift.in_a_row = 1 if now >= drift.calm_from else drift.in_a_row + 1
            # The first is put right at the next look.
            drift.due = now if drift.in_a_row == 1 else now + later(drift.in_a_row - 1)
        elif now >= drift.due:
            return None
        drift.found = present
        return Row(DRIFTED, wanted, entry.before, f"somebody else changed it to {present[:80]}", drift.count)

    def _write(self, key: str, wanted: str, present: str, found: Entries, now: float) -> Row:
        entry = found[key]
        why = ""
        try:
            if not same(present, wanted):
                self._kernel.write(key, wanted)
            became = self._kernel.read(key)
        except (Refused, Unusable) as error:
            why = str(error)
        else:
            if same(became, wanted):
                self._failures.pop(key, None)
                if entry.applied:
                    drift = self._drifts[key]
                    drift.found, drift.calm_from = None, now + CALM_SECONDS
                found[key] = entry.holding()
                return self._applied(key, found[key])
            why = f"{wanted[:80]} was written, and the kernel made {became[:80]} of it"
            if not self._put(key, present):
                found[key] = entry = replace(entry, ours=(*entry.ours, became))
        self._fail(key, wanted, why, now)
        if entry.applied:
            return Row(DRIFTED, wanted, entry.before, why, self._count(key))
        kept = replace(entry, ours=tuple(value for value in entry.ours if value != wanted))
        if kept.ours:
            found[key] = kept  # an earlier value of ours stands
        else:
            del found[key]
        return Row(SKIPPED, wanted, kept.before if kept.ours else None, why)

    def _restore(self, key: str, found: Entries, now: float) -> Row:
        """`found` loses it, unless its old value is still to be put back."""
        entry = found[key]
        self._drifts.pop(key, None)
        try:
            present = self._kernel.read(key)
        except Absent:
            del found[key]
            return Row(LEFT, "", entry.before, "the key itself is gone")
        except Unusable as error:
            return Row(RESTORING, "", entry.before, str(error))
        if not same(present, entry.before):
            if not any(same(present, value) for value in entry.ours):
                del found[key]
                return Row(LEFT, "", entry.before, f"somebody else changed it to {present[:80]}")
            failure = self._failures.get(key)
            if failure and failure.value == entry.before and now < failure.until:
                return Row(RESTORING, "", entry.before, failure.why)
            if not self._put(key, entry.before):
                why = f"the kernel does not take the old value, {entry.before[:80]}"
                self._fail(key, entry.before, why, now)
                return Row(RESTORING, "", entry.before, why)
        del found[key]
        self._failures.pop(key, None)
        return Row(RESTORED, "", entry.before)

    def _put(self, key: str, value: str) -> bool:
        """Whether it was read back."""
        try:
            self._kernel.write(key, value)
            return same(self._kernel.read(key), value)
        except (Refused, Unusable):
            return False

    def _fail(self, key: str, value: str, why: str, now: float) -> None:
        last = self._failures.get(key)
        times = last.times + 1 if last and last.value == value else 1
        self._failures[key] = _Failure(value, times, now + later(times), why)

    def _applied(self, key: str, entry: Entry) -> Row:
        return Row(APPLIED, entry.ours[-1], entry.before, drifts=self._count(key))

    def _count(self, key: str) -> int:
        drift = self._drifts.get(key)
        return drift.count if drift else 0


def _held(entry: Entry | None, wanted: str) -> bool:
    """It was read back: where its value is another one now, somebody else changed it."""
    return entry is not None and entry.applied and entry.ours[-1] == wanted


def _why(owner: str, other: str) -> str:
    return f"{owner} and {other} both want it: {owner} does not touch it"
