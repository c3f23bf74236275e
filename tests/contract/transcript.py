"""Owns a page that is a transcript: its `console` blocks, `$ command` and what it prints, typed and compared.

python -m tests.contract.transcript      remakes docs/kubectl.md at a control plane of its own
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.contract.answering_pods import PODS, AnsweringPods
from tests.contract.operator_process import GROUPS, USER, OperatorProcess
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Kubectl
from tests.server import ROOT

PAGE = ROOT / "docs" / "kubectl.md"
NAMESPACE = "front-desk"

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NEVER_ALIKE = (
    (re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"/tmp/(LIVE|MERGED)-\d+/"), r"/tmp/\1/"),
    (re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"), "UID"),
    (re.compile(r"(?<=\s)(\d+[smh])+(?=\s|$)"), "AGE"),
    (re.compile(r"(resourceVersion|Resource Version|generation|Generation): +\"?\d+\"?"), r"\1: N"),
    (re.compile(r"(?m) deleted from \S+ namespace$"), " deleted"),  # kubectl 1.33 does not say where
    (re.compile(r"(?m)^(---|\+\+\+) .*$"), r"\1 FILE"),
    (re.compile(r"[ \t]+"), " "),
)


def remade(page: str, typed: Callable[[str], str]) -> str:
    """The page with what each command prints now."""

    def block(found: re.Match[str]) -> str:
        out = []
        for line in found[1].splitlines():
            if line.startswith("$ "):
                out += [line, *typed(line[2:]).rstrip("\n").splitlines()]
        return "\n".join(["```console", *out, "```"])

    return _BLOCK.sub(block, page)


def commands(page: str) -> list[str]:
    return [
        line[2:] for block in _BLOCK.findall(page) for line in block.splitlines() if line.startswith("$ ")
    ]


def alike(text: str) -> list[str]:
    """Its lines without what no two runs have alike. Events are left out: which come is by chance."""
    text = re.sub(r"^Events:.*?(?=^```$)", "", text, flags=re.MULTILINE | re.DOTALL)
    for pattern, instead in _NEVER_ALIKE:
        text = pattern.sub(instead, text)
    return [line.rstrip() for line in text.splitlines()]


@contextmanager
def typist(folder: Path) -> Iterator[Callable[[str], str]]:
    """Types a command as somebody would whose namespace it is, on a cluster of its own with the operator at work."""
    with ControlPlane(kwok=True, pods=PODS) as plane:
        plane.add_nodes(
            2,
            labels={"node-type": "low-latency"},
            taints=[{"key": "dedicated", "value": "voice-ai", "effect": "NoSchedule"}],
        )
        with _typist_at(plane, folder) as typed:
            yield typed


@contextmanager
def _typist_at(plane: ControlPlane, folder: Path) -> Iterator[Callable[[str], str]]:
    plane.kubectl("apply", "--server-side", f"--filename={ROOT / 'crds' / 'voiceagent.yaml'}")
    plane.kubectl.established()
    plane.kubectl("create", "namespace", NAMESPACE)
    plane.kubectl.inside("parley-system")(
        "apply", "--server-side", "--force-conflicts", f"--kustomize={ROOT / 'manifests' / 'base'}"
    )
    kubeconfig = plane.user(USER, *GROUPS)
    (folder / "examples").symlink_to(ROOT / "examples")
    settings = {"POLL_SECONDS": "1", "DATAPLANE_IMAGE": "registry.example.com/team/parley:0.1.0"}
    with AnsweringPods(plane.kubectl), OperatorProcess(kubeconfig, folder / "operator.log", settings):

        def typed(command: str) -> str:
            # Not before: there has to be something to wait for.
            meanwhile = plane.collects_new_kinds if "wait --for=delete" in command else None
            return _typed(plane.kubectl, folder, command, meanwhile)

        yield typed


def _typed(kubectl: Kubectl, folder: Path, command: str, meanwhile: Callable[[], None] | None) -> str:
    programs = folder / "bin"
    programs.mkdir(exist_ok=True)
    if not (programs / "kubectl").exists():
        (programs / "kubectl").write_text(
            f'#!/bin/sh\nexec "{kubectl.program}" --namespace={NAMESPACE} "$@"\n'
        )
        (programs / "kubectl").chmod(0o755)
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "KUBECONFIG": str(kubectl.kubeconfig),
        "KUBECACHEDIR": str(kubectl.cache),
        "KUBECTL_KUBERC": "false",
    }
    with subprocess.Popen(
        ["bash", "-c", command],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as running:
        try:
            if meanwhile is not None:
                meanwhile()
            return running.communicate(timeout=120)[0]
        except BaseException:
            with suppress(ProcessLookupError):  # it has ended
                os.killpg(running.pid, signal.SIGKILL)  # bash, and what it began
            raise


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, typist(Path(folder)) as typed:
        PAGE.write_text(remade(PAGE.read_text(), typed))
    sys.stdout.write(f"{PAGE.relative_to(ROOT)} is remade\n")


if __name__ == "__main__":
    main()
