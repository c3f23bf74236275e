"""Objects as the API server has them, as short as a test can say them, and a kubectl that answers what a test words."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
AGO = {
    "5s": "2026-11-30T11:59:55Z",
    "12m": "2026-11-30T11:48:00Z",
    "3h": "2026-11-30T09:00:00Z",
    "4d": "2026-11-26T11:00:00Z",
}


def condition(
    kind: str, state: str = "True", reason: str = "AsRead", message: str = "", since: str = "12m"
) -> Any:
    return {
        "type": kind,
        "status": state,
        "reason": reason,
        "message": message,
        "observedGeneration": 1,
        "lastTransitionTime": AGO[since],
    }


WELL = tuple(condition(kind) for kind in ("Accepted", "Available", "Guaranteed", "UpToDate", "Ready"))


def voice_agent(
    name: str = "reception",
    *conditions: Any,
    namespace: str = "shop",
    replicas: int = 3,
    ready: int = 3,
    calls: int = 0,
    generation: int = 1,
    observed: int = 1,
    deletion: str = "Drain",
    **metadata: Any,
) -> dict[str, Any]:
    """Well unless it is given conditions, which replace those of the same type."""
    given = {one["type"]: one for one in conditions}
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "generation": generation,
            "creationTimestamp": AGO["4d"],
            **metadata,
        },
        "spec": {"replicas": replicas, "deletion": deletion, "conversation": {"instructions": "x"}},
        "status": {
            "observedGeneration": observed,
            "replicas": replicas,
            "readyReplicas": ready,
            "calls": calls,
            "conditions": [given.get(one["type"], one) for one in WELL]
            + [one for kind, one in given.items() if kind not in {one["type"] for one in WELL}],
        },
    }


def pod(
    name: str,
    *,
    agent: str = "reception",
    namespace: str = "shop",
    calls: str | None = "0",
    ready: bool = True,
    phase: str = "Running",
    node: str | None = "node-0",
    ending: bool = False,
) -> dict[str, Any]:
    annotations = {} if calls is None else {"controller.kubernetes.io/pod-deletion-cost": calls}
    return {
        "metadata": {
            "name": name,
            "namespace": namespace,
            "labels": {"parley.dev/agent": agent},
            "annotations": annotations,
            **({"deletionTimestamp": AGO["5s"]} if ending else {}),
        },
        "spec": {} if node is None else {"nodeName": node},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": "True" if ready else "False"}]},
    }


def listed(*objects: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(objects)}


class StubKubectl:
    """A program; `answer(WORD, ...)` is for the command line that has WORD in it; an error is (code, stderr)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._log = folder / "asked"
        self._answers: list[str] = []

    def answer(self, word: str, says: Any) -> None:
        code, text = says if isinstance(says, tuple) else (0, json.dumps(says))
        number = len(self._answers)
        (self.folder / f"answer-{number}").write_text(text)
        stream = "2" if code else "1"
        self._answers.append(
            f'case " $* " in *"{word}"*) cat "{self.folder}/answer-{number}" >&{stream}; exit {code};; esac'
        )
        program = self.folder / "kubectl"
        log = f'printf "%s\\n" "$*" >> "{self._log}"'
        program.write_text(
            "\n".join(["#!/bin/sh", log, *self._answers, 'echo "not expected: $*" >&2; exit 9', ""])
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)

    def asked(self) -> list[str]:
        return self._log.read_text().splitlines() if self._log.exists() else []
