"""Each condition from what was read back: a table whose ids are sentences."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from parley_operator.plan.agent import PodStatus
from parley_operator.plan.plan import Failure, Ref
from tests.small_cluster import NOW, SmallCluster, changed, condition, reasons, voice_agent

Change = Callable[[SmallCluster], None]

ALL_TRUE = dict.fromkeys(("Accepted", "Available", "Guaranteed", "UpToDate", "Ready"), "True")


def running(**spec: Any) -> SmallCluster:
    cluster = SmallCluster(voice_agent(**spec))
    cluster.settle()
    return cluster


def told(cluster: SmallCluster) -> dict[str, str]:
    return reasons(cluster.plan().status)


def deployment_says(**status: Any) -> Change:
    def change(cluster: SmallCluster) -> None:
        assert cluster.deployment is not None
        cluster.deployment["status"] = {**cluster.deployment["status"], **status}

    return change


def of_the_first_pod(**facts: Any) -> Change:
    return lambda cluster: cluster.pod("pod-1-0", **facts)


def says(kind: str, status: str, reason: str, message: str = "") -> dict[str, str]:
    return {"type": kind, "status": status, "reason": reason, "message": message}


def no_deployment(cluster: SmallCluster) -> None:
    cluster.see(
        children={ref: obj for ref, obj in cluster.observed.children.items() if ref.kind != "Deployment"}
    )


def no_pods(cluster: SmallCluster) -> None:
    cluster.see(pods={})


def scaled(cluster: SmallCluster) -> None:
    cluster.agent = changed(cluster.agent, replicas=5)


def rewritten(cluster: SmallCluster) -> None:
    cluster.agent = changed(cluster.agent, turnTaking={"bargeIn": False})


def refused_by_quota(cluster: SmallCluster) -> None:
    ref = Ref("Deployment", "voice-ai", "shop-agent")
    cluster.see(failures=(Failure(ref, "Forbidden", "exceeded quota: few"),))


def rolling(**facts: Any) -> Change:
    def change(cluster: SmallCluster) -> None:
        deployment_says(updatedReplicas=1, replicas=4)(cluster)
        of_the_first_pod(**facts)(cluster)

    return change


OTHER = PodStatus(calls=0, draining=False, agent_digest="of another file", version="1")

TABLE: list[tuple[str, Change, dict[str, str]]] = [
    ("all was read back", lambda cluster: None, {}),
    (
        "nothing is known of a Deployment that is not there",
        no_deployment,
        {"Available": "Unknown NotYetSeen", "UpToDate": "Unknown NotYetSeen", "Ready": "Unknown NotYetSeen"},
    ),
    (
        "a Deployment that is about to be scaled says nothing of what it will be",
        scaled,
        {"Available": "Unknown NotYetSeen", "UpToDate": "Unknown NotYetSeen", "Ready": "Unknown NotYetSeen"},
    ),
    (
        "nor does one whose pods are about to change",
        rewritten,
        {"Available": "Unknown NotYetSeen", "UpToDate": "Unknown NotYetSeen", "Ready": "Unknown NotYetSeen"},
    ),
    (
        "nor one whose controller has not seen its last change",
        deployment_says(observedGeneration=0),
        {"Available": "Unknown NotYetSeen", "UpToDate": "Unknown NotYetSeen", "Ready": "Unknown NotYetSeen"},
    ),
    (
        "too few pods are ready",
        deployment_says(
            conditions=[{"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"}]
        ),
        {"Available": "False MinimumReplicasUnavailable", "Ready": "False MinimumReplicasUnavailable"},
    ),
    (
        "a quota keeps pods from being made",
        deployment_says(
            conditions=[
                {"type": "Available", "status": "False", "reason": "MinimumReplicasUnavailable"},
                {
                    "type": "ReplicaFailure",
                    "status": "True",
                    "reason": "FailedCreate",
                    "message": "exceeded quota",
                },
            ]
        ),
        {"Available": "False FailedCreate", "Ready": "False FailedCreate"},
    ),
    (
        "a pod that a sidecar has made Burstable",
        of_the_first_pod(qos="Burstable"),
        {"Guaranteed": "False NotGuaranteed", "Ready": "False NotGuaranteed"},
    ),
    (
        "a pod whose class is not known yet",
        of_the_first_pod(qos=""),
        {"Guaranteed": "Unknown NotYetSeen", "Ready": "Unknown NotYetSeen"},
    ),
    (
        "a pod that ends is nobody's to judge",
        of_the_first_pod(qos="Burstable", terminating=True, status=OTHER),
        {},
    ),
    (
        "no pod",
        no_pods,
        {"Guaranteed": "Unknown NoPods", "UpToDate": "Unknown NoneReady", "Ready": "Unknown NoPods"},
    ),
    (
        "a ready pod that does not answer",
        of_the_first_pod(status=None),
        {"UpToDate": "Unknown NotAnswered", "Ready": "Unknown NotAnswered"},
    ),
    (
        "a ready pod that runs another file",
        of_the_first_pod(status=OTHER),
        {"UpToDate": "False OtherFile", "Ready": "False OtherFile"},
    ),
    ("one that is not ready may run anything", of_the_first_pod(status=OTHER, ready=False), {}),
    (
        "one of before is still there",
        deployment_says(replicas=4),
        {"UpToDate": "False Rolling", "Ready": "False Rolling"},
    ),
    ("new pods take over", rolling(), {"UpToDate": "False Rolling", "Ready": "False Rolling"}),
    (
        "no node takes a new pod",
        rolling(unschedulable="0/3 nodes are available", ready=False),
        {"UpToDate": "False Unschedulable", "Ready": "False Unschedulable"},
    ),
    (
        "the rollout is stuck",
        deployment_says(
            updatedReplicas=1,
            replicas=4,
            conditions=[
                {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
                {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
            ],
        ),
        {"UpToDate": "False ProgressDeadlineExceeded", "Ready": "False ProgressDeadlineExceeded"},
    ),
    (
        "the API server refused an object",
        refused_by_quota,
        {"Accepted": "False Forbidden", "Ready": "False Forbidden"},
    ),
]


@pytest.mark.parametrize(("change", "lacking"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_conditions(change: Change, lacking: dict[str, str]) -> None:
    cluster = running()
    change(cluster)
    assert told(cluster) == {**ALL_TRUE, **lacking}


@pytest.mark.parametrize("reason", ["400", "Denied by us", "D" * 1_025], ids=["status", "sentence", "page"])
def test_a_reason_that_the_kind_does_not_take_is_told_as_refused(reason: str) -> None:
    """A webhook that gives none leaves its status, a number, with which the whole status would be refused."""
    cluster = running()
    ref = Ref("Deployment", "voice-ai", "shop-agent")
    cluster.see(failures=(Failure(ref, reason, "denied by a policy"),))
    found = condition(cluster.plan().status, "Accepted")
    assert (found["status"], found["reason"]) == ("False", "Refused")


def test_a_pod_that_does_not_start_is_told_with_its_cause() -> None:
    cluster = running()
    rolling(failing="CrashLoopBackOff, exit code 1", ready=False)(cluster)
    found = condition(cluster.plan().status, "UpToDate")
    assert (found["status"], found["reason"]) == ("False", "Rolling")
    assert "(pod pod-1-0 does not start: CrashLoopBackOff, exit code 1)" in found["message"]


def test_at_a_host_port_the_condition_says_that_no_node_is_free_to_roll() -> None:
    cluster = running(media={"reach": {"hostPort": {}}})
    rolling(unschedulable="0/3 nodes are available: 3 didn't have free ports", ready=False)(cluster)
    found = condition(cluster.plan().status, "UpToDate")
    assert (found["status"], found["reason"]) == ("False", "NoNodeFree")
    assert (
        "a rollout takes one node more than there are replicas (0/3 nodes are available" in found["message"]
    )


def test_ready_tells_which_condition_lacks_and_why() -> None:
    cluster = running()
    of_the_first_pod(qos="Burstable")(cluster)
    message = condition(cluster.plan().status, "Ready")["message"]
    assert message.startswith(
        "Guaranteed is False: pod pod-1-0 is Burstable: a container that something else put"
    )


def test_what_is_false_explains_before_what_is_not_known() -> None:
    cluster = running()
    of_the_first_pod(status=OTHER)(cluster)
    cluster.pod("pod-1-1", qos="")
    assert condition(cluster.plan().status, "Ready")["reason"] == "OtherFile"


def test_an_agent_that_is_scaled_to_zero_is_as_it_is_wanted() -> None:
    cluster = running(replicas=0)
    assert told(cluster) == ALL_TRUE
    assert condition(cluster.plan().status, "Ready")["reason"] == "ScaledToZero"


def test_the_time_of_a_condition_stays_where_its_status_does() -> None:
    cluster = running()
    later = NOW + timedelta(hours=1)
    of_the_first_pod(qos="Burstable")(cluster)
    status = cluster.plan(later).status
    assert condition(status, "Guaranteed")["lastTransitionTime"] == "2026-03-04T13:00:00Z"
    assert condition(status, "Available")["lastTransitionTime"] == "2026-03-04T12:00:00Z"
    cluster.step(later)
    cluster.pod("pod-1-0", qos="BestEffort")
    again = condition(cluster.plan(later + timedelta(hours=1)).status, "Guaranteed")
    assert again["lastTransitionTime"] == "2026-03-04T13:00:00Z"
    assert "BestEffort" in again["message"]


def test_every_condition_says_of_which_generation_it_is() -> None:
    cluster = running()
    scaled(cluster)
    status = cluster.plan().status
    assert status is not None
    assert [one["observedGeneration"] for one in status["conditions"]] == [2] * 5


def test_a_message_is_empty_where_all_is_well_and_a_sentence_where_not() -> None:
    for _, change, _ in TABLE:
        cluster = running()
        change(cluster)
        status = cluster.plan().status
        assert status is not None
        for one in status["conditions"]:
            assert bool(one["message"]) == (one["status"] != "True"), one
