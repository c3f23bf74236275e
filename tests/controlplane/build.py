"""Owns the programs of a control plane: built by Go from modules whose every byte is in go.sum, once per machine.

What is built is named by its `tool` lines in go/*/go.mod. The cache's key is all that it depends on: go.mod, go.sum,
the flags, the system.
"""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.controlplane import toolchain, versions
from tests.controlplane.cache import made_once
from tests.controlplane.errors import NoControlPlane
from tests.controlplane.versions import Module

KUBERNETES = {
    "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
    "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
    "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
    "kubectl": "k8s.io/kubernetes/cmd/kubectl",
    "etcd": "go.etcd.io/etcd/server/v3",
}
KWOK = {"kwok": "sigs.k8s.io/kwok/cmd/kwok"}
"""Name of the program -> its package."""

FLAGS = ("-trimpath", "-buildvcs=false", "-mod=readonly")


@dataclass
class Times:
    """Seconds of each part, said as they are known."""

    aloud: bool = True
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def of(self, part: str) -> Iterator[None]:
        start = time.monotonic()
        yield
        self.seconds[part] = time.monotonic() - start
        if self.aloud:
            print(f"  {part:<44} {self.seconds[part]:7.1f} s", file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Programs:
    """Where they lie."""

    kubernetes: Path
    kwok: Path

    def __getitem__(self, name: str) -> Path:
        return (self.kwok if name in KWOK else self.kubernetes) / name


def programs(minor: str | None = None, times: Times | None = None) -> Programs:
    """All that a control plane of this version is made of; built where it is not yet."""
    minor, times = minor or versions.chosen(), times or Times(aloud=False)
    kubernetes = versions.kubernetes(minor)
    return Programs(
        _built(kubernetes, KUBERNETES, _stamp(kubernetes.version_of("k8s.io/kubernetes")), times),
        _built(versions.kwok(), KWOK, "", times),
    )


def key(module: Module, packages: dict[str, str], stamp: str) -> str:
    """Name of the entry in the cache."""
    parts = [(module.folder / "go.mod").read_bytes(), (module.folder / "go.sum").read_bytes()]
    parts += [text.encode() for text in (*FLAGS, stamp, *packages.values(), sys.platform, platform.machine())]
    lengths = b"".join(b"%d:" % len(part) + part for part in parts)
    return f"{module.name}-{hashlib.sha256(lengths).hexdigest()[:16]}"


def _built(module: Module, packages: dict[str, str], stamp: str, times: Times) -> Path:
    def make(folder: Path) -> None:
        with times.of(f"Go {'.'.join(map(str, module.go))} or newer"):
            go = toolchain.go(module.go)
        with times.of(f"{module.name}: modules"):
            run([go, "mod", "download"], module, "could not be downloaded")
        with times.of(f"{module.name}: {', '.join(packages)}"):
            out = ["-ldflags", f"-s -w {stamp}".strip(), "-o", f"{folder}/"]
            run([go, "build", *FLAGS, *out, *packages.values()], module, "could not be built")
        if "etcd" in packages:
            (folder / "server").rename(folder / "etcd")  # Go names it by its path

    return made_once(key(module, packages, stamp), make)


def _stamp(version: str) -> str:
    """The linker's flags by which Kubernetes knows what version it is, as its own build does it."""
    major, minor, _ = version.removeprefix("v").split(".", 2)
    said = {"gitVersion": version, "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(f"-X {package}.{name}={value}" for package in packages for name, value in said.items())


def run(command: list[str | Path], module: Module, failed: str) -> None:
    """One command of Go's in a module's folder; NoControlPlane says what `failed`, and Go's last line why."""
    ran = subprocess.run(
        command, cwd=module.folder, env=toolchain.environment(), capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        why = (ran.stderr.strip() or f"exit status {ran.returncode}").splitlines()[-1]
        raise NoControlPlane(f"the Go modules of {module.name} {failed}: {why}")
