"""Owns how the cluster is asked: by the caller's own `kubectl`, so that kubeconfig, context and login are theirs.

Only `kubectl get` is ever run. What it says on standard error becomes a typed error whose text names what to do.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from parley_api.kind import GROUP
from parley_api.kinds import VOICE_AGENT
from parley_cli.check import FAILED, WRONG
from parley_cli.cluster.words import plain

KIND = VOICE_AGENT.crd

_MOST_TOLD = 600
"""Characters of kubectl's own words that an error repeats."""


class NotAnswered(Exception):
    """The cluster did not answer what was asked: `str()` says why and what to do; `exit_code` whose fault it is."""

    exit_code = FAILED


class NoKubectl(NotAnswered):
    def __str__(self) -> str:
        return (
            "saw no kubectl on the PATH; install it (https://kubernetes.io/docs/tasks/tools), then try again"
        )


@dataclass(eq=False)  # an exception is itself, and hashable
class _Told(NotAnswered):
    """With the words of kubectl itself."""

    said: str

    def __str__(self) -> str:
        return self.said


class NoKind(_Told):
    kind = VOICE_AGENT.name

    def __str__(self) -> str:
        return (
            f"this cluster knows no {self.kind}; install Parley as docs/install.md says, "
            "or choose another cluster with --context"
        )


class NoSuchObject(_Told):
    exit_code = WRONG

    def __str__(self) -> str:
        plural = self.said.partition(f".{GROUP}")[0]
        of = "" if plural in ("", VOICE_AGENT.plural) else f" {plural}"
        return f"{self.said}; `kubectl parley status{of} --all-namespaces` lists all that there are"


class Refused(_Told):
    def __str__(self) -> str:
        return f"{self.said}; ask for the ClusterRole parley-view, or choose a namespace with --namespace"


class Unreachable(_Told):
    def __str__(self) -> str:
        return f"{self.said}; see whether `kubectl version` reaches the cluster"


class Failed(_Told):
    """Whatever else kubectl says: its words are all there is."""


@dataclass(frozen=True, slots=True)
class Kubectl:
    """`flags` are the caller's own, such as --context; they go before whatever is asked."""

    flags: tuple[str, ...] = ()
    program: str = "kubectl"

    def get(self, *what: str) -> dict[str, Any]:
        """One object, or a list of them, as the API server has it; raises NotAnswered."""
        return self._json("get", *what, "--output", "json")

    def raw(self, path: str) -> dict[str, Any]:
        """What the API server answers at a path; raises NotAnswered."""
        return self._json("get", "--raw", path)

    def _json(self, *arguments: str) -> dict[str, Any]:
        out = self._run([*self.flags, *arguments])
        try:
            found = json.loads(out)
        except ValueError:
            raise Failed(f"kubectl answered no JSON: {_short(out)!r}") from None
        if not isinstance(found, dict):
            raise Failed(f"kubectl answered no object: {_short(out)!r}")
        return found

    def _run(self, arguments: Sequence[str]) -> str:
        program = shutil.which(self.program)
        if program is None:
            raise NoKubectl
        try:
            ran = subprocess.run(
                [program, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False
            )
        except OSError as broken:
            raise Failed(f"kubectl could not be started: {broken.strerror}") from None
        if ran.returncode != 0:
            raise meaning(ran.stderr.decode(errors="replace"))
        return ran.stdout.decode(errors="replace")


def meaning(stderr: str) -> NotAnswered:
    """What kubectl's words mean, by the phrases that it has used since 1.20 or before."""
    lines = [line for line in stderr.splitlines() if line.strip()]
    # client-go logs its own tries first ("E1130 10:11:12.000000 ..."): the last line is kubectl's verdict.
    said = _short(plain(lines[-1])) if lines else "kubectl failed and said nothing"
    said = said.removeprefix("error: ").removeprefix("Error from server (NotFound): ")
    if "doesn't have a resource type" in said or "could not find the requested resource" in said:
        return NoKind(said)
    if f'.{GROUP} "' in said and said.endswith("not found"):
        return NoSuchObject(said)
    if "(Forbidden)" in said or "(Unauthorized)" in said:
        return Refused(said)
    if "Unable to connect to the server" in said or "connection to the server" in said:
        return Unreachable(said)
    return Failed(said)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_TOLD else f"{text[:_MOST_TOLD]}..."
