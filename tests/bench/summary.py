"""Owns how raw samples become lines of text: percentiles of what has milliseconds, counts of what could not be one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.bench.figures import (
    ANSWER,
    CONNECT,
    DECISION,
    FAILED,
    IDLE_TIMER,
    INTERRUPTION,
    LEFT,
    LOAD,
    MEMORY,
    SLOTS,
    percentile,
)

CLIENT_IS_FULL = 0.85
"""Of its core: beyond it the client may be what is late."""

HEADER = ["| figure | n | p50 ms | p95 ms | p99 ms |", "|---|--:|--:|--:|--:|"]


def lines(samples: Sequence[dict[str, Any]]) -> list[str]:
    """Return a Markdown table of the figures in milliseconds, and a sentence for each thing that is none."""
    rows = []
    for figure in (ANSWER, INTERRUPTION, DECISION, CONNECT):
        rows += _rows(figure, [s for s in samples if s["figure"] == figure])
    out = [*HEADER, *rows] if rows else []
    out += _slots(samples)
    for sample in samples:
        out += _sentence(sample)
    memory = [sample["mib"] for sample in samples if sample["figure"] == MEMORY]
    if len(memory) > 1:
        out.append(f"resident memory by the minute, MiB: {' '.join(f'{mib:.0f}' for mib in memory)}")
    failed = [sample["why"] for sample in samples if sample["figure"] == FAILED]
    if failed:
        out.append(f"{len(failed)} calls failed; the first: {failed[0]}")
    return out


def row(name: str, values: Sequence[float]) -> str:
    """Return one line of the table."""
    p50, p95, p99 = (percentile(values, p) for p in (50, 95, 99))
    return f"| {name} | {len(values)} | {p50:.1f} | {p95:.1f} | {p99:.1f} |"


def _rows(figure: str, samples: Sequence[dict[str, Any]]) -> list[str]:
    found = []
    groups = sorted({sample.get("during", 0) for sample in samples})
    for during in groups:
        part = [sample for sample in samples if sample.get("during", 0) == during]
        name = f"{figure}, while {during} calls run" if during else figure
        values = [sample["milliseconds"] for sample in part if "milliseconds" in sample]
        if values:
            found.append(row(name, values))
        for flag, said in (
            ("unanswered", "of them without an answer (counted as the time that was waited)"),
            ("early", "not counted: answered before the sentence was over"),
            ("talked_on", "not counted: the answer went on under the whole sentence"),
        ):
            count = sum(flag in sample for sample in part)
            if count:
                found.append(f"| {said} | {count} | | | |")
    return found


def _slots(samples: Sequence[dict[str, Any]]) -> list[str]:
    out = []
    for figure, name in ((IDLE_TIMER, "an idle 20 ms timer on the server's core"), (SLOTS, "the sender")):
        found = [sample for sample in samples if sample["figure"] == figure]
        slots = sum(sample["slots"] for sample in found)
        if slots:
            missed = sum(sample["missed"] for sample in found)
            worst = max(sample["worst_ms"] for sample in found)
            share = 100 * missed / slots
            out.append(
                f"{name} missed {missed} of {slots} slots by over 10 ms ({share:.3f} %), worst {worst:.1f} ms"
            )
    return out


def _sentence(sample: dict[str, Any]) -> list[str]:
    if sample["figure"] == LEFT:
        return [
            f"{sample['when']} the calls: {sample['tasks']:.0f} tasks, {sample['descriptors']} descriptors,"
            f" {sample['processes']} processes, {sample['mib']:.0f} MiB"
        ]
    if sample["figure"] != LOAD:
        return []
    said = f"{sample['calls']} calls, {sample['seconds']:.0f} s: client {100 * sample['client_core']:.0f} % of its core"
    if "server_core" in sample:
        said += f", server {100 * sample['server_core']:.0f} % of its core, {sample['resident_mib']:.0f} MiB resident"
    said += f", {sample['lost_packets']} packets lost"
    if sample["client_core"] > CLIENT_IS_FULL:
        said += "; THE CLIENT'S CORE IS FULL: these figures may be the client's own"
    return [said]
