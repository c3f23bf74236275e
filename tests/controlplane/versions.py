"""Owns which Kubernetes versions are tested: each is a folder go/kubernetes-MINOR, whose go.mod names the patch.

PARLEY_KUBERNETES chooses one by its minor, such as 1.33, so that a patch changes no setting.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane.errors import NoControlPlane

MODULES = Path(__file__).parent / "go"
SUPPORTED = tuple(
    sorted(
        (folder.name.removeprefix("kubernetes-") for folder in MODULES.glob("kubernetes-*")),
        key=lambda minor: [int(number) for number in minor.split(".")],
    )
)
DEFAULT = "1.34"


@dataclass(frozen=True)
class Module:
    """A Go module of ours: what is built from it stands in its go.mod."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def text(self) -> str:
        return (self.folder / "go.mod").read_text()

    @property
    def go(self) -> tuple[int, ...]:
        """The Go that it needs at least."""
        return _numbers(_found(r"^go (\S+)$", self.text))

    def version_of(self, path: str) -> str:
        """Of a module that it requires, such as v1.34.4."""
        return _found(rf"^(?:require)?\s+{re.escape(path)} (\S+)", self.text)


def chosen() -> str:
    """The minor version that the tests are to have."""
    minor = os.environ.get("PARLEY_KUBERNETES") or DEFAULT
    if minor not in SUPPORTED:
        raise NoControlPlane(f"PARLEY_KUBERNETES={minor}: use one of {', '.join(SUPPORTED)}")
    return minor


def kubernetes(minor: str) -> Module:
    return Module(MODULES / f"kubernetes-{minor}")


def kwok() -> Module:
    return Module(MODULES / "kwok")


def _found(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, f"{pattern} is not in go.mod"
    return found[1]


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))
