"""Owns how the commands of a page are typed: each fenced `sh` block by itself, at the root of a copy of the checkout.

docker and kind are stand-ins that only look whether the files that they are given exist: no test has an engine.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.controlplane.kubectl import Kubectl
from tests.server import ROOT

SECS = 150.0

ENGINE = """#!/bin/sh
while [ $# -gt 0 ]; do
    case "$1" in
    --file | --config) [ -e "$2" ] || { echo "there is no $2" >&2; exit 1; } ;;
    esac
    shift
done
"""


@dataclass(frozen=True)
class Block:
    page: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"docs/{self.page}:{self.line}"


def blocks(page: str) -> Iterator[Block]:
    """Those of a page in docs/, in order."""
    text = (ROOT / "docs" / page).read_text()
    for found in re.finditer(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL):
        yield Block(page, text.count("\n", 0, found.start()) + 1, found[1])


class Typist:
    """Somebody with kubectl and a checkout, who is administrator of a cluster. `NODE` is one of its nodes."""

    def __init__(self, kubectl: Kubectl, folder: Path, node: str) -> None:
        self._home = folder / "checkout"
        self._home.mkdir()
        for name in (
            "Makefile",
            "CHANGELOG.md",
            "crds",
            "operator",
            "dataplane",
            "cli",
            "examples",
            "manifests",
            "sysctl",
        ):
            (self._home / name).symlink_to(ROOT / name)
        programs = folder / "bin"
        programs.mkdir()
        for name in ("docker", "kind"):
            _script(programs / name, ENGINE)
        (programs / "kubectl").symlink_to(kubectl.program)
        _script(
            programs / "kubectl-parley", f'#!/bin/sh\nexec "{sys.executable}" -m parley_cli.cluster "$@"\n'
        )
        self._venv(self._home / ".venv")
        self._environment = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "KUBECONFIG": str(kubectl.kubeconfig),
            "KUBECACHEDIR": str(kubectl.cache),
            "KUBECTL_KUBERC": "false",
            "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
            "NODE": node,
        }

    def type(self, block: Block, *, exits: int = 0) -> str:
        """What is printed."""
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", block.text],
            cwd=self._home,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=SECS,
            check=False,
        )
        assert ran.returncode == exits, f"{block} ended with {ran.returncode}:\n{ran.stdout}{ran.stderr}"
        return ran.stdout + ran.stderr

    def _venv(self, folder: Path) -> None:
        """As `make run` leaves it, so that make has nothing to set up."""
        (folder / "bin").mkdir(parents=True)
        _script(folder / "bin/python", f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
        (self._home / "requirements.lock").write_text("")
        (folder / "run.stamp").touch()


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
