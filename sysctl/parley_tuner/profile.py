"""What a node is to have: the file that the operator writes and a ConfigMap brings, read again and again.

    {"profile": "3f9c", "owner": "low-latency", "sysctls": {"vm.swappiness": "1"}, "governor": "performance",
     "leaving": ["node-b"]}

Rules: `profile` and `owner` have to be there, the rest may lack. On a node that is `leaving`, as for an empty profile,
nothing is wanted: what was applied is restored. A file that can't be used is a BadProfile, never an empty profile:
nothing is restored for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from parley_tuner.kernel import GOVERNOR

MOST_BYTES = 1_048_576
"""As much as a ConfigMap may hold."""

MOST_SYSCTLS = 256
LONGEST_VALUE = 1024
OWNER = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
"""A name of Kubernetes: it is a file's name in the journal, too."""

SYSCTL = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")

GOVERNOR_NAME = re.compile(r"[a-z_]{0,15}")


class BadProfile(ValueError):
    """The file is none: what was seen, and what to write."""


@dataclass(frozen=True, slots=True)
class Profile:
    """`digest` is the operator's name for this content. Nothing in `sysctls` and no `governor`: all is restored."""

    digest: str
    owner: str
    sysctls: Mapping[str, str] = field(default_factory=dict)
    governor: str = ""

    @property
    def empty(self) -> bool:
        return not self.sysctls and not self.governor


def read(file: Path, node: str) -> Profile:
    """As it is for this node. Raises BadProfile."""
    try:
        with file.open("rb") as opened:
            content = opened.read(MOST_BYTES + 1)
    except OSError as error:
        raise BadProfile(f"the profile can't be read: {error.strerror}") from error
    if len(content) > MOST_BYTES:
        raise BadProfile(f"the profile is longer than {MOST_BYTES} bytes")
    return parse(content, node)


def parse(content: bytes, node: str) -> Profile:
    """Raises BadProfile."""
    try:
        found = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise BadProfile("the profile is no JSON") from error
    if not isinstance(found, dict):
        raise BadProfile("the profile is no JSON object")
    owner, digest = _text(found, "owner"), _text(found, "profile")
    if not OWNER.fullmatch(owner):
        raise BadProfile(f"owner {owner[:40]!r}: write the NodeTuning's name")
    if not 1 <= len(digest) <= 64:
        raise BadProfile("profile: write 1 to 64 characters")
    leaving = found.get("leaving", [])
    if not isinstance(leaving, list):
        raise BadProfile("leaving: write a list of nodes' names")
    if node in leaving:
        return Profile(digest, owner)
    sysctls = _texts(found, "sysctls")
    if len(sysctls) > MOST_SYSCTLS:
        raise BadProfile(f"{len(sysctls)} sysctls: write {MOST_SYSCTLS} at most")
    for name, value in sysctls.items():
        _check(name, value)
    governor = found.get("governor", "")
    if not isinstance(governor, str) or not GOVERNOR_NAME.fullmatch(governor):
        raise BadProfile("governor: write a governor's name, such as performance, or nothing")
    return Profile(digest, owner, sysctls, governor)


def _text(found: Mapping[str, Any], name: str) -> str:
    value = found.get(name)
    if not isinstance(value, str):
        raise BadProfile(f"{name}: write a text")
    return value


def _texts(found: Mapping[str, Any], name: str) -> dict[str, str]:
    values = found.get(name, {})
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise BadProfile(f"{name}: write names and texts")
    return values


def _check(name: str, value: str) -> None:
    if not SYSCTL.fullmatch(name) or name.startswith(f"{GOVERNOR}."):
        raise BadProfile(f"{name[:80]!r} is no sysctl's name: write one such as net.core.rmem_max")
    if not value.strip() or len(value) > LONGEST_VALUE or not value.replace("\t", " ").isprintable():
        raise BadProfile(f"{name}: write a value of 1 to {LONGEST_VALUE} characters, in one line")
