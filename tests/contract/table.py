"""Owns how manifests/KIND.wrong.yaml and KIND.right.yaml are read: each case as the text that a person would apply."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

FOLDER = Path(__file__).with_name("manifests")

_LEAST: dict[str, tuple[str, ...]] = {
    "VoiceAgent": ("conversation: {instructions: Be kind.}",),
    "ModelServer": ("engine: {vllm: {model: org/model}}", "gpus: {count: 1}"),
    "NodeTuning": ("governor: performance",),
    "VoiceTenant": ("namespaces: [clinic]",),
}
"""Lines of a spec that is right, by kind; a case that has the field has its own instead."""

KINDS = tuple(_LEAST)


@dataclass(frozen=True)
class WrongManifest:
    """`kubectl` and `check`: each line that is said of it, without the file's name and line. `across`: the fields
    that a CEL rule refuses together, "" if one field is wrong by itself.
    """

    kind: str
    wrong: str
    name: str
    manifest: str
    kubectl: tuple[str, ...]
    check: tuple[str, ...]
    across: str


@dataclass(frozen=True)
class RightManifest:
    """`name` is that of its object."""

    kind: str
    right: str
    name: str
    manifest: str


def wrong_manifests(kinds: Sequence[str] = KINDS) -> list[WrongManifest]:
    """All of the tables, in their order."""
    return [
        WrongManifest(
            kind,
            row["wrong"],
            name := f"wrong-{number}",
            row["manifest"] if "manifest" in row else manifest(kind, name, row["spec"]),
            tuple(row["kubectl"]),
            tuple(row["check"]),
            row.get("across", ""),
        )
        for kind in kinds
        for number, row in enumerate(_rows(kind, "wrong"))
    ]


def right_manifests(kinds: Sequence[str] = KINDS) -> list[RightManifest]:
    """The same of what is near to wrong, and right."""
    return [
        RightManifest(kind, row["right"], name := f"right-{number}", manifest(kind, name, row["spec"]))
        for kind in kinds
        for number, row in enumerate(_rows(kind, "right"))
    ]


def _rows(kind: str, which: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load((FOLDER / f"{kind.lower()}.{which}.yaml").read_text())
    return rows


def manifest(kind: str, name: str, fields: str) -> str:
    """An object with these lines in its spec, and those of its least that they lack."""
    own = set(re.findall(r"^\w+", fields, re.MULTILINE))
    least = [line for line in _LEAST[kind] if line.split(":")[0] not in own]
    lines = "".join(f"  {line}\n" for line in [*least, *fields.splitlines()])
    return f"apiVersion: parley.dev/v1alpha1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec:\n{lines}"
