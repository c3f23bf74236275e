"""Owns one control plane from its keys to its end: etcd, API server, controller manager, scheduler, on request kwok.

    with ControlPlane(kwok=True) as plane:
        plane.add_nodes(3)
        plane.kubectl("get", "nodes")

All that it has lies in one temporary folder. When it ends, or whoever started it ends in any way, no process and no
file of it is left.
"""

from __future__ import annotations

import http.client
import secrets
import ssl
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

import yaml

from tests.controlplane import build, components, kubeconfig, versions
from tests.controlplane.audit import POLICY, AuditLog
from tests.controlplane.build import Times
from tests.controlplane.certificates import Authority, new_key, private_pem, public_pem
from tests.controlplane.components import Command, Files
from tests.controlplane.errors import NoControlPlane
from tests.controlplane.kubectl import Kubectl, Refused
from tests.controlplane.ports import HeldPort
from tests.controlplane.process import Process

ADMINISTRATOR = ("parley-admin", "system:masters")
ACCOUNTS = {
    "kube-controller-manager": ("system:kube-controller-manager",),
    "kube-scheduler": ("system:kube-scheduler",),
    # As in kwok's own releases, it may do what kubelets may do, for any node.
    "kwok": ("system:kwok", "system:masters"),
}
"""Who each part is at the API server: its user, and its groups."""


