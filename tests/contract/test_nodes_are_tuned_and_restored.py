"""A NodeTuning at a real API server, with real tuners on fake nodes: values before, with, after drift, afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.operator_process import USER, install
from tests.contract.replica import QUICK, Replica, until
from tests.contract.tuned_nodes import KERNEL, TunedNodes
from tests.contract.tuned_nodes import NAMESPACE as HOME
from tests.controlplane.control_plane import ControlPlane

WANTED = {"vm.swappiness": "1", "net.core.rmem_max": "4194304"}
NODES = ("node-0", "node-1")


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(kwok=True) as plane:
        install(plane)
        plane.kubectl.established()
        plane.collects_new_kinds()
        plane.add_nodes(1, prefix="other")
        yield plane


@pytest.fixture(scope="module")
def nodes(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TunedNodes]:
    with TunedNodes(plane, tmp_path_factory.mktemp("nodes"), *NODES) as nodes:
        yield nodes


class Administrator:
    """What one does, and how one sees what became of it."""

    def __init__(self, plane: ControlPlane, nodes: TunedNodes) -> None:
        self.kubectl, self.nodes = plane.kubectl, nodes

    def apply(self, name: str, **sysctls: str) -> None:
        self.kubectl.apply(
            {
                "apiVersion": "parley.dev/v1alpha1",
                "kind": "NodeTuning",
                "metadata": {"name": name},
                "spec": {
                    "sysctls": {key.replace("__", "."): value for key, value in sysctls.items()},
                    "governor": "",
                },
            }
        )

    def condition(self, name: str, kind: str = "Ready") -> str:
        found = self.kubectl.json("get", "nodetuning", name).get("status", {}).get("conditions", [])
        return next((f"{one['status']} {one['reason']}" for one in found if one["type"] == kind), "")

    def ready(self, name: str) -> None:
        try:
            until(f"{name} is ready", lambda: self.condition(name) == "True AllTrue", 40)
        except AssertionError:
            pytest.fail(str(self.kubectl.json("get", "nodetuning", name).get("status")))

    def is_gone(self, name: str) -> bool:
        return self.kubectl("get", "nodetuning", name, "--ignore-not-found") == ""

    def labels(self, node: str) -> dict[str, str]:
        """Those of ours."""
        found: dict[str, str] = self.kubectl.json("get", "node", node)["metadata"]["labels"]
        return {key: value for key, value in found.items() if "parley.dev/" in key}

    def left(self, kinds: str = "daemonsets,configmaps,pods") -> list[str]:
        """Of all that NodeTunings become."""
        where = f"--namespace={HOME}"
        return self.kubectl("get", kinds, where, "--output=name", "--selector=app=sysctl-tuning").split()

    def kernels(self) -> list[dict[str, str]]:
        return [machine.kernel() for machine in self.nodes.machines.values()]


@pytest.fixture
def person(plane: ControlPlane, nodes: TunedNodes) -> Administrator:
    return Administrator(plane, nodes)


def test_nodes_are_tuned_labelled_put_right_after_drift_and_restored(
    plane: ControlPlane, person: Administrator, account: Path, tmp_path: Path
) -> None:
    log = tmp_path / "operator.log"
    with Replica(account, log, QUICK):
        person.apply("low-latency", vm__swappiness="1", net__core__rmem_max="4194304")
        person.ready("low-latency")
        assert person.kernels() == [{**KERNEL, **WANTED}] * 2
        profile = person.kubectl.json("get", "nodetuning", "low-latency")["status"]["profile"]
        until("its nodes are labelled", lambda: all(person.labels(node) for node in NODES))
        for node in NODES:
            assert person.labels(node) == {
                "tuning.parley.dev/low-latency": "tuned",
                "profile.parley.dev/low-latency": profile,
            }
        assert person.labels("other-0") == {}
    audit = plane.audit.from_now()
    with Replica(account, log, {**QUICK, "RESYNC_SECONDS": "10"}) as operator:
        until("it has looked at it twice", lambda: operator.figure("parley_operator_reconciles_total") >= 2)
        assert operator.figure("parley_operator_api_writes_total") == 0
        assert [event.uri for event in audit.writes(USER) if event.resource != "leases"] == []
        changed = person.nodes.machines["node-1"]
        changed.write("vm.swappiness", "77")
        until(
            "it is told",
            lambda: "Drifted" in str(person.kubectl.json("get", "events", "--namespace=default")),
            20,
        )
        until("it is put right", lambda: changed.read("vm.swappiness") == "1", 20)
        person.ready("low-latency")
        until("it is labelled again", lambda: "profile.parley.dev/low-latency" in person.labels("node-1"), 20)

        person.kubectl("delete", "nodetuning", "low-latency", "--cascade=foreground", "--wait=false")
        until("it is gone", lambda: person.is_gone("low-latency"), 60)
        assert person.kernels() == [KERNEL] * 2
        assert [person.labels(node) for node in NODES] == [{}, {}]
        until("nothing is left", lambda: person.left() == [], 20)


def test_of_two_that_want_different_values_the_older_has_it_until_it_goes_and_then_the_other(
    person: Administrator, account: Path, tmp_path: Path
) -> None:
    with Replica(account, tmp_path / "operator.log", QUICK):
        person.apply("older", vm__swappiness="10")
        person.ready("older")
        person.apply("younger", vm__swappiness="5", vm__dirty_ratio="7")
        until("it is told", lambda: person.condition("younger", "Accepted") == "False Conflict", 20)
        until("it has the rest", lambda: all(one["vm.dirty_ratio"] == "7" for one in person.kernels()), 30)
        assert {one["vm.swappiness"] for one in person.kernels()} == {"10"}
        assert person.condition("older") == "True AllTrue"
        person.kubectl("delete", "nodetuning", "older", "--timeout=60s")
        person.ready("younger")
        assert person.kernels() == [{**KERNEL, "vm.swappiness": "5", "vm.dirty_ratio": "7"}] * 2
        person.kubectl("delete", "node", "node-1")
        person.kubectl("delete", "nodetuning", "younger", "--timeout=60s")
        assert person.nodes.machines["node-0"].kernel() == KERNEL
        assert person.labels("node-0") == {}
        # The pod of the node that vanished is Kubernetes' own to collect, a minute later.
        until("nothing is left", lambda: person.left("daemonsets,configmaps") == [], 20)


def test_the_api_server_takes_what_it_becomes_as_it_was_written(
    person: Administrator, account: Path, tmp_path: Path
) -> None:
    """Also in a namespace that enforces Pod Security: it is labelled privileged."""
    with Replica(account, tmp_path / "operator.log", QUICK):
        person.apply("taken", vm__swappiness="1")
        until("it has a DaemonSet", lambda: any("daemonset" in one for one in person.left()))
        found: dict[str, Any] = person.kubectl.json("get", "daemonset", "taken-tuning", f"--namespace={HOME}")
        [container] = found["spec"]["template"]["spec"]["containers"]
        assert container["resources"]["limits"] == container["resources"]["requests"]
        assert found["spec"]["template"]["spec"]["priorityClassName"] == "system-node-critical"
        until("its pods are there", lambda: any("pod/" in one for one in person.left()), 20)
        pods = person.kubectl.json("get", "pods", f"--namespace={HOME}")["items"]
        assert {pod["status"]["qosClass"] for pod in pods} == {"Guaranteed"}
        person.kubectl("delete", "nodetuning", "taken", "--timeout=60s")
