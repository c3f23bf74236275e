"""Owns what a run leaves: a file of raw samples for each stage of each server, and the table made of nothing else.

A stage whose file is there is not measured again: so a run goes on where it was cut off. A file appears whole or not at
all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.bench.figures import ANSWER, INTERRUPTION, percentile
from tests.bench.peers.ladder import Rung, answer_milliseconds, rung, verdict

Sample = dict[str, Any]
OVERHEAD, BARGE_IN = "overhead", "barge-in"


class OtherOptionsError(ValueError):
    """The run was begun with other options: its table would hold figures that can't be compared."""


class Record:
    """The stages of one run, in one folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, options: Sample) -> None:
        """Begin the run, or go on with it: raises OtherOptionsError where it was begun with others."""
        path = self.folder / "options.json"
        if not path.exists():
            path.write_text(json.dumps(options))
        elif (begun := json.loads(path.read_text())) != options:
            raise OtherOptionsError(f"this run was begun with {begun}, not {options}: name another by --run")

    def has(self, peer: str, stage: str) -> bool:
        """Whether a stage of this run was measured."""
        return self._path(peer, stage).exists()

    def keep(self, peer: str, stage: str, facts: Sample, samples: Sequence[Sample]) -> None:
        """Write a stage's file: the facts in its first line."""
        path = self._path(peer, stage)
        half = path.with_suffix(".part")
        half.write_text("".join(json.dumps(line) + "\n" for line in [facts, *samples]))
        half.rename(path)

    def samples(self, peer: str, stage: str) -> list[Sample]:
        """Return the samples of a stage, none where it has not been measured; the facts are left out."""
        path = self._path(peer, stage)
        return [json.loads(line) for line in path.read_text().splitlines()[1:]] if path.exists() else []

    def base(self, peer: str) -> float | None:
        """Return the p95 with three calls."""
        answers = answer_milliseconds(self.samples(peer, OVERHEAD))
        return percentile(answers, 95) if answers else None

    def climbed(self, peer: str) -> list[Rung]:
        """Return the rungs that were measured, from below."""
        stages = self.folder.glob(f"{peer}.calls-*.jsonl")
        numbers = sorted(int(path.name.removesuffix(".jsonl").rpartition("-")[2]) for path in stages)
        return [rung(number, self.samples(peer, calls_stage(number))) for number in numbers]

    def _path(self, peer: str, stage: str) -> Path:
        return self.folder / f"{peer}.{stage}.jsonl"


def calls_stage(calls: int) -> str:
    return f"calls-{calls}"


def table(record: Record, peers: Sequence[str]) -> list[str]:
    """Return the one table, as Markdown."""
    lines = [
        "| server | overhead p50 / p95 / p99 ms (n) | answered early | barge-in pause p50 / p95 ms (n) | talked on"
        " | sessions on one core |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for peer in peers:
        overhead, interrupted = record.samples(peer, OVERHEAD), record.samples(peer, BARGE_IN)
        early = sum("early" in s for s in overhead if s["figure"] == ANSWER)
        talked_on = sum("talked_on" in s for s in interrupted if s["figure"] == INTERRUPTION)
        pauses = [s["milliseconds"] for s in interrupted if "milliseconds" in s]
        base = record.base(peer)
        sessions = verdict(record.climbed(peer), base) if base is not None else "not measured"
        lines.append(
            f"| {peer} | {_shown(answer_milliseconds(overhead), (50, 95, 99))} | {early}"
            f" | {_shown(pauses, (50, 95))} | {talked_on} | {sessions} |"
        )
    return lines


def rungs_table(record: Record, peers: Sequence[str]) -> list[str]:
    """Return every rung that was measured: what it cost and what it showed."""
    lines = [
        "| server | calls | p95 ms | failed | slots missed | server's core | client's core |",
        "|---|--:|--:|--:|--:|--:|--:|",
    ]
    for peer in peers:
        for step in record.climbed(peer):
            p95 = "none" if step.p95 is None else f"{step.p95:.0f}"
            cores = f"{step.server_core:.0%} | {step.client_core:.0%}"
            lines.append(f"| {peer} | {step.calls} | {p95} | {step.failed} | {step.missed:.1%} | {cores} |")
    return lines


def _shown(values: Sequence[float], percents: Sequence[int]) -> str:
    if not values:
        return "not measured"
    figures = " / ".join(f"{percentile(values, percent):.0f}" for percent in percents)
    return f"{figures} ({len(values)})"
