"""Owns a pod's container as a process of this machine: its own command line and environment, and no other.

Kubernetes' part is done here as Kubernetes does it: $(NAME) in arguments, and a folder at each mount; as there is no
root of its own, a path that begins with a mount is one in the test's folder instead.
"""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAMS = "/usr/local/bin:/usr/bin:/bin"


def expanded(argument: str, environment: Mapping[str, str]) -> str:
    """As the kubelet does it (k8s.io/kubernetes/third_party/forked/golang/expansion)."""

    def one(found: re.Match[str]) -> str:
        return "$" if found[0] == "$$" else environment.get(found[1], found[0])

    return re.sub(r"\$\$|\$\(([^)]*)\)", one, argument)


def environment_of(container: Mapping[str, Any], folder: Path) -> dict[str, str]:
    """What it says; where that is a mounted folder, the one in `folder`."""
    mounts = [mount["mountPath"] for mount in container["volumeMounts"] if mount["mountPath"] != "/dev/shm"]
    found = {one["name"]: one["value"] for one in container["env"]}
    for name, value in found.items():
        for mount in mounts:
            if value == mount or value.startswith(f"{mount}/"):
                found[name] = f"{folder}{value}"
    for mount in mounts:
        (folder / mount.strip("/")).mkdir(parents=True, exist_ok=True)
    return found


@contextmanager
def started(
    container: Mapping[str, Any], folder: Path, programs: Path, log: Path
) -> Iterator[subprocess.Popen[bytes]]:
    """Killed in the end, if it has not ended by itself."""
    environment = environment_of(container, folder)
    command = [expanded(one, environment) for one in (*container["command"], *container["args"])]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(programs / command[0]), *command[1:]],
            env={**environment, "PATH": f"{programs}:{PROGRAMS}"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.terminate()
                try:
                    process.wait(60)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
