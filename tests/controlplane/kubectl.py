"""Owns how tests call kubectl: as one user, in one namespace, with nothing kept in the home folder."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

Manifest = Mapping[str, Any]


class Refused(Exception):
    """kubectl ended with an error: what it was asked, and what it said."""

    def __init__(self, words: Iterable[str], said: str) -> None:
        super().__init__(f"kubectl {' '.join(words)}: {said}")
        self.said = said


@dataclass(frozen=True)
class Kubectl:
    """`kubectl("get", "pods")` is what it prints; `kubectl.json("get", "pods")` the object."""

    program: Path
    kubeconfig: Path
    cache: Path
    namespace: str = "default"

    def __call__(self, *words: str, stdin: str | None = None, secs: float = 60.0) -> str:
        """What it prints; raises Refused where it ends with an error."""
        ran = self.run(*words, stdin=stdin, secs=secs)
        if ran.returncode != 0:
            raise Refused(words, ran.stderr.strip())
        return ran.stdout

    def run(
        self, *words: str, stdin: str | None = None, secs: float = 60.0
    ) -> subprocess.CompletedProcess[str]:
        """However it ends."""
        command = [str(self.program), f"--cache-dir={self.cache}", f"--namespace={self.namespace}", *words]
        environment = {**os.environ, "KUBECONFIG": str(self.kubeconfig), "KUBECTL_KUBERC": "false"}
        return subprocess.run(
            command, input=stdin, env=environment, capture_output=True, text=True, timeout=secs, check=False
        )

    def json(self, *words: str) -> Any:
        return json.loads(self(*words, "--output=json"))

    def apply(self, *manifests: Manifest, options: Iterable[str] = ()) -> str:
        return self("apply", *options, "--filename=-", stdin=as_list(manifests))

    def established(self, *names: str) -> None:
        """Once these CustomResourceDefinitions, or all, are served. One that is new has no condition at all for a
        moment, and that is an error to kubectl.
        """
        for what in ("jsonpath={.status.conditions}", "condition=Established"):
            self("wait", f"--for={what}", "--timeout=30s", "crd", *(names or ("--all",)))

    def refused(self, *words: str, stdin: str | None = None) -> str:
        """What it says of what it must not do."""
        ran = self.run(*words, stdin=stdin)
        assert ran.returncode != 0, f"kubectl {' '.join(words)} was not refused: {ran.stdout}"
        return ran.stderr

    def inside(self, namespace: str) -> Kubectl:
        return replace(self, namespace=namespace)

    def as_user(self, kubeconfig: Path) -> Kubectl:
        """Another user; kubectl keeps what it knows of the API by server, so that both share it."""
        return replace(self, kubeconfig=kubeconfig)


def as_list(manifests: Iterable[Manifest]) -> str:
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(manifests)})