class ControlPlane:
    """`start()` and `stop()`, or a `with`."""

    def __init__(
        self,
        *,
        kwok: bool = False,
        stages: Path | None = None,
        pods: str = "10.244.0.1/16",
        minor: str | None = None,
        times: Times | None = None,
    ) -> None:
        """`stages`: kwok's configuration, where pods are not to be ready at once; `pods`: their addresses there."""
        self.minor = minor or versions.chosen()
        self.times = times or Times(aloud=False)
        self._programs = build.programs(self.minor, self.times)
        self._with_kwok, self._stages, self._pods = kwok, stages, pods
        self._processes: dict[str, Process] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._files = Files(Path(tempfile.mkdtemp(prefix="parley-controlplane-")))
        self._sweeper = Sweeper(self._files.folder)
        self._ports = {
            name: HeldPort() for name in ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
        }
        try:
            self._start()
        except BaseException:
            self.stop()
            raise

    def _start(self) -> None:
        self._write_files()
        self._processes = self._parts()
        for names in (
            ["etcd"],
            ["kube-apiserver"],
            [name for name in self._processes if name not in ("etcd", "kube-apiserver")],
        ):
            with self.times.of(f"start of {', '.join(names)}"):
                for name in names:
                    self._processes[name].start()
                for name in names:
                    self._processes[name].wait_until_ready()

    def stop(self) -> None:
        """End all of it, at once: nothing of it is needed any more."""
        for process in reversed(self._processes.values()):
            process.kill()
        for port in self._ports.values():
            port.release()
        self._sweeper.sweep()

    @property
    def folder(self) -> Path:
        """For what belongs to this control plane and ends with it."""
        return self._files.folder

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._ports['kube-apiserver'].number}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self._files.kubeconfig("admin")

    @property
    def kubectl(self) -> Kubectl:
        """The administrator's."""
        return Kubectl(self._programs["kubectl"], self.kubeconfig, self.folder / "kubectl-cache")

    @property
    def audit(self) -> AuditLog:
        return AuditLog(self._files.audit_log)

    @property
    def api_server(self) -> Process:
        """To be paused, killed and started; its address and its data stay."""
        return self._processes["kube-apiserver"]

    def part(self, name: str) -> Process:
        return self._processes[name]

    def user(self, name: str, *groups: str) -> Path:
        """A kubeconfig of somebody who may do what RBAC grants them, and nothing else.

        To RBAC, `system:serviceaccount:NAMESPACE:NAME` is that service account.
        """
        pair = self._authority.user(name, groups)
        path = self._files.kubeconfig(f"user-{secrets.token_hex(4)}")
        return kubeconfig.written(path, self.url, self._authority.pair.certificate, pair)

    def collects_new_kinds(self) -> None:
        """From now on what belongs to an object of a kind that was made since the start goes with it. The garbage
        collector looks for new kinds every 30 s; one that begins anew, at once.
        """
        manager = self.part("kube-controller-manager")
        manager.kill()
        manager.start()
        manager.wait_until_ready()

    @contextmanager
    def api_server_paused(self) -> Iterator[None]:
        """Meanwhile it answers nothing, and connections stay open."""
        self.api_server.pause()
        try:
            yield
        finally:
            self.api_server.resume()

    @contextmanager
    def api_server_gone(self) -> Iterator[None]:
        """Killed: open connections break, new ones are refused. Afterwards it is ready again, with what it stored, and
        Kubernetes' own parts begin anew: left alone they would look for it again after up to a minute.
        """
        self.api_server.kill()
        try:
            yield
        finally:
            self.api_server.start()
            self.api_server.wait_until_ready()
            others = [
                part for name, part in self._processes.items() if name not in ("etcd", "kube-apiserver")
            ]
            for part in others:
                part.kill()
                part.start()
            for part in others:
                part.wait_until_ready()

    def add_nodes(
        self,
        count: int,
        *,
        prefix: str = "node",
        labels: Mapping[str, str] | None = None,
        taints: Sequence[Mapping[str, str]] = (),
        cpus: int = 32,
        pods: int = 110,
    ) -> list[str]:
        """Fake nodes of kwok's, each ready when this returns."""
        names = [f"{prefix}-{number}" for number in range(count)]
        if not names:
            return names
        self.kubectl.apply(*(fake_node(name, labels or {}, taints, cpus, pods) for name in names))
        try:
            self.kubectl(
                "wait", "--for=condition=Ready", "--timeout=50s", *(f"node/{name}" for name in names)
            )
        except Refused as refused:
            lines = self.part("kwok").last_lines()
            raise NoControlPlane(f"{refused}; kwok's last lines:\n{lines}") from refused
        return names

    def _write_files(self) -> None:
        files, self._authority, accounts = self._files, Authority(), new_key()
        serving = self._authority.server("127.0.0.1", names=["localhost", "kubernetes.default.svc"])
        for path, data in {
            files.authority: self._authority.pair.certificate,
            files.authority_key: self._authority.pair.key,
            files.serving: serving.certificate,
            files.serving_key: serving.key,
            files.accounts_key: private_pem(accounts),
            files.accounts_public: public_pem(accounts),
            files.audit_policy: yaml.safe_dump(POLICY).encode(),
            files.scheduler: yaml.safe_dump(components.scheduler_configuration(files)).encode(),
        }.items():
            path.write_bytes(data)
        for name, (user, *groups) in {"admin": ADMINISTRATOR, **ACCOUNTS}.items():
            pair = self._authority.user(user, groups)
            kubeconfig.written(files.kubeconfig(name), self.url, self._authority.pair.certificate, pair)

    def _parts(self) -> dict[str, Process]:
        files, programs = self._files, self._programs
        api = self._ports["kube-apiserver"].number
        manager = self._ports["kube-controller-manager"].number
        scheduler = self._ports["kube-scheduler"].number
        trusted = ssl.create_default_context(cafile=files.authority)
        parts: dict[str, tuple[Command, Callable[[], bool]]] = {
            "etcd": (components.etcd(programs["etcd"], files), files.etcd_socket.exists),
            "kube-apiserver": (
                components.api_server(programs["kube-apiserver"], files, api),
                lambda: answers(api, "/readyz", trusted),
            ),
            "kube-controller-manager": (
                components.controller_manager(programs["kube-controller-manager"], files, manager),
                lambda: answers(manager, "/healthz", trusted),
            ),
            "kube-scheduler": (
                components.scheduler(programs["kube-scheduler"], files, scheduler),
                lambda: answers(scheduler, "/healthz", trusted),
            ),
        }
        if self._with_kwok:
            command = components.kwok(programs["kwok"], files, self._stages, self._pods)
            parts["kwok"] = (command, lambda: True)
        return {name: Process(name, command, files.folder, ready) for name, (command, ready) in parts.items()}


class Sweeper:
    """A process that removes the folder when whoever made it is done, or is gone without having said so."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        # Its standard input ends with us, however we end. What still writes there is killed at that moment too: the
        # second try is for a file that came in between.
        script = 'cat >/dev/null; rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }'
        self._process = subprocess.Popen(
            ["sh", "-c", script, "sh", str(folder)],
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def sweep(self) -> None:
        self._process.communicate()
        assert not self._folder.exists(), f"{self._folder} could not be removed"


def answers(port: int, path: str, trusted: ssl.SSLContext) -> bool:
    """Whether it says that it is well."""
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=2, context=trusted)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def fake_node(
    name: str, labels: Mapping[str, str], taints: Sequence[Mapping[str, str]], cpus: int, pods: int
) -> dict[str, object]:
    key, value = components.KWOK_NODE
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {key: value},
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                **labels,
            },
        },
        "spec": {"taints": [dict(taint) for taint in taints]},
        "status": {
            "capacity": {"cpu": str(cpus), "memory": f"{4 * cpus}Gi", "pods": str(pods)},
            "allocatable": {"cpu": str(cpus), "memory": f"{4 * cpus}Gi", "pods": str(pods)},
        },
    }
