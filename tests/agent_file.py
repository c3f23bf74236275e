"""Owns what the tests expect of examples/reception.yaml: read from the file itself, by no code of the server."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any

import yaml

from tests.server import ROOT

RECEPTION = ROOT / "examples" / "reception.yaml"

EXAMPLES = sorted((ROOT / "examples").glob("*.yaml"))
"""Of any kind."""

AGENTS = [file for file in EXAMPLES if re.search(r"^kind: VoiceAgent$", file.read_text(), re.MULTILINE)]


@functools.cache
def spec() -> dict[str, Any]:
    return dict(yaml.safe_load(RECEPTION.read_text())["spec"])


def without_fillers(folder: Path) -> Path:
    """Write the same agent, one that says no fillers, and return its file. Where a machine is slow an answer has one
    at any door, and not each door tells where it ends and the answer begins.
    """
    agent = yaml.safe_load(RECEPTION.read_text())
    agent["spec"]["conversation"]["fillers"] = {"when": "never"}
    file = folder / RECEPTION.name
    file.write_text(yaml.safe_dump(agent))
    return file


def greeting() -> str:
    return plain(spec()["conversation"]["greeting"])


def answers_to(question: str) -> list[str]:
    """Return the answers of the intent that has `question` among its phrases; {slot} stands for anything."""
    for intent in spec()["conversation"]["intents"]:
        if any(_fits(phrase, question) for phrase in intent["phrases"]):
            return [plain(a) for a in [*filter(None, [intent.get("answer")]), *intent.get("answers", [])]]
    raise AssertionError(
        f"no intent of {RECEPTION.name} has the phrase {question!r}: choose another question"
    )


def plain(text: str) -> str:
    """Return `text` with single spaces: YAML folds lines as it likes."""
    return " ".join(text.split())


def _fits(phrase: str, question: str) -> bool:
    pattern = "".join(
        r".+" if part.startswith("{") else re.escape(_bare(part))
        for part in re.split(r"(\{\w+\})", phrase.lower())
    )
    return re.fullmatch(pattern, _bare(question)) is not None


def _bare(text: str) -> str:
    return re.sub(r"[^\w\s']", "", text.lower())
