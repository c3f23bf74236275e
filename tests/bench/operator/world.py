"""What an operator runs in here: a control plane, kwok's nodes, a process that answers for all pods, the operator.

The pods' addresses are this machine's own while the bench runs: a route of the whole range to the loopback (AnyIP),
which needs root and goes with the bench.
"""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench import machine
from tests.controlplane.control_plane import ControlPlane
from tests.server import ROOT

ADDRESSES = "10.66.0.0/16"
NODES, PODS_A_NODE = 40, 500
USER = "parley-operator"
ORDINARY = "ordinary-operator"


@contextlib.contextmanager
def local_addresses(addresses: str = ADDRESSES) -> Iterator[None]:
    """Each of them is this machine's."""
    route = ["local", addresses, "dev", "lo"]
    subprocess.run(["ip", "route", "add", *route], check=True)
    try:
        yield
    finally:
        subprocess.run(["ip", "route", "del", *route], check=True)


@contextlib.contextmanager
def control_plane() -> Iterator[ControlPlane]:
    """With nodes that take an agent's pods."""
    with ControlPlane(kwok=True, pods=ADDRESSES.replace(".0/16", ".1/16")) as plane:
        plane.kubectl("apply", "--server-side", "--kustomize", str(ROOT / "crds"))
        plane.kubectl.established()
        for namespace in ("parley-system", "parley-nodes"):
            plane.kubectl("create", "namespace", namespace)
        plane.add_nodes(
            NODES,
            labels={"node-type": "low-latency"},
            taints=[{"key": "dedicated", "value": "voice-ai", "effect": "NoSchedule"}],
            cpus=PODS_A_NODE,
            pods=PODS_A_NODE,
        )
        yield plane


@dataclass
class Program:
    """A process of ours, with its log beside it."""

    process: subprocess.Popen[bytes]
    log: Path

    def end(self, secs: float = 30.0) -> None:
        """As Kubernetes ends a pod."""
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(secs)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def mib(self) -> float:
        return machine.resident_bytes([self.process.pid]) / 2**20


@contextlib.contextmanager
def program(
    plane: ControlPlane,
    name: str,
    words: Sequence[str],
    kubeconfig: Path,
    more: Mapping[str, str] | None = None,
) -> Iterator[Program]:
    log = plane.folder / f"{name}.log"
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig), "PYTHONPATH": _path(), **(more or {})}
    with log.open("ab") as out:
        process = subprocess.Popen(
            [sys.executable, *words], env=environment, stdout=out, stderr=out, cwd=ROOT
        )
    running = Program(process, log)
    try:
        yield running
    finally:
        if process.poll() is None:
            running.end()


def stand_in(plane: ControlPlane) -> contextlib.AbstractContextManager[Program]:
    return program(plane, "stand-in", ["-m", "tests.bench.operator.stand_in"], plane.kubeconfig)


class Operator:
    """Ours, as a Deployment runs it, told where to answer."""

    def __init__(
        self,
        plane: ControlPlane,
        port: int,
        *,
        user: str = USER,
        kubeconfig: Path | None = None,
        **environment: str,
    ) -> None:
        self._plane, self._port = plane, port
        self._kubeconfig = kubeconfig or plane.user(user, "system:masters")
        self._environment = {"PROBE_PORT": str(port), "LOG_LEVEL": "warning", **environment}

    def run(self) -> contextlib.AbstractContextManager[Program]:
        return program(
            self._plane, "operator", ["-m", "parley_operator"], self._kubeconfig, self._environment
        )

    def metrics(self) -> dict[str, float]:
        """Name, with its labels, -> value. {} while it does not answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=10)
        try:
            connection.request("GET", "/metrics")
            text = connection.getresponse().read().decode()
        except OSError:
            return {}
        finally:
            connection.close()
        pairs = (line.rpartition(" ") for line in text.splitlines() if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in pairs}

    def total(self, name: str) -> float:
        """The sum over all labels."""
        return sum(value for key, value in self.metrics().items() if key.partition("{")[0] == name)

    async def until_quiet(self, reconciled: float, secs: float) -> float:
        """Seconds until so many were reconciled and nothing waits; TimeoutError."""
        began = time.monotonic()
        while time.monotonic() - began < secs:
            metrics = await asyncio.to_thread(self.metrics)
            done = sum(
                v for k, v in metrics.items() if k.partition("{")[0] == "parley_operator_reconciles_total"
            )
            if metrics and done >= reconciled and metrics.get("parley_operator_queue_depth", 1.0) == 0:
                return time.monotonic() - began
            await asyncio.sleep(0.25)
        raise TimeoutError(f"not quiet within {secs:.0f} s")


@contextlib.contextmanager
def ordinary(plane: ControlPlane) -> Iterator[Program]:
    """The operator that ours is compared with."""
    words = ["-m", "kopf", "run", "--all-namespaces", "--quiet", str(Path(__file__).with_name("ordinary.py"))]
    with program(plane, "ordinary", words, plane.user(ORDINARY, "system:masters")) as running:
        yield running


def _path() -> str:
    return os.pathsep.join(
        str(ROOT / part) for part in ("crds", "dataplane", "cli", "operator", "sysctl", ".")
    )
