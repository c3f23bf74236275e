"""The operator's promises at a real API server: an agent becomes what it asks for, and nothing is written twice.

One control plane, whose fake pods answer for themselves. Each test has agents of its own.
"""

from __future__ import annotations

import json
import signal
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contract.answering_pods import PODS, AnsweringPods
from tests.contract.operator_process import USER, install
from tests.contract.replica import Replica, until
from tests.controlplane.audit import AuditEvent, AuditLog
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Kubectl
from tests.server import ROOT

TENANT = "promises"
QUICK = {"POLL_SECONDS": "1"}
OWNED = "deployments,services,serviceaccounts,configmaps,poddisruptionbudgets,networkpolicies,horizontalpodautoscalers"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(kwok=True, pods=PODS) as plane:
        plane.add_nodes(3, labels={"node-type": "low-latency"})
        install(plane)
        plane.kubectl.established()
        plane.collects_new_kinds()
        plane.kubectl("create", "namespace", TENANT)
        with AnsweringPods(plane.kubectl):
            yield plane


@pytest.fixture
def kubectl(plane: ControlPlane) -> Kubectl:
    return plane.kubectl.inside(TENANT)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "operator.log"


def reception(name: str, **spec: Any) -> dict[str, Any]:
    """The agent that people copy first, for one pod."""
    agent: dict[str, Any] = yaml.safe_load((ROOT / "examples/reception.yaml").read_text())
    agent["metadata"] = {"name": name}
    agent["spec"] = {**agent["spec"], "replicas": 1, **spec}
    return agent


def ready(kubectl: Kubectl, *names: str, secs: int = 60) -> None:
    agents = [f"voiceagent/{name}" for name in names]
    ran = kubectl.run("wait", "--for=condition=Ready", f"--timeout={secs}s", *agents, secs=secs + 10)
    if ran.returncode:
        items = kubectl.json("get", "voiceagents")["items"]
        why = {item["metadata"]["name"]: item.get("status", {}).get("conditions") for item in items}
        pytest.fail(f"{ran.stderr}{json.dumps({name: why.get(name) for name in names}, indent=1)}")


def children(kubectl: Kubectl, name: str) -> Counter[str]:
    """How many of each kind there are of an agent."""
    items = kubectl.json("get", OWNED, f"--selector=parley.dev/agent={name}")["items"]
    return Counter(item["kind"] for item in items)


def writes(audit: AuditLog) -> list[AuditEvent]:
    return [event for event in audit.writes(USER) if event.resource != "leases"]


def told(events: list[AuditEvent]) -> list[str]:
    return [
        f"{event.verb} {event.resource}/{event.subresource} {event.name} {event.code}" for event in events
    ]


ALL = {
    "Deployment": 1,
    "Service": 1,
    "ServiceAccount": 1,
    "ConfigMap": 1,
    "PodDisruptionBudget": 1,
    "NetworkPolicy": 1,
}


def test_a_restart_and_a_resync_write_nothing(
    plane: ControlPlane, account: Path, kubectl: Kubectl, log: Path
) -> None:
    names = [f"quiet-{number}" for number in range(5)]
    with Replica(account, log, QUICK):
        kubectl.apply(*(reception(name) for name in names))
        ready(kubectl, *names)
        time.sleep(2)
    audit = plane.audit.from_now()
    with Replica(account, log, {**QUICK, "RESYNC_SECONDS": "10"}) as operator:
        until("it has looked at all", operator.rests)
        seen = operator.figure("parley_operator_reconciles_total")
        assert seen >= len(names)
        until("and again", lambda: operator.figure("parley_operator_reconciles_total") >= 3 * seen, 90)
        assert operator.figure("parley_operator_api_writes_total") == 0
    assert told(writes(audit)) == []


