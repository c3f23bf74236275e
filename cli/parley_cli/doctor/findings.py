"""What a check has found: the names of all checks, and how findings are printed."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

Check = Literal[
    "address",
    "connection",
    "tls",
    "service",
    "ready",
    "room",
    "microphone",
    "origin",
    "websocket",
    "offer",
    "media",
    "messages",
    "sound",
    "line",
    "clock",
    "latency",
]
State = Literal["ok", "warn", "FAIL"]

CHECKS: tuple[Check, ...] = get_args(Check)
"""In the order in which they are made."""

_WIDTH = max(map(len, CHECKS))


@dataclass(frozen=True, slots=True)
class Finding:
    """What was `seen`, and unless all is well what to do. `figures` are for programs; names tell the unit."""

    check: Check
    state: State
    seen: str
    instead: str = ""
    figures: Mapping[str, float | None] = field(default_factory=dict)

    @property
    def failed(self) -> bool:
        return self.state == "FAIL"

    def __str__(self) -> str:
        return (
            f"{self.state:<4}  {self.check:<{_WIDTH}}  {'; '.join(filter(None, (self.seen, self.instead)))}"
        )


def conclusion(findings: Sequence[Finding]) -> str:
    """The last line: how many of each, what was not tried, and where to read on."""
    states = [finding.state for finding in findings]
    counts = [f"{states.count(state)} {state}" for state in get_args(State) if state in states]
    left = not_tried(findings)
    text = ", ".join(counts) + (f"; not tried: {', '.join(left)}" if left else "") + "."
    return f"{text} What each looks at: docs/troubleshooting.md" if set(states) - {"ok"} else text


def not_tried(findings: Sequence[Finding]) -> list[Check]:
    made = {finding.check for finding in findings}
    return [check for check in CHECKS if check not in made]


def as_json(url: str, origin: str, findings: Sequence[Finding]) -> str:
    data = {
        "url": url,
        "origin": origin,
        "ok": not any(finding.failed for finding in findings),
        "checks": [
            {
                "check": finding.check,
                "state": finding.state.lower(),
                "seen": finding.seen,
                "instead": finding.instead or None,
                "figures": dict(finding.figures),
            }
            for finding in findings
        ],
        "not_tried": not_tried(findings),
    }
    return json.dumps(data, indent=2)
