"""Owns how go/kubernetes-MINOR is made: `python -m tests.controlplane pin 1.34.4` writes its go.mod and go.sum anew.

Kubernetes's own go.mod replaces its staging modules by folders of its repository. Published, each of them is a module
of its own (v1.34.4 has v0.34.4), and it is these that ours names. etcd is the one that this Kubernetes is built with.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

from tests.controlplane import build, toolchain
from tests.controlplane.errors import NoControlPlane
from tests.controlplane.versions import MODULES, Module

LEAST = (1, 24)
"""The Go that reads `tool` lines."""


def pin(version: str) -> Path:
    """The folder of this Kubernetes, such as 1.34.4."""
    if not re.fullmatch(r"\d+\.\d+\.\d+", version):
        raise NoControlPlane(f"{version}: write all three numbers, such as 1.34.4")
    go = toolchain.go(LEAST)
    folder = MODULES / f"kubernetes-{version.rpartition('.')[0]}"
    folder.mkdir(exist_ok=True)
    (folder / "go.sum").unlink(missing_ok=True)
    (folder / "go.mod").write_text("module parley.dev/tests/controlplane\n")
    asked = [str(go), "mod", "download", "-json", f"k8s.io/kubernetes@v{version}"]
    told = subprocess.run(asked, cwd=folder, env=toolchain.environment(), capture_output=True, check=False)
    found = json.loads(told.stdout)
    if "GoMod" not in found:
        raise NoControlPlane(f"k8s.io/kubernetes v{version} could not be had: {found.get('Error')}")
    (folder / "go.mod").write_text(go_mod(version, Path(found["GoMod"]).read_text()))
    build.run([go, "mod", "tidy"], Module(folder), "could not be tidied")
    return folder


def go_mod(version: str, upstream: str) -> str:
    """Ours, by Kubernetes's own; `go mod tidy` adds what all of it needs."""
    staging = sorted(set(re.findall(r"^\s*(k8s\.io/[a-z0-9-]+)\s+v0\.0\.0$", upstream, re.MULTILINE)))
    published = "v0" + version.removeprefix("1")
    etcd = _only(r"^\s*go\.etcd\.io/etcd/client/v3 (\S+)", upstream)
    return "\n".join(
        [
            f"// Written by `python -m tests.controlplane pin {version}`.",
            "module parley.dev/tests/controlplane",
            "",
            "go " + _only(r"^go (\S+)$", upstream),
            "",
            *re.findall(r"^godebug \S+$", upstream, re.MULTILINE),
            "",
            *("tool (", *(f"\t{package}" for package in sorted(build.KUBERNETES.values())), ")"),
            "",
            *("require (", f"\tgo.etcd.io/etcd/server/v3 {etcd}", f"\tk8s.io/kubernetes v{version}", ")"),
            "",
            *("replace (", *(f"\t{path} => {path} {published}" for path in staging), ")"),
            "",
        ]
    )


def _only(pattern: str, text: str) -> str:
    found = re.search(pattern, text, re.MULTILINE)
    assert found is not None, f"Kubernetes's go.mod has no {pattern}"
    return found[1]
