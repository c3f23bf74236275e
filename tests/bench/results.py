"""Owns where raw samples are kept: one file of JSON lines a stage, in a folder named for the commit.

The first line of a file is what a reader needs to repeat it. A file appears whole or not at all, so one that is there
need not be measured again. In a checkout with changes it need not only where the changes are the same.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MEASURED = (
    "crds",
    "dataplane",
    "cli",
    "examples",
    "tests/bench",
    "tests/clients",
    "tests/tapes.py",
    "tests/speech.py",
    "tests/espeak.py",
    "requirements.lock",
)
"""What a figure depends on: a change of a page or of another test is none of the measured thing."""


@dataclass(frozen=True)
class Code:
    """`changes` is a digest of what differs from the commit, empty where nothing does."""

    commit: str
    changes: str

    @property
    def name(self) -> str:
        return self.commit[:12] + ("-dirty" if self.changes else "")


def code_of(root: Path) -> Code:
    """Return what is checked out at `root`; where that is no checkout, "unknown" with a digest of the files."""

    def git(*words: str) -> str:
        ran = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
        return ran.stdout

    commit = git("rev-parse", "HEAD").strip()
    if not commit:
        return Code("unknown", _digest_of_files(root))
    if not git("status", "--porcelain", "--", *MEASURED):
        return Code(commit, "")
    digest = hashlib.sha256(git("diff", "HEAD", "--", *MEASURED).encode())
    for name in git("ls-files", "-z", "--others", "--exclude-standard", "--", *MEASURED).split("\0"):
        if name:
            digest.update(name.encode() + (root / name).read_bytes())
    return Code(commit, digest.hexdigest()[:16])


def _digest_of_files(root: Path) -> str:
    """Of what is measured where git can't tell: a copy without its history."""
    digest = hashlib.sha256()
    for name in MEASURED:
        files = [root / name, *sorted((root / name).rglob("*"))]
        for file in files:
            if file.is_file() and "__pycache__" not in file.parts:
                digest.update(str(file.relative_to(root)).encode() + file.read_bytes())
    return digest.hexdigest()[:16]


class Results:
    """The stages measured for one state of the code and one set of options. `name` is the run's: "media"."""

    def __init__(self, folder: Path, name: str, code: Code, options: Mapping[str, Any]) -> None:
        self.folder = folder / f"{name}-{code.name}"
        self._same = {"changes": code.changes, "options": dict(options)}

    def path(self, stage: str) -> Path:
        return self.folder / f"{stage}.jsonl"

    def kept(self, stage: str) -> tuple[dict[str, Any], list[dict[str, Any]]] | None:
        """Return facts and samples of a stage measured before with the same code and options; None if there is none."""
        try:
            head, *samples = [json.loads(line) for line in self.path(stage).read_text().splitlines()]
        except (OSError, ValueError):
            return None
        return (head, samples) if head.get("same") == self._same else None

    def keep(self, stage: str, facts: Mapping[str, Any], samples: Sequence[Mapping[str, Any]]) -> Path:
        """Write a stage's file, whole or not at all, and return where it lies."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.path(stage)
        partial = path.with_suffix(".partial")
        head = {"stage": stage, **facts, "same": self._same}
        partial.write_text("".join(json.dumps(line) + "\n" for line in (head, *samples)))
        os.replace(partial, path)
        return path