def test_an_operator_that_is_killed_in_the_middle_leaves_nothing_undone(
    plane: ControlPlane, account: Path, kubectl: Kubectl, log: Path
) -> None:
    names = [f"killed-{number}" for number in range(8)]
    with Replica(account, log, QUICK) as operator:
        until("it leads", operator.leads)
        kubectl.apply(*(reception(name) for name in names))
        audit = plane.audit.from_now()
        audit.wait_for(lambda event: event.user == USER and event.verb == "patch", secs=10)
        operator.kill()
    with Replica(account, log, QUICK):
        ready(kubectl, *names)
        for name in names:
            assert children(kubectl, name) == ALL


def test_an_agent_that_is_deleted_while_no_operator_runs_is_not_missed(
    plane: ControlPlane, account: Path, kubectl: Kubectl, log: Path
) -> None:
    with Replica(account, log, QUICK):
        kubectl.apply(reception("unseen"))
        ready(kubectl, "unseen")
    kubectl("delete", "voiceagent/unseen")
    with Replica(account, log, QUICK) as operator:
        until("its objects are gone", lambda: not children(kubectl, "unseen"), 40)
        until("it has looked at all", operator.rests)
        assert not children(kubectl, "unseen")


def test_a_frozen_leader_is_ended_by_the_kernel_and_replaced_within_15_seconds(
    account: Path, kubectl: Kubectl, tmp_path: Path
) -> None:
    one = Replica(account, tmp_path / "one.log", {**QUICK, "OPERATOR_IDENTITY": "one"})
    two = Replica(account, tmp_path / "two.log", {**QUICK, "OPERATOR_IDENTITY": "two"})
    with one:
        until("it leads", one.leads)
        with two:
            kubectl.apply(*(reception(f"frozen-{number}", replicas=0) for number in range(20)))
            frozen = time.monotonic()
            one.freeze()
            until("another leads", two.leads, 20)
            took = time.monotonic() - frozen
            assert took < 15, f"takeover took {took:.1f} s"
            assert one.ended() == -signal.SIGKILL, one.log[-2000:]
            kubectl.apply(reception("after", replicas=0))
            until(
                "the new one works",
                lambda: children(kubectl, "after") == {**ALL, "PodDisruptionBudget": 1},
                20,
            )


def test_an_api_server_that_is_gone_for_a_while_ends_no_work(
    plane: ControlPlane, account: Path, kubectl: Kubectl, log: Path
) -> None:
    """Longer than a holder may go without a renewal: it ends, as it must; what is started in its place goes on."""
    with Replica(account, log, QUICK) as operator:
        until("it leads", operator.leads)
        with plane.api_server_gone():
            until("the holder ends", lambda: operator.ended() == 75, 20)
        kubectl.apply(reception("meanwhile"))
    with Replica(account, log, QUICK):
        until("it is there", lambda: children(kubectl, "meanwhile") == ALL, 30)


def test_a_short_absence_of_the_api_server_is_waited_out_by_the_same_process(
    plane: ControlPlane, account: Path, kubectl: Kubectl, log: Path
) -> None:
    with Replica(account, log, {**QUICK, "LEASE_SECONDS": "60"}) as operator:
        until("it leads", operator.leads)
        with plane.api_server_gone():
            time.sleep(5)
            assert operator.ended() is None
        kubectl.apply(reception("waited"))
        until("it is there", lambda: children(kubectl, "waited") == ALL, 30)
        assert operator.ended() is None


@pytest.fixture(scope="module")
def operator(
    plane: ControlPlane, account: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Replica]:
    """One for all tests from here on: while it holds the Lease, no test above can have its own."""
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    with Replica(account, log, {**QUICK, "LOG_LEVEL": "debug"}) as operator:
        yield operator


