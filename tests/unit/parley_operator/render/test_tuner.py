"""What a NodeTuning becomes: as its golden file shows, and what is true of it in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley_api.nodetuning import DEFAULTS
from parley_operator import names
from parley_operator.render.tuner import FILE, Profile
from parley_tuner.profile import parse
from tests.small_cluster import only
from tests.tuned_cluster import TunedCluster, node_tuning
from tests.unit.parley_operator.golden.__main__ import NODE_TUNINGS, text

MADE = NODE_TUNINGS.objects("everything")
CONFIG_MAP, DAEMON_SET = only(MADE, "ConfigMap"), only(MADE, "DaemonSet")
TEMPLATE = DAEMON_SET["spec"]["template"]
POD = TEMPLATE["spec"]
[CONTAINER] = POD["containers"]


@pytest.mark.parametrize("name", NODE_TUNINGS.names)
def test_it_becomes_what_its_golden_file_shows(name: str) -> None:
    assert NODE_TUNINGS.file(name).read_text() == text(NODE_TUNINGS.objects(name)), (
        "look at the difference, then: python -m tests.unit.parley_operator.golden"
    )


def test_there_is_a_golden_file_for_each_node_tuning_and_no_other() -> None:
    assert NODE_TUNINGS.shown == NODE_TUNINGS.names == ["everything", "smallest"]


def test_it_is_in_the_tuners_namespace_goes_with_its_object_and_is_found_as_it_always_was() -> None:
    for obj in MADE:
        assert obj["metadata"]["namespace"] == "parley-nodes"
        [owner] = obj["metadata"]["ownerReferences"]
        assert (owner["kind"], owner["name"], owner["controller"]) == ("NodeTuning", "low-latency", True)
    assert TEMPLATE["metadata"]["labels"]["app"] == "sysctl-tuning"
    assert TEMPLATE["metadata"]["labels"].items() >= DAEMON_SET["spec"]["selector"]["matchLabels"].items()


def test_the_profile_is_one_that_the_tuner_takes() -> None:
    profile = parse(CONFIG_MAP["data"][FILE].encode(), "node-a")
    assert (profile.owner, profile.governor) == ("low-latency", "performance")
    assert profile.sysctls == DEFAULTS
    assert profile.digest == json.loads(CONFIG_MAP["data"][FILE])["profile"]


def test_a_tuner_runs_where_the_operator_has_labelled_the_node_and_not_where_the_specs_labels_are() -> None:
    required = POD["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    [term] = required["nodeSelectorTerms"]
    assert term == {"matchExpressions": [{"key": "tuning.parley.dev/low-latency", "operator": "Exists"}]}
    assert "nodeSelector" not in POD
    assert POD["tolerations"] == [
        {"key": "dedicated", "operator": "Equal", "value": "voice-ai", "effect": "NoSchedule"}
    ]


def test_a_tuner_is_guaranteed_and_the_last_to_be_evicted() -> None:
    assert CONTAINER["resources"]["limits"] == CONTAINER["resources"]["requests"]
    assert CONTAINER["resources"]["limits"].keys() == {"cpu", "memory"}
    assert POD["priorityClassName"] == "system-node-critical"


def test_a_tuner_may_do_what_a_nodes_keys_need_and_has_no_token_and_one_folder_of_the_node() -> None:
    assert CONTAINER["securityContext"] == {"privileged": True, "readOnlyRootFilesystem": True}
    assert POD["hostNetwork"] is True
    assert not POD.keys() & {"hostPID", "hostIPC"}
    assert POD["automountServiceAccountToken"] is False
    hosts = [volume["hostPath"]["path"] for volume in POD["volumes"] if "hostPath" in volume]
    assert hosts == ["/var/lib/parley-tuner"]
    writable = [mount["mountPath"] for mount in CONTAINER["volumeMounts"] if not mount.get("readOnly")]
    assert writable == hosts


def test_the_port_is_the_same_wherever_it_is_said() -> None:
    [port] = CONTAINER["ports"]
    assert port["hostPort"] == port["containerPort"] == 9015
    assert CONTAINER["args"][CONTAINER["args"].index("--port") + 1] == "9015"
    assert TEMPLATE["metadata"]["annotations"] == {names.REPORT_PORT: "9015"}
    for probe in ("livenessProbe", "readinessProbe"):
        assert CONTAINER[probe]["httpGet"]["port"] == port["name"]


def test_the_profile_is_brought_as_a_folder_so_that_a_change_of_it_arrives() -> None:
    [mount] = [one for one in CONTAINER["volumeMounts"] if one["name"] == "profile"]
    assert "subPath" not in mount
    assert CONTAINER["args"][CONTAINER["args"].index("--profile") + 1] == f"{mount['mountPath']}/{FILE}"


def test_another_value_replaces_no_pod_and_another_image_does() -> None:
    def template(**spec: Any) -> Any:
        return only(TunedCluster(node_tuning(**spec)).plan().objects, "DaemonSet")["spec"]["template"]

    assert (
        template()
        == template(sysctls={"vm.swappiness": "5"})
        == template(placement={"nodeSelector": {"a": "b"}})
    )
    pinned = template(pods={"image": "example.com/parley-tuner:7", "pullSecrets": ["login"]})
    assert pinned["spec"]["containers"][0]["image"] == "example.com/parley-tuner:7"
    assert pinned["spec"]["imagePullSecrets"] == [{"name": "login"}]


def test_the_hash_tells_what_is_set_and_nothing_else() -> None:
    assert Profile({"a.b": "1", "c.d": "2"}).digest == Profile({"c.d": "2", "a.b": "1"}).digest
    digests = {
        profile.digest
        for profile in (
            Profile(),
            Profile({"a.b": "1"}),
            Profile({"a.b": "2"}),
            Profile({"a.b": "1"}, "performance"),
        )
    }
    assert len(digests) == 4
    assert {len(digest) for digest in digests} == {16}


@pytest.mark.parametrize("length", [1, 55, 56, 63])
def test_its_names_are_such_as_kubernetes_takes_and_no_two_are_the_same(length: int) -> None:
    name = "a" * length
    assert len(names.tuner(name)) <= 63
    assert len(names.tuning_label(name).partition("/")[2]) <= 63
    assert names.tuner(name) != names.tuner(f"b{name[1:]}")
    assert names.tuner(name) != names.child(name) or length > 55
