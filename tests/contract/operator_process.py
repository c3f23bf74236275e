"""Owns the operator as a process of a test: as the user that its ServiceAccount is, with that one's rights."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.controlplane.control_plane import ControlPlane
from tests.server import ROOT

NAMESPACE = "parley-system"
USER = f"system:serviceaccount:{NAMESPACE}:parley-operator"
GROUPS = ("system:serviceaccounts", f"system:serviceaccounts:{NAMESPACE}")
"""Who a pod with the ServiceAccount is at the API server."""

READY_SECS, END_SECS = 60.0, 20.0


class OperatorProcess:
    """`with OperatorProcess(kubeconfig, log): ...`; ready when it begins, gone when it ends."""

    def __init__(self, kubeconfig: Path, log: Path, environment: Mapping[str, str] | None = None) -> None:
        self._kubeconfig, self._log, self._more = kubeconfig, log, environment or {}

    def __enter__(self) -> Self:
        self._port = _free_port()
        packages = [str(ROOT / name) for name in ("crds", "operator")]
        environment = {
            **os.environ,
            "KUBECONFIG": str(self._kubeconfig),
            "PYTHONPATH": os.pathsep.join([*packages, *filter(None, sys.path)]),
            "OPERATOR_NAMESPACE": NAMESPACE,
            "PROBE_PORT": str(self._port),
            **self._more,
        }
        with self._log.open("ab") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "parley_operator"], env=environment, stdout=out, stderr=out, cwd=ROOT
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(END_SECS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + READY_SECS
        while not self._is_ready():
            assert self._process.poll() is None, f"the operator ended:\n{self.log[-4000:]}"
            assert time.monotonic() < deadline, f"the operator is not ready:\n{self.log[-4000:]}"
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=2)
        try:
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
        except OSError:
            return False
        finally:
            connection.close()


def install(plane: ControlPlane) -> None:
    """manifests/base, without a pod: the test's own process is the only operator."""
    ours = plane.kubectl.inside(NAMESPACE)
    ours("apply", "--server-side", f"--kustomize={ROOT / 'manifests/base'}")
    ours("scale", "deployment/parley-operator", "--replicas=0")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])
