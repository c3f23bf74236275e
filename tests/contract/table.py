"""Owns how wrong_manifests.yaml and right_manifests.yaml are read: each case as the text that a person would apply."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

FILE = Path(__file__).with_name("wrong_manifests.yaml")
RIGHT = Path(__file__).with_name("right_manifests.yaml")

_HEAD = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: wrong}
spec:
"""
_RIGHT = "  conversation: {instructions: Be kind.}\n"


@dataclass(frozen=True)
class WrongManifest:
    """`kubectl` and `check`: each line that is said of it, without the file's name and line. `across`: the fields
    that a CEL rule refuses together, "" if one field is wrong by itself.
    """

    wrong: str
    manifest: str
    kubectl: tuple[str, ...]
    check: tuple[str, ...]
    across: str


def wrong_manifests() -> list[WrongManifest]:
    """All of the table, in its order."""
    return [
        WrongManifest(
            row["wrong"],
            row["manifest"] if "manifest" in row else with_spec(row["spec"]),
            tuple(row["kubectl"]),
            tuple(row["check"]),
            row.get("across", ""),
        )
        for row in yaml.safe_load(FILE.read_text())
    ]


def right_manifests() -> dict[str, str]:
    """What it is about -> the text."""
    return {row["right"]: with_spec(row["spec"]) for row in yaml.safe_load(RIGHT.read_text())}


def with_spec(fields: str) -> str:
    """A VoiceAgent with these lines in its spec, and a conversation if they have none."""
    lines = "".join(f"  {line}\n" for line in fields.splitlines())
    return _HEAD + ("" if fields.startswith("conversation:") else _RIGHT) + lines
