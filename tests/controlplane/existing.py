"""Owns tests against a cluster that is there already, such as kind's: PARLEY_KUBECONFIG names its administrator's file.

Its API server is never paused or stopped. Who wrote is known where PARLEY_AUDIT_LOG names its audit log, written by
audit.py's policy (`python -m tests.controlplane policy` prints it). kubectl is the one on PATH.
"""

from __future__ import annotations

import base64
import os
import secrets
import shutil
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.controlplane import certificates, kubeconfig
from tests.controlplane.audit import AuditLog
from tests.controlplane.certificates import Pair
from tests.controlplane.errors import NoControlPlane
from tests.controlplane.kubectl import Kubectl

SIGNED_SECS = 10.0


def named() -> Path | None:
    """The kubeconfig that the environment names."""
    path = os.environ.get("PARLEY_KUBECONFIG")
    return Path(path) if path else None


class ExistingCluster:
    """What tests may do with it."""

    def __init__(self, administrator: Path) -> None:
        program = shutil.which("kubectl")
        if program is None:
            raise NoControlPlane("PARLEY_KUBECONFIG is set, and there is no kubectl on PATH")
        if not administrator.is_file():
            raise NoControlPlane(f"PARLEY_KUBECONFIG={administrator}: there is no such file")
        self._program = Path(program)
        self.kubeconfig = administrator.resolve()

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="parley-cluster-"))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        shutil.rmtree(self.folder)

    @property
    def kubectl(self) -> Kubectl:
        return Kubectl(self._program, self.kubeconfig, self.folder / "kubectl-cache")

    @property
    def url(self) -> str:
        return kubeconfig.server_and_authority(self._flat())[0]

    @property
    def audit(self) -> AuditLog | None:
        """None where nobody says where it is."""
        path = os.environ.get("PARLEY_AUDIT_LOG")
        return AuditLog(Path(path)) if path else None

    def user(self, name: str, *groups: str) -> Path:
        """A kubeconfig of somebody who may do what RBAC grants them, signed by the cluster itself."""
        key = certificates.new_key()
        wanted = base64.b64encode(certificates.request(name, groups, key)).decode()
        request = f"parley-tests-{secrets.token_hex(4)}"
        self.kubectl.apply(signing_request(request, wanted))
        try:
            self.kubectl("certificate", "approve", request)
            signed = self._signed(request)
        finally:
            self.kubectl("delete", "csr", request)
        server, authority = kubeconfig.server_and_authority(self._flat())
        path = self.folder / f"{request}.kubeconfig"
        return kubeconfig.written(path, server, authority, Pair(signed, certificates.private_pem(key)))

    def _signed(self, request: str) -> bytes:
        deadline = time.monotonic() + SIGNED_SECS
        while not (found := self.kubectl.json("get", "csr", request)["status"].get("certificate")):
            if time.monotonic() > deadline:
                raise NoControlPlane(
                    f"the cluster did not sign a client's certificate in {SIGNED_SECS:.0f} s"
                )
            time.sleep(0.1)
        return base64.b64decode(found)

    def _flat(self) -> Any:
        return self.kubectl.json("config", "view", "--raw", "--flatten", "--minify")


def signing_request(name: str, wanted: str) -> dict[str, object]:
    return {
        "apiVersion": "certificates.k8s.io/v1",
        "kind": "CertificateSigningRequest",
        "metadata": {"name": name},
        "spec": {
            "request": wanted,
            "signerName": "kubernetes.io/kube-apiserver-client",
            "expirationSeconds": 86_400,
            "usages": ["client auth"],
        },
    }
