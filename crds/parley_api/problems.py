"""A mistake in a file: where, what was seen, what to write instead; and the error that carries all of them.

Rules: what was seen is cut to 60 characters, for it may be a secret in the wrong place; a text of the file is
shown as JSON, so that no control character reaches a terminal.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

Location = tuple[str | int, ...]
"""Where in a file: ("spec", "conversation", "intents", 0, "name")."""

LONGEST_SEEN = 60


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `path` is "" for the whole file; `line` counts from 1, None if there is none to name."""

    path: str
    seen: str
    instead: str
    line: int | None = None

    def __str__(self) -> str:
        return f"{self.path + ': ' if self.path else ''}saw {self.seen}; {self.instead}"


class InvalidFile(Exception):
    """A file that is no valid VoiceAgent. `problems` holds every mistake, in the order of lines."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        self.file = file
        self.problems = list(problems)
        super().__init__(file, self.problems)

    def __str__(self) -> str:
        return "\n".join(
            f"{self.file}:{f'{problem.line}:' if problem.line else ''} {problem}" for problem in self.problems
        )


def path_text(location: Location) -> str:
    """("spec", "intents", 0) as Kubernetes writes it: spec.intents[0]."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{printable(part)}" if text else printable(part)
    return text


def printable(text: str) -> str:
    """A text of the file as it may be shown: cut, and with control characters escaped."""
    return json.dumps(cut(text), ensure_ascii=not text.isprintable())[1:-1]


def cut(text: str) -> str:
    return text if len(text) <= LONGEST_SEEN else text[: LONGEST_SEEN - 1] + "…"


def shown(value: Any) -> str:
    """A value of the file as a reader sees it: a short text as it stands, a container by its size."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case str():
            return f'"{printable(value)}"'
        case dict():
            return f"a map with {printable(', '.join(value))}" if value else "an empty map"
        case list():
            return f"a list of {len(value)}" if value else "an empty list"
        case _:
            return cut(str(value))
