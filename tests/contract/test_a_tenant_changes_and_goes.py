"""A tenant's course at a real API server: what does not fit, what it takes over, what is put right, how it ends.

One control plane and one operator; each test has a tenant of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path

from parley_operator import names
from tests.contract.operator_process import USER
from tests.contract.replica import QUICK, Replica, until
from tests.contract.tenants import (
    ALL,
    LARGE,
    PEOPLE,
    agent,
    condition,
    forbidden,
    holds,
    inside,
    pod,
    put,
    ready,
    says,
    tenant,
    usable,
)
from tests.controlplane.audit import AuditEvent
from tests.controlplane.control_plane import ControlPlane


def test_more_than_the_quota_is_refused_and_the_whole_is_never_passed(
    plane: ControlPlane, operator: Replica
) -> None:
    plane.kubectl.apply(tenant("small", "small-a", "small-b", quota={"cpu": 2, "agents": 2, "pods": 4}))
    ready(plane, "small")
    usable(plane, "small-a")
    usable(plane, "small-b")
    refused = 0
    for number in range(6):
        for namespace in ("small-a", "small-b"):
            ran = plane.kubectl.inside(namespace).run(
                "create", "--filename=-", stdin=json.dumps(pod(f"p-{number}"))
            )
            refused += "exceeded quota" in ran.stderr
        time.sleep(0.3)
    pods = plane.kubectl.json("get", "pods", "--all-namespaces")["items"]
    ours = [one for one in pods if one["metadata"]["namespace"].startswith("small-")]
    assert refused
    assert len(ours) <= 4
    until("as many as there may be", lambda: used(plane, "small", "pods") == str(len(ours)), 20)
    # What is free is where it is needed: one namespace alone may use nearly all of it.
    plane.kubectl.inside("small-b")("delete", "pods", "--all", "--wait=false", "--grace-period=0", "--force")

    more = json.dumps({**pod("more"), "metadata": {"generateName": "more-"}})

    def alone() -> bool:
        kubectl = plane.kubectl.inside("small-a")
        kubectl.run("create", "--filename=-", stdin=more)
        return len(kubectl.json("get", "pods")["items"]) >= 3

    until("one has three of four", alone, 40)


def used(plane: ControlPlane, name: str, resource: str) -> str:
    use = plane.kubectl.json("get", "voicetenant", name).get("status", {}).get("use", [])
    return next((str(one["used"]) for one in use if one["resource"] == resource), "")


def test_a_quota_below_present_use_is_told_and_evicts_nothing(plane: ControlPlane, operator: Replica) -> None:
    plane.kubectl.apply(tenant("shrinks", quota={"pods": 10}))
    ready(plane, "shrinks")
    put(plane.kubectl, agent("shop", "shrinks", replicas=3))
    kubectl = plane.kubectl.inside("shrinks")
    until("three pods", lambda: len(kubectl.json("get", "pods")["items"]) == 3, 30)
    plane.kubectl.apply(tenant("shrinks", quota={"pods": 2}))
    message = says(plane, "voicetenant/shrinks", "WithinQuota", "OverQuota")
    assert "3 of 2 pods" in message
    assert len(kubectl.json("get", "pods")["items"]) == 3
    plane.kubectl.apply(tenant("shrinks", quota={"pods": 3}))
    message = says(plane, "voicetenant/shrinks", "WithinQuota", "RolloutLacks")
    assert "1 pods lack" in message
    changed = agent("shop", "shrinks", replicas=3, sessions={"limit": 7})
    put(plane.kubectl, changed)
    told = says(plane, "voiceagent/shop", "UpToDate", "FailedCreate", "shrinks")
    assert "lacks pods 1" in told
    plane.kubectl.apply(tenant("shrinks", quota={"pods": 4}))
    until(
        "it rolls",
        lambda: (
            condition(plane.kubectl, "voiceagent/shop", "UpToDate", "shrinks")["reason"] != "FailedCreate"
        ),
        60,
    )


def test_sessions_are_shared_what_runs_goes_on_and_who_waits_is_next(
    plane: ControlPlane, operator: Replica
) -> None:
    plane.kubectl.apply(tenant("talks", quota={"sessions": 100}))
    ready(plane, "talks")
    put(plane.kubectl, agent("first", "talks", sessions={"limit": 60}))
    until("it is taken", lambda: accepted(plane, "first") == "AsWritten", 20)
    put(plane.kubectl, agent("second", "talks", sessions={"limit": 60}))
    message = says(plane, "voiceagent/second", "Accepted", "SessionQuota", "talks")
    assert "asks for 60 sessions" in message
    assert "leave 40" in message
    kubectl = plane.kubectl.inside("talks")
    assert "second-agent" not in kubectl("get", "deployments", "--output=name")
    # One that runs and asks for more keeps what it has.
    put(plane.kubectl, agent("first", "talks", sessions={"limit": 120}))
    says(plane, "voiceagent/first", "Accepted", "SessionQuota", "talks")
    live = kubectl.json("get", "deployment/first-agent")
    assert live["metadata"]["annotations"][names.SESSIONS] == "60"
    assert used(plane, "talks", "sessions") == "60"
    # Lowered below what runs: it goes on.
    plane.kubectl.apply(tenant("talks", quota={"sessions": 10}))
    assert "60 of 10 sessions" in says(plane, "voicetenant/talks", "WithinQuota", "OverQuota")
    assert kubectl.json("get", "deployment/first-agent")["spec"]["replicas"] == 1
    # Raised: all of them come.
    plane.kubectl.apply(tenant("talks", quota={"sessions": 200}))
    until(
        "both are taken", lambda: {accepted(plane, name) for name in ("first", "second")} == {"AsWritten"}, 20
    )
    until("both are counted", lambda: used(plane, "talks", "sessions") == "180", 20)


def accepted(plane: ControlPlane, name: str) -> str:
    return condition(plane.kubectl, f"voiceagent/{name}", "Accepted", "talks")["reason"]


def test_a_namespace_with_others_objects_is_told_and_taken_once_it_is_handed_over(
    plane: ControlPlane, operator: Replica
) -> None:
    plane.kubectl("create", "namespace", "theirs")
    plane.kubectl.inside("theirs")("create", "service", "clusterip", "their-service", "--tcp=80")
    plane.kubectl.apply(tenant("newcomer", "theirs", "newcomer"))
    message = says(plane, "voicetenant/newcomer", "Accepted", "NamespaceInUse")
    assert "Service their-service" in message
    assert inside(plane, "theirs") == []
    until("the other is made", lambda: "NetworkPolicy parley-tenant" in inside(plane, "newcomer"), 20)
    [command] = [part for part in message.split(";")[0].split(", ") if part.startswith("kubectl ")]
    plane.kubectl(*command.split()[1:])
    ready(plane, "newcomer")
    assert "NetworkPolicy parley-tenant" in inside(plane, "theirs")


def test_of_two_tenants_of_a_namespace_the_older_keeps_it(plane: ControlPlane, operator: Replica) -> None:
    plane.kubectl.apply(tenant("older", "common"))
    ready(plane, "older")
    plane.kubectl.apply(tenant("younger", "common", "younger"))
    message = says(plane, "voicetenant/younger", "Accepted", "NamespaceTaken")
    assert "is of tenant older, and younger names it too" in message
    assert holds(plane, "voicetenant/older")
    label = plane.kubectl.json("get", "namespace", "common")["metadata"]["labels"][names.PARLEY_TENANT]
    assert label == "older"
    plane.kubectl.apply(tenant("older", "older"))
    says(plane, "voicetenant/younger", "Accepted", "NamespaceInUse")


def test_a_namespace_that_is_named_no_more_stays_and_all_of_ours_goes(
    plane: ControlPlane, operator: Replica
) -> None:
    plane.kubectl.apply(tenant("moves", "moves-a", "moves-b", people=PEOPLE, quota=LARGE))
    ready(plane, "moves")
    plane.kubectl.inside("moves-b")("create", "configmap", "precious", "--from-literal=a=b")
    plane.kubectl.apply(tenant("moves", "moves-a", people=PEOPLE, quota=LARGE))
    until("nothing of ours is there", lambda: inside(plane, "moves-b") == [], 20)
    until("nor our mark", lambda: names.PARLEY_TENANT not in labels(plane, "moves-b"), 20)
    assert not [name for name in labels(plane, "moves-b") if name.startswith("pod-security")]
    plane.kubectl.inside("moves-b")("get", "configmap", "precious")
    assert inside(plane, "moves-a") == ALL


def labels(plane: ControlPlane, namespace: str) -> dict[str, str]:
    found: dict[str, str] = plane.kubectl.json("get", "namespace", namespace)["metadata"].get("labels", {})
    return found


def test_a_tenant_with_agents_refuses_to_go_says_which_and_leaves_its_namespaces(
    plane: ControlPlane, operator: Replica
) -> None:
    plane.kubectl.apply(tenant("stays"))
    ready(plane, "stays")
    put(plane.kubectl, agent("shop", "stays"))
    plane.kubectl("delete", "voicetenant/stays", "--wait=false")
    message = says(plane, "voicetenant/stays", "Accepted", "Deleting")
    assert "its 1 agents (stays/shop)" in message
    time.sleep(2)
    assert "NetworkPolicy parley-tenant" in inside(plane, "stays"), "it stays isolated meanwhile"
    assert plane.kubectl.inside("stays").json("get", "voiceagents")["items"]
    plane.kubectl.inside("stays")("delete", "voiceagent/shop")
    until("it goes", lambda: plane.kubectl.run("get", "voicetenant/stays").returncode != 0, 30)
    until("nothing of ours is there", lambda: inside(plane, "stays") == [], 20)
    assert names.PARLEY_TENANT not in labels(plane, "stays")


def test_a_tenant_that_drains_deletes_its_agents_and_then_goes(
    plane: ControlPlane, operator: Replica
) -> None:
    plane.kubectl.apply(tenant("drains", "drains-a", "drains-b", deletion="Drain"))
    ready(plane, "drains")
    put(
        plane.kubectl,
        *(agent(f"shop-{number}", name) for number in range(2) for name in ("drains-a", "drains-b")),
    )
    plane.kubectl("delete", "voicetenant/drains", "--wait=false")
    until("it goes", lambda: plane.kubectl.run("get", "voicetenant/drains").returncode != 0, 30)
    for name in ("drains-a", "drains-b"):
        assert plane.kubectl.inside(name).json("get", "voiceagents")["items"] == []
        assert names.PARLEY_TENANT not in labels(plane, name)


def test_what_somebody_changes_is_put_right(plane: ControlPlane, operator: Replica) -> None:
    plane.kubectl.apply(tenant("healed", people=PEOPLE, quota=LARGE))
    ready(plane, "healed")
    kubectl = plane.kubectl.inside("healed")
    plane.kubectl(
        "label", "namespace", "healed", "pod-security.kubernetes.io/enforce=privileged", "--overwrite"
    )
    kubectl("delete", "networkpolicy/parley-tenant", "rolebinding/parley-tenant-edit")
    kubectl(
        "patch", "resourcequota/parley-tenant", "--type=merge", '--patch={"spec":{"hard":{"pods":"9999"}}}'
    )
    until(
        "its level is back",
        lambda: labels(plane, "healed")["pod-security.kubernetes.io/enforce"] == "restricted",
        20,
    )
    until("all is back", lambda: inside(plane, "healed") == ALL, 20)
    until(
        "so is its quota",
        lambda: kubectl.json("get", "resourcequota/parley-tenant")["spec"]["hard"]["pods"] == "100",
        20,
    )
    plane.kubectl(
        "patch",
        "voicetenant/healed",
        "--type=json",
        '--patch=[{"op":"remove","path":"/metadata/finalizers"}]',
    )
    until(
        "so is its finalizer",
        lambda: "finalizers" in plane.kubectl.json("get", "voicetenant/healed")["metadata"],
        20,
    )


def test_nothing_that_the_operator_asked_for_was_forbidden(plane: ControlPlane, operator: Replica) -> None:
    assert forbidden(plane) == set()


def test_a_restart_and_a_resync_write_nothing(
    plane: ControlPlane, operator: Replica, account: Path, tmp_path: Path
) -> None:
    """The last, for it ends the operator of the others."""
    time.sleep(3)
    operator.kill()
    audit = plane.audit.from_now()
    with Replica(account, tmp_path / "again.log", {**QUICK, "RESYNC_SECONDS": "10"}) as again:
        until("it has looked at all", again.rests, 60)
        seen = again.figure("parley_operator_reconciles_total")
        until("and again", lambda: again.figure("parley_operator_reconciles_total") >= 2 * seen, 60)
    assert told(audit.writes(USER)) == []


def told(events: Iterable[AuditEvent]) -> list[str]:
    return [f"{one.verb} {one.uri} {one.code}" for one in events if one.resource != "leases"]
