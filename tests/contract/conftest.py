"""Owns the cluster of a test run: one control plane for all, a namespace for each test, and who did what in it.

A file whose tests have an operator has a control plane of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from parley_api.kind import Kind
from parley_api.kinds import KINDS, VOICE_AGENT
from tests.contract.namespaces import Namespaces
from tests.contract.operator_process import GROUPS, USER, install
from tests.contract.replica import QUICK, Replica
from tests.controlplane.audit import AuditLog
from tests.controlplane.build import Times
from tests.controlplane.cluster import Cluster, opened
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.errors import NoControlPlane
from tests.controlplane.kubectl import Kubectl
from tests.server import ROOT

pytest.register_assert_rewrite("tests.contract.whole_life")  # its assertions are the tests'

NODES = 3
TIMES = pytest.StashKey[Times]()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """How long the control plane took to start."""
    if TIMES in config.stash:
        terminalreporter.section("control plane")
        for part, secs in config.stash[TIMES].seconds.items():
            terminalreporter.write_line(f"{part:<64} {secs:6.1f} s")


@pytest.fixture(scope="session")
def cluster(pytestconfig: pytest.Config) -> Iterator[Cluster]:
    """One of our own with three fake nodes, or the one that PARLEY_KUBECONFIG names."""
    times = pytestconfig.stash[TIMES] = Times(aloud=False)
    try:
        with opened(NODES, times) as found:
            yield found
    except NoControlPlane as error:
        pytest.fail(f"no control plane: {error}", pytrace=False)


@pytest.fixture(scope="session")
def control_plane(cluster: Cluster) -> ControlPlane:
    """One of our own: its API server may be paused and stopped."""
    if not isinstance(cluster, ControlPlane):
        pytest.skip("needs a control plane of its own: PARLEY_KUBECONFIG is set")
    return cluster


@pytest.fixture(scope="session")
def kind(cluster: Cluster) -> str:
    """The name of VoiceAgent's CRD, as it is in crds/, established."""
    return _established(cluster, VOICE_AGENT)


@pytest.fixture(scope="session")
def kinds(cluster: Cluster, kind: str) -> list[Kind]:
    """All kinds, each with its CRD as it is in crds/, established."""
    others = [other for other in KINDS.values() if other is not VOICE_AGENT]
    for other in others:
        _established(cluster, other)
    return [VOICE_AGENT, *others]


def _established(cluster: Cluster, kind: Kind) -> str:
    file = ROOT / f"crds/{kind.singular}.yaml"
    cluster.kubectl("apply", "--server-side", "--force-conflicts", f"--filename={file}")
    cluster.kubectl.established(kind.crd)
    return f"crd/{kind.crd}"


@pytest.fixture(scope="session")
def namespaces(cluster: Cluster) -> Iterator[Namespaces]:
    """Deleted at the end where they do not end with the cluster."""
    found = Namespaces(cluster.kubectl)
    yield found
    if not isinstance(cluster, ControlPlane):
        found.delete()


@pytest.fixture
def namespace(namespaces: Namespaces) -> str:
    """A new one, in which a pod may be made."""
    return namespaces.new()


@pytest.fixture
def kubectl(cluster: Cluster, namespace: str) -> Kubectl:
    """The administrator's, in the test's namespace."""
    return cluster.kubectl.inside(namespace)


@pytest.fixture
def audit(cluster: Cluster) -> AuditLog:
    """What was asked of the API server since the test began."""
    if cluster.audit is None:
        pytest.skip("needs the cluster's audit log: PARLEY_AUDIT_LOG=FILE")
    return cluster.audit.from_now()


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    """The file's own, for an operator beside it; some files have another in its place."""
    with ControlPlane(kwok=True) as plane:
        plane.add_nodes(2)
        install(plane)
        plane.kubectl.established()
        plane.collects_new_kinds()
        yield plane


@pytest.fixture(scope="module")
def account(plane: ControlPlane) -> Path:
    """A kubeconfig of the operator's user."""
    return plane.user(USER, *GROUPS)


@pytest.fixture(scope="module")
def operator(account: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Replica]:
    with Replica(account, tmp_path_factory.mktemp("operator") / "operator.log", QUICK) as operator:
        yield operator
