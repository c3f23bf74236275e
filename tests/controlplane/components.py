"""Owns the command lines of a control plane's parts: names and paths in, words out.

What is not said here is Kubernetes's default, admission and Pod Security among it. Said is what a test needs (all on
127.0.0.1, no fsync, an audit log, no leader election among one), and limits that would make a test wait for the parts
rather than for what it tests.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

Command = list[str | Path]

SERVICES = "10.96.0.0/12"
QPS, BURST = 1000, 2000
"""Of the controller manager and the scheduler: 20 and 30 by default, 50 and 100."""

AUDIT_MEGABYTES = 100_000
"""The log is one file, never rotated: readers hold a place in it."""


@dataclass(frozen=True)
class Files:
    """Where all that a control plane reads and writes lies."""

    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "ca.crt"

    @property
    def authority_key(self) -> Path:
        return self.folder / "ca.key"

    @property
    def serving(self) -> Path:
        return self.folder / "serving.crt"

    @property
    def serving_key(self) -> Path:
        return self.folder / "serving.key"

    @property
    def accounts_key(self) -> Path:
        """Signs the tokens of service accounts."""
        return self.folder / "accounts.key"

    @property
    def accounts_public(self) -> Path:
        return self.folder / "accounts.pub"

    @property
    def audit_policy(self) -> Path:
        return self.folder / "audit-policy.yaml"

    @property
    def audit_log(self) -> Path:
        return self.folder / "audit.log"

    @property
    def scheduler(self) -> Path:
        return self.folder / "scheduler.yaml"

    @property
    def etcd_socket(self) -> Path:
        return self.folder / "etcd.sock"

    def kubeconfig(self, name: str) -> Path:
        return self.folder / f"{name}.kubeconfig"


def etcd(program: Path, files: Files) -> Command:
    """On sockets in its own folder: no port, and nobody else may open them."""
    # A peer's URL, and one that is told to others, may only be HOST:PORT: of a socket, a name in the folder it runs in.
    peers = "unix://peers.sock:0"
    return [
        program,
        *("--name", "parley", "--data-dir", files.folder / "etcd"),
        *("--listen-client-urls", f"unix://{files.etcd_socket}"),
        *("--advertise-client-urls", "unix://nobody-asks:0"),
        *("--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers),
        *("--initial-cluster", f"parley={peers}"),
        "--unsafe-no-fsync",  # the data is gone with the test
        *("--quota-backend-bytes", str(8 * 2**30)),  # 2 GiB by default: too little for 10,000 agents' history
        *("--log-level", "warn"),
    ]


def api_server(program: Path, files: Files, port: int) -> Command:
    return [
        program,
        f"--etcd-servers=unix://{files.etcd_socket}",
        *("--bind-address=127.0.0.1", f"--secure-port={port}", "--permit-port-sharing"),
        # A machine without a network has no address to advertise; nobody here asks for the service `kubernetes`.
        *("--advertise-address=127.0.0.1", "--endpoint-reconciler-type=none"),
        f"--tls-cert-file={files.serving}",
        f"--tls-private-key-file={files.serving_key}",
        f"--client-ca-file={files.authority}",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={files.accounts_public}",
        f"--service-account-signing-key-file={files.accounts_key}",
        f"--service-cluster-ip-range={SERVICES}",
        # The second plugin is not on by default, but in OpenShift it is: who names an owner must have the right to.
        "--enable-admission-plugins=NodeRestriction,OwnerReferencesPermissionEnforcement",
        "--authorization-mode=Node,RBAC",
        *("--allow-privileged=true", "--profiling=false"),
        f"--audit-policy-file={files.audit_policy}",
        f"--audit-log-path={files.audit_log}",
        f"--audit-log-maxsize={AUDIT_MEGABYTES}",
    ]


def controller_manager(program: Path, files: Files, port: int) -> Command:
    kubeconfig = files.kubeconfig("kube-controller-manager")
    return [
        program,
        *(f"--kubeconfig={kubeconfig}", f"--authentication-kubeconfig={kubeconfig}"),
        f"--authorization-kubeconfig={kubeconfig}",
        *("--bind-address=127.0.0.1", f"--secure-port={port}", "--permit-port-sharing"),
        f"--tls-cert-file={files.serving}",
        f"--tls-private-key-file={files.serving_key}",
        *(f"--root-ca-file={files.authority}", f"--service-account-private-key-file={files.accounts_key}"),
        f"--cluster-signing-cert-file={files.authority}",
        f"--cluster-signing-key-file={files.authority_key}",
        *("--leader-elect=false", "--use-service-account-credentials=true", "--profiling=false"),
        *(f"--kube-api-qps={QPS}", f"--kube-api-burst={BURST}"),
        # While the API server is away no node's lease is renewed. Marked NotReady for that (50 s by default), a node's
        # pods are marked too, and of these a kubelet would say that they are ready after all: kwok does not.
        "--node-monitor-grace-period=1h",
        f"--flex-volume-plugin-dir={files.folder}/volumes",
    ]


def scheduler(program: Path, files: Files, port: int) -> Command:
    kubeconfig = files.kubeconfig("kube-scheduler")
    return [
        program,
        f"--config={files.scheduler}",
        *(f"--authentication-kubeconfig={kubeconfig}", f"--authorization-kubeconfig={kubeconfig}"),
        *("--bind-address=127.0.0.1", f"--secure-port={port}", "--permit-port-sharing"),
        f"--tls-cert-file={files.serving}",
        f"--tls-private-key-file={files.serving_key}",
    ]


def scheduler_configuration(files: Files) -> dict[str, object]:
    return {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {
            "kubeconfig": str(files.kubeconfig("kube-scheduler")),
            "qps": QPS,
            "burst": BURST,
        },
        "enableProfiling": False,
    }


def kwok(program: Path, files: Files, stages: Path | None, pods: str) -> Command:
    """Stands in for the kubelets of the nodes that are marked as its own; by default a pod is ready at once."""
    return [
        program,
        f"--kubeconfig={files.kubeconfig('kwok')}",
        "--manage-all-nodes=false",
        f"--manage-nodes-with-annotation-selector={KWOK_NODE[0]}={KWOK_NODE[1]}",
        *("--node-lease-duration-seconds=40", "--node-port=0", f"--cidr={pods}"),
        *([f"--config={stages}"] if stages else []),
    ]


KWOK_NODE = ("kwok.x-k8s.io/node", "fake")