def test_an_agent_becomes_its_objects_and_is_ready_once_its_pods_say_so(
    plane: ControlPlane, operator: Replica, kubectl: Kubectl
) -> None:
    audit = plane.audit.from_now()
    kubectl.apply(reception("first"))
    ready(kubectl, "first")
    agent = kubectl.json("get", "voiceagent/first")
    assert {one["type"]: one["status"] for one in agent["status"]["conditions"]} == dict.fromkeys(
        ("Accepted", "Available", "Guaranteed", "UpToDate", "Ready"), "True"
    )
    assert (agent["status"]["readyReplicas"], agent["status"]["replicas"]) == (1, 1)
    assert children(kubectl, "first") == ALL
    events = kubectl.json("get", "events.events.k8s.io")["items"]
    reasons = [event["reason"] for event in events if event["regarding"]["name"] == "first"]
    assert len(reasons) == len(set(reasons))
    assert "finalizers" not in agent["metadata"]
    assert [name for name in agent["metadata"].get("annotations", {}) if "kopf" in name] == []
    print("\n".join(told(writes(audit))))


def test_what_somebody_changes_or_deletes_is_put_right_and_what_they_add_stays(
    operator: Replica, kubectl: Kubectl
) -> None:
    kubectl.apply(reception("edited"))
    ready(kubectl, "edited")
    kubectl("scale", "deployment/edited-agent", "--replicas=4")
    kubectl("annotate", "deployment/edited-agent", "theirs=stays")
    until("scaled back", lambda: replicas(kubectl, "edited-agent") == 1, 20)
    assert kubectl.json("get", "deployment/edited-agent")["metadata"]["annotations"]["theirs"] == "stays"
    kubectl("label", "service/edited-agent", "parley.dev/agent=other", "--overwrite")
    until("its label is back", lambda: children(kubectl, "edited") == ALL, 20)
    kubectl("delete", "poddisruptionbudget,networkpolicy", "--selector=parley.dev/agent=edited")
    until("they are back", lambda: children(kubectl, "edited") == ALL, 20)


def replicas(kubectl: Kubectl, deployment: str) -> int:
    found: int = kubectl.json("get", f"deployment/{deployment}")["spec"]["replicas"]
    return found


def test_a_change_of_the_file_rolls_and_the_old_file_goes(operator: Replica, kubectl: Kubectl) -> None:
    agent = reception("changed")
    kubectl.apply(agent)
    ready(kubectl, "changed")
    before = config_map(kubectl, "changed")
    agent["spec"]["conversation"] = {**agent["spec"]["conversation"], "greeting": "Good evening."}
    kubectl.apply(agent)
    until("another file", lambda: before not in config_maps(kubectl, "changed"), 40)
    ready(kubectl, "changed")
    assert children(kubectl, "changed") == ALL


def config_maps(kubectl: Kubectl, agent: str) -> list[str]:
    items = kubectl.json("get", "configmaps", f"--selector=parley.dev/agent={agent}")["items"]
    return [item["metadata"]["name"] for item in items]


def config_map(kubectl: Kubectl, agent: str) -> str:
    (name,) = config_maps(kubectl, agent)
    return name


def test_an_agent_that_is_deleted_takes_all_that_it_owned_with_it(
    operator: Replica, kubectl: Kubectl
) -> None:
    kubectl.apply(reception("gone"))
    ready(kubectl, "gone")
    kubectl("delete", "voiceagent/gone")
    until("its objects are gone", lambda: not children(kubectl, "gone"), 40)
    time.sleep(2)
    assert not children(kubectl, "gone"), "the operator has made them again"
    assert operator.ended() is None


def test_secrets_and_what_agents_say_are_in_no_log(operator: Replica, kubectl: Kubectl) -> None:
    kubectl("create", "secret", "generic", "keys", "--from-literal=OPENAI_API_KEY=sk-very-secret-value")
    kubectl.apply(reception("discreet", pods={"environmentFrom": ["keys"]}))
    ready(kubectl, "discreet")
    text = operator.log
    assert "discreet" in text
    greeting = yaml.safe_load((ROOT / "examples/reception.yaml").read_text())["spec"]["conversation"][
        "greeting"
    ]
    for secret in ("sk-very-secret-value", json.dumps(greeting)[1:-1], "Bearer "):
        assert secret not in text
