"""The plan of a NodeTuning as a whole: nodes come, go, refuse, drift and are restored, and two do not fight."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from parley_api.nodetuning_status import ACCEPTED_REASONS, MOST_PROBLEMS, NodeTuningStatus
from parley_operator.plan.nodetuning import RESTORE_SECONDS
from parley_operator.plan.plan import Failure, Object, Ref
from parley_operator.settings import Settings
from tests.small_cluster import condition, only, reasons
from tests.tuned_cluster import NOW, SYSCTLS, TunedCluster, deleted, node, node_tuning

LATE = NOW + timedelta(seconds=RESTORE_SECONDS)


def status(cluster: TunedCluster) -> Object:
    """As the CRD takes it."""
    found: Object = cluster.plan().status or {}
    NodeTuningStatus.model_validate(found, by_alias=True, by_name=False)
    return found


def counts(cluster: TunedCluster) -> dict[str, int]:
    return {name: count for name, count in status(cluster)["nodes"].items() if count}


def test_a_node_is_labelled_tuned_with_the_hash_once_its_tuner_has_read_all_back() -> None:
    cluster = TunedCluster()
    cluster.settle()
    assert cluster.state("node-a") == ("tuning", None), "that is where the DaemonSet puts a tuner"
    assert cluster.state("other") == (None, None), "it has not the labels"
    assert reasons(status(cluster))["Tuned"] == "Unknown Unanswered"
    cluster.say("node-a")
    cluster.settle()
    assert cluster.state("node-a") == ("tuned", cluster.profile["profile"])
    assert reasons(status(cluster))["Ready"] == "Unknown Unanswered", "not before all nodes are read back"
    cluster.say("node-b")
    cluster.settle()
    assert set(reasons(status(cluster)).values()) == {"True"}
    assert counts(cluster) == {"matched": 2, "tuned": 2}
    assert status(cluster)["profile"] == cluster.profile["profile"]


def test_a_second_look_at_what_did_not_change_writes_nothing() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    assert cluster.rests(NOW + timedelta(days=1))


def test_a_key_that_a_node_cannot_have_is_told_and_the_node_counts_as_tuned() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.say("node-b", vm__swappiness="Skipped")
    cluster.settle()
    assert cluster.state("node-b") == ("tuned", cluster.profile["profile"])
    assert counts(cluster) == {"matched": 2, "tuned": 1, "skipped": 1}
    assert (
        condition(status(cluster), "Tuned")["message"]
        == "node node-b can't have all of it: vm.swappiness: why Skipped"
    )
    [problem] = status(cluster)["problems"]
    assert problem == {"node": "node-b", "key": "vm.swappiness", "state": "Skipped", "message": "why Skipped"}


@pytest.mark.parametrize("said", ["Drifted", "Conflict", "Restoring"])
def test_what_is_not_as_it_should_be_takes_the_label_off_and_is_told(said: str) -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.say("node-a", vm__swappiness=said)
    cluster.settle()
    assert cluster.state("node-a") == ("tuning", None)
    assert cluster.state("node-b")[0] == "tuned"
    assert reasons(status(cluster))["Tuned"] == reasons(status(cluster))["Ready"] == f"False {said}"
    assert "node node-a: vm.swappiness: why" in condition(status(cluster), "Ready")["message"]
    cluster.say("node-a")
    cluster.settle()
    assert cluster.state("node-a")[0] == "tuned"


def test_a_report_of_another_profile_or_of_another_tuning_says_nothing_of_this_one() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.report("node-a", "Applied", dict.fromkeys(SYSCTLS, "Applied"), profile="of before")
    assert reasons(status(cluster))["Tuned"] == "Unknown Behind"
    cluster.report("node-a", "Applied", dict.fromkeys(SYSCTLS, "Applied"), owner="somebody-elses")
    assert reasons(status(cluster))["Tuned"] == "Unknown Unanswered"
    cluster.report("node-a", "Partly", {"vm.swappiness": "Applied"})
    assert reasons(status(cluster))["Tuned"] == "Unknown Behind", "a key lacks"
    cluster.report("node-a", "Applied", dict.fromkeys(SYSCTLS, "Applied"), problem="the journal is full")
    assert condition(status(cluster), "Tuned")["message"] == "node node-a: the journal is full"
    cluster.settle()
    assert cluster.state("node-a") == ("tuning", None)


def test_a_tuner_that_is_replaced_or_not_asked_yet_changes_no_label_and_one_that_is_silent_does() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    tuned = cluster.state("node-a")
    cluster.pod("node-a", phase="Pending", status=None, ready=False)
    cluster.settle()
    assert cluster.state("node-a") == tuned
    cluster.pod("node-a", phase="Running")
    cluster.see(unasked=frozenset({"tuner-node-a"}))
    cluster.settle()
    assert cluster.state("node-a") == tuned, "the operator has just begun"
    cluster.see(unasked=frozenset())
    cluster.settle()
    assert cluster.state("node-a") == ("tuning", None), (
        "it was started anew, perhaps, and nobody says what it has"
    )


def test_a_node_that_vanishes_is_not_waited_for() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.nodes(*(one for one in cluster.observed.nodes if one.name != "node-a"))
    cluster.settle()
    assert set(reasons(status(cluster)).values()) == {"True"}
    assert counts(cluster) == {"matched": 1, "tuned": 1}


def test_a_node_that_comes_is_tuned_like_the_others() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.nodes(*cluster.observed.nodes, node("node-c"))
    cluster.settle()
    assert reasons(status(cluster))["Ready"] == "Unknown Unanswered"
    cluster.say("node-c")
    cluster.settle()
    assert cluster.state("node-c")[0] == "tuned"


def test_a_node_that_is_no_longer_chosen_keeps_its_tuner_until_it_has_said_restored() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    before = cluster.profile["profile"]
    cluster.relabel("node-a", colour="green")
    cluster.settle()
    assert cluster.profile["leaving"] == ["node-a"]
    assert cluster.profile["profile"] == before, "what the others have is the same"
    assert cluster.state("node-a") == ("restoring", None)
    assert reasons(status(cluster))["Tuned"] == "False Restoring"
    cluster.say("node-a", vm__swappiness="Restoring")
    cluster.settle()
    assert cluster.state("node-a") == ("restoring", None)
    cluster.say("node-a")
    cluster.settle()
    assert cluster.labels("node-a") == {"colour": "green"}
    assert cluster.profile["leaving"] == []
    assert set(reasons(status(cluster)).values()) == {"True"}


def test_a_taint_that_ends_no_pod_does_not_untune_a_node_and_keeps_a_new_one_out() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    upkeep = {"key": "upkeep", "effect": "NoSchedule"}
    nodes = [replace(one, taints=(upkeep,)) for one in cluster.observed.nodes]
    cluster.nodes(*nodes, node("node-c", None, upkeep))
    assert counts(cluster) == {"matched": 2, "tuned": 2}
    ends = {"key": "upkeep", "effect": "NoExecute"}
    cluster.nodes(*(replace(one, taints=(ends,)) for one in nodes))
    assert counts(cluster) == {}


@pytest.mark.parametrize(
    ("taint", "tolerations", "is_for"),
    [
        ({"key": "dedicated", "value": "voice-ai", "effect": "NoSchedule"}, None, True),
        ({"key": "dedicated", "value": "others", "effect": "NoSchedule"}, None, False),
        ({"key": "dedicated", "value": "others", "effect": "NoSchedule"}, [{"operator": "Exists"}], True),
        (
            {"key": "a", "effect": "NoExecute"},
            [{"key": "a", "operator": "Exists", "effect": "NoSchedule"}],
            False,
        ),
        ({"key": "a", "effect": "PreferNoSchedule"}, [], True),
        ({"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}, [], True),
        ({"key": "node.kubernetes.io/not-ready", "effect": "NoExecute"}, [], True),
    ],
)
def test_a_node_is_chosen_by_taints_as_a_daemon_sets_pods_are(
    taint: dict[str, str], tolerations: Any, is_for: bool
) -> None:
    spec: dict[str, Any] = {} if tolerations is None else {"placement": {"tolerations": tolerations}}
    cluster = TunedCluster(node_tuning(**spec))
    cluster.nodes(node("node-a", None, taint))
    assert status(cluster)["nodes"]["matched"] == is_for


def test_where_no_node_is_chosen_it_says_so() -> None:
    cluster = TunedCluster()
    cluster.nodes(node("other", {}))
    cluster.settle()
    assert condition(status(cluster), "Ready")["reason"] == "NoNodes"
    assert "placement.nodeSelector" in condition(status(cluster), "Tuned")["message"]


def test_a_changed_value_is_another_profile_and_no_label_until_it_is_read_back() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    before = cluster.state("node-a")
    cluster.tuning["spec"] = {"sysctls": {"vm.swappiness": "5"}, "governor": ""}
    cluster.settle()
    assert cluster.state("node-a") == ("tuning", None)
    cluster.say("node-a", net__core__rmem_max="Restored")
    cluster.settle()
    assert cluster.state("node-a") == ("tuned", cluster.profile["profile"])
    assert cluster.state("node-a") != before


def test_what_a_pod_lacks_is_told() -> None:
    cluster = TunedCluster()
    cluster.settle()
    cluster.pod("node-a", ready=False, failing="example.com/parley-tuner:1 can't be pulled")
    found = condition(status(cluster), "Available")
    assert (found["status"], found["reason"]) == ("False", "NotReady")
    assert found["message"].endswith("does not start: example.com/parley-tuner:1 can't be pulled")
    cluster.see(pods={})
    assert condition(status(cluster), "Available")["message"] == "node node-a has no tuner yet"


def test_of_very_many_problems_the_worst_are_told_and_the_others_counted() -> None:
    cluster = TunedCluster()
    cluster.nodes(*(node(f"node-{number:03}") for number in range(30)))
    cluster.settle()
    for number in range(30):
        cluster.say(f"node-{number:03}", vm__swappiness="Drifted" if number == 29 else "Skipped")
    told = status(cluster)
    assert len(told["problems"]) == MOST_PROBLEMS
    assert told["moreProblems"] == 30 - MOST_PROBLEMS
    assert (told["problems"][0]["node"], told["problems"][0]["state"]) == ("node-029", "Drifted")


def pair(**of_the_other: Any) -> TunedCluster:
    """With an older one, for the same nodes."""
    cluster = TunedCluster(node_tuning("newer", created="2026-11-02T00:00:00Z"))
    cluster.see(others=(node_tuning("older", **of_the_other),))
    return cluster


def test_of_two_values_of_a_key_the_older_object_keeps_its_and_the_newer_leaves_the_key_alone() -> None:
    cluster = pair(sysctls={"vm.swappiness": "60"})
    cluster.settle()
    assert cluster.profile["sysctls"] == {"net.core.rmem_max": "4194304"}
    found = condition(status(cluster), "Accepted")
    assert (found["status"], found["reason"]) == ("False", "Conflict")
    assert found["message"].startswith(
        "vm.swappiness is 1 in newer and 60 in older, which is older and keeps it, on nodes node-a, node-b: newer"
    )
    for name in ("node-a", "node-b"):
        cluster.say(name)
    cluster.settle()
    assert cluster.state("node-a") == ("tuning", None), "it has not all of the spec"
    assert counts(cluster) == {"matched": 2, "conflicting": 2}
    assert {row["state"] for row in status(cluster)["problems"]} == {"Conflict"}
    assert reasons(status(cluster))["Tuned"] == "False Conflict"


def test_the_older_one_is_served_and_names_the_newer() -> None:
    cluster = TunedCluster(node_tuning("older"))
    newer = node_tuning("newer", created="2026-11-02T00:00:00Z", sysctls={"vm.swappiness": "60"})
    cluster.see(others=(newer,))
    cluster.tuned()
    assert set(reasons(status(cluster)).values()) == {"True"}
    assert (
        "newer, which is newer, leaves vm.swappiness to it"
        in condition(status(cluster), "Accepted")["message"]
    )


def test_the_same_value_is_no_conflict_nor_are_other_nodes_nor_one_that_is_being_deleted() -> None:
    for other in (
        node_tuning("older"),
        node_tuning("older", sysctls={"vm.swappiness": "60"}, placement={"nodeSelector": {"a": "b"}}),
        deleted(node_tuning("older", sysctls={"vm.swappiness": "60"})),
    ):
        cluster = pair()
        cluster.see(others=(other,))
        cluster.tuned()
        assert set(reasons(status(cluster)).values()) == {"True"}, other


def test_the_governor_is_a_key_like_the_others() -> None:
    cluster = TunedCluster(node_tuning("newer", created="2026-11-02T00:00:00Z", governor="performance"))
    cluster.see(others=(node_tuning("older", governor="powersave"),))
    cluster.settle()
    assert cluster.profile["governor"] == ""
    assert cluster.profile["sysctls"] == SYSCTLS
    assert "governor is performance in newer" in condition(status(cluster), "Accepted")["message"]


def test_a_key_that_is_left_to_another_stands_in_no_thirds_way() -> None:
    """The second leaves its key to the first on all nodes, so the third, on nodes of the second alone, has it."""
    selector = {"placement": {"nodeSelector": {"pool": "b"}}}
    third = TunedCluster(
        node_tuning("third", "2026-11-03T00:00:00Z", sysctls={"vm.swappiness": "3"}, **selector)
    )
    first = node_tuning("first", sysctls={"vm.swappiness": "1"}, placement={"nodeSelector": {"pool": "a"}})
    second = node_tuning(
        "second", "2026-11-02T00:00:00Z", sysctls={"vm.swappiness": "2"}, placement={"nodeSelector": {}}
    )
    third.nodes(node("node-a", {"pool": "a"}), node("node-b", {"pool": "b"}))
    third.see(others=(first, second))
    third.settle()
    assert third.profile["sysctls"] == {"vm.swappiness": "3"}


def test_two_that_are_for_the_same_nodes_answer_at_ports_of_their_own() -> None:
    cluster = TunedCluster()
    cluster.see(ports={9015: "older", 9016: "oldest"})
    cluster.settle()
    [container] = only(list(cluster.observed.children.values()), "DaemonSet")["spec"]["template"]["spec"][
        "containers"
    ]
    assert container["ports"] == [
        {"containerPort": 9017, "hostPort": 9017, "name": "http", "protocol": "TCP"}
    ]
    cluster.see(ports={})
    assert cluster.plan().port == 9017, "another one would replace its pods"


def test_deleted_it_empties_the_profile_waits_for_each_node_and_leaves_nothing() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.tuning = deleted(cluster.tuning)
    made = cluster.step()
    assert made.held
    assert made.status is not None
    assert reasons(made.status) == {
        "Accepted": "False Deleting",
        "Available": "True",
        "Tuned": "False Restoring",
        "Ready": "False Deleting",
    }
    assert cluster.profile["sysctls"] == {}
    assert cluster.state("node-a") == ("restoring", None)
    assert all("ownerReferences" not in obj["metadata"] for obj in made.objects), (
        "foreground deletion takes what is owned"
    )
    assert (
        "old values to be back on nodes node-a, node-b"
        in condition(cluster.tuning["status"], "Ready")["message"]
    )
    cluster.say("node-a")
    cluster.settle()
    assert cluster.state("node-a") == (None, None)
    assert cluster.plan().held
    cluster.say("node-b")
    cluster.step()
    made = cluster.step()
    assert made.held is False
    assert cluster.observed.children == {}
    assert {name for one in cluster.observed.nodes for name in one.labels} == {"node-type"}


def test_a_node_that_vanishes_while_it_is_deleted_is_not_waited_for() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.tuning = deleted(cluster.tuning)
    cluster.step()
    cluster.say("node-a")
    cluster.nodes(*(one for one in cluster.observed.nodes if one.name == "node-a"))
    cluster.step()
    assert cluster.step().held is False


def test_a_node_that_never_says_restored_is_told_and_given_up_after_ten_minutes() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.tuning = deleted(cluster.tuning)
    cluster.step()
    cluster.say("node-a")
    cluster.pod("node-b", status=None)
    cluster.settle(LATE - timedelta(seconds=1))
    assert cluster.plan(LATE - timedelta(seconds=5)).again_after == 5
    assert cluster.plan(LATE - timedelta(seconds=1)).held
    made = cluster.step(LATE)
    assert made.held, "first it is told"
    assert reasons(made.status) | {"Available": ""} == {
        "Accepted": "False Deleting",
        "Available": "",
        "Tuned": "False NotRestored",
        "Ready": "False Deleting",
    }
    assert (made.objects, made.prune) == ([], []), "nothing that could be refused"
    assert "said to be back: node node-b" in condition(made.status, "Ready")["message"]
    assert cluster.state("node-b") == (None, None)
    assert cluster.step(LATE).held is False


def test_one_that_never_tuned_a_node_goes_at_once_also_when_its_spec_breaks_a_rule() -> None:
    tuning = deleted(node_tuning(sysctls={"kernel.panic": "1"}))
    assert TunedCluster(tuning).plan().held is False


def test_what_breaks_a_rule_changes_nothing_on_any_node() -> None:
    cluster = TunedCluster()
    cluster.tuned()
    cluster.tuning["spec"] = {"sysctls": {"kernel.panic": "1"}}
    made = cluster.plan()
    assert (made.objects, made.labels, made.prune) == ([], [], [])
    assert condition(made.status, "Accepted")["reason"] == "Invalid"
    assert made.status is not None
    assert made.status["nodes"]["tuned"] == 2


def test_a_namespace_that_refuses_privileged_pods_and_ports_that_are_all_taken_are_told() -> None:
    cluster = TunedCluster(settings=Settings(tuner_port_first=9015, tuner_port_last=9015))
    cluster.see(ports={9015: "older"})
    assert condition(status(cluster), "Accepted")["reason"] == "NoPort"
    labels = {"pod-security.kubernetes.io/enforce": "baseline"}
    cluster.see(home={"metadata": {"name": "parley-nodes", "labels": labels}})
    assert condition(status(cluster), "Accepted")["reason"] == "NamespaceRefuses"
    assert {"NoPort", "NamespaceRefuses", "Conflict"} <= set(ACCEPTED_REASONS)


def test_what_the_api_server_refuses_is_told() -> None:
    cluster = TunedCluster()
    ref = Ref("DaemonSet", "parley-nodes", "low-latency-tuning")
    cluster.see(failures=(Failure(ref, "NotFound", 'namespaces "parley-nodes" not found'),))
    assert condition(status(cluster), "Accepted")["message"] == (
        'the API server refused the DaemonSet parley-nodes/low-latency-tuning: namespaces "parley-nodes" not found'
    )
