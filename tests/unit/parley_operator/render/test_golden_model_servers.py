"""What a few model servers become, whole, as files that a reader can look at; and what is true of each of them."""

from __future__ import annotations

from typing import Any

import pytest

from parley_api.quantities import amount
from parley_operator import names
from parley_operator.render.model_pod import MODELS
from tests.small_cluster import only
from tests.unit.parley_operator.golden.__main__ import MODEL_SERVERS, text

Object = dict[str, Any]

ALL = [
    pytest.param(obj, id=f"{name} {obj['kind']}")
    for name in MODEL_SERVERS.names
    for obj in MODEL_SERVERS.objects(name)
]
PODS = [
    pytest.param(name, only(MODEL_SERVERS.objects(name), "Deployment")["spec"]["template"]["spec"], id=name)
    for name in MODEL_SERVERS.names
]


def environment(pod: Object) -> dict[str, str]:
    [container] = pod["containers"]
    return {one["name"]: one.get("value", "") for one in container["env"]}


@pytest.mark.parametrize("name", MODEL_SERVERS.names)
def test_it_becomes_what_its_golden_file_shows(name: str) -> None:
    assert MODEL_SERVERS.file(name).read_text() == text(MODEL_SERVERS.objects(name)), (
        "look at the difference, then: python -m tests.unit.parley_operator.golden"
    )


def test_there_is_a_golden_file_for_each_model_server_and_no_other() -> None:
    assert len(MODEL_SERVERS.names) >= 3
    assert MODEL_SERVERS.shown == MODEL_SERVERS.names


@pytest.mark.parametrize("obj", ALL)
def test_every_object_goes_with_its_model_server_and_is_found_by_its_label(obj: Object) -> None:
    metadata = obj["metadata"]
    [owner] = metadata["ownerReferences"]
    assert (owner["kind"], owner["controller"], owner["blockOwnerDeletion"]) == ("ModelServer", True, True)
    assert metadata["labels"][names.PARLEY_MODEL_SERVER] == owner["name"] == metadata["name"]
    assert metadata["namespace"] == "models"
    assert "finalizers" not in metadata


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_its_one_container_is_guaranteed_and_gpus_are_both_requested_and_limited(
    name: str, pod: Object
) -> None:
    [container] = pod["containers"]
    limits, requests = container["resources"]["limits"], container["resources"]["requests"]
    assert limits == requests
    count = MODEL_SERVERS.manifest(name)["spec"]["gpus"]["count"]
    assert limits.get("nvidia.com/gpu") == (str(count) if count else None)


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_a_pod_may_do_nothing_that_it_does_not_need(name: str, pod: Object) -> None:
    """Pod Security restricted, and nothing to write but the cache and what passes with the pod."""
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert (pod["securityContext"]["runAsNonRoot"], pod["securityContext"]["runAsUser"]) == (True, 1000)
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    [container] = pod["containers"]
    security = container["securityContext"]
    assert security == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
    assert writable == {MODELS, "/dev/shm", "/tmp"}
    assert not pod.keys() & {"hostNetwork", "hostPID", "hostIPC"}
    volumes = [volume["name"] for volume in pod["volumes"]]
    assert sorted(volumes) == sorted(mount["name"] for mount in container["volumeMounts"])


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_shared_memory_is_memory_and_a_part_of_the_pods(name: str, pod: Object) -> None:
    [shared] = [one["emptyDir"] for one in pod["volumes"] if one.get("emptyDir", {}).get("medium")]
    assert shared["medium"] == "Memory"
    memory = pod["containers"][0]["resources"]["limits"]["memory"]
    least, most = amount(shared["sizeLimit"]), amount(memory)
    assert least is not None
    assert most is not None
    assert least < most


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_nothing_is_told_to_anybody_outside(name: str, pod: Object) -> None:
    found = environment(pod)
    for variable in ("DO_NOT_TRACK", "VLLM_NO_USAGE_STATS", "HF_HUB_DISABLE_TELEMETRY"):
        assert found[variable] == "1"
    a_path = MODEL_SERVERS.manifest(name)["spec"]["engine"]["vllm"]["model"].startswith("/")
    assert (found.get("HF_HUB_OFFLINE") == "1") is a_path


@pytest.mark.parametrize(("name", "pod"), PODS)
def test_it_is_begun_anew_only_when_its_model_has_had_its_time(name: str, pod: Object) -> None:
    [container] = pod["containers"]
    probe = container["startupProbe"]
    wanted = MODEL_SERVERS.manifest(name)["spec"].get("startupSeconds", 1_800)
    given = probe["failureThreshold"] * probe["periodSeconds"]
    assert wanted <= given < wanted + probe["periodSeconds"]
    assert only(MODEL_SERVERS.objects(name), "Deployment")["spec"]["progressDeadlineSeconds"] > given


def test_what_kubernetes_would_replace_in_arguments_is_escaped() -> None:
    """$(HOME) in a chat template would become the pod's home; $$ stands for one $."""
    [container] = only(MODEL_SERVERS.objects("everything"), "Deployment")["spec"]["template"]["spec"][
        "containers"
    ]
    [template] = [one for one in container["args"] if one.startswith("--chat-template=")]
    assert "$$(HOME)" in template


def test_a_token_comes_from_its_secret_alone() -> None:
    [container] = only(MODEL_SERVERS.objects("everything"), "Deployment")["spec"]["template"]["spec"][
        "containers"
    ]
    [token] = [one for one in container["env"] if one["name"] == "HF_TOKEN"]
    assert token["valueFrom"] == {"secretKeyRef": {"key": "HF_TOKEN", "name": "hub"}}
    assert "hub" not in str(container["args"])


def test_a_volume_that_one_node_alone_can_have_keeps_its_pods_on_one_node() -> None:
    """Else the pod that takes over waits on another node for a volume that the first one keeps: for ever."""
    pod = only(MODEL_SERVERS.objects("cpu"), "Deployment")["spec"]["template"]["spec"]
    [term] = pod["affinity"]["podAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["topologyKey"] == "kubernetes.io/hostname"
    assert (
        "affinity" not in only(MODEL_SERVERS.objects("everything"), "Deployment")["spec"]["template"]["spec"]
    )


def test_without_a_gpu_a_quarter_of_its_memory_is_for_what_it_remembers_of_prompts() -> None:
    """vLLM would take its part of the node's memory, not of the pod's, and be killed for it."""
    [container] = only(MODEL_SERVERS.objects("cpu"), "Deployment")["spec"]["template"]["spec"]["containers"]
    assert f"--kv-cache-memory-bytes={4 * 2**30 // 4}" in container["args"]


@pytest.mark.parametrize(
    ("name", "ports"), [("smallest", {53, 443}), ("everything", {53, 443, 3128}), ("cpu", {53})]
)
def test_its_pods_reach_names_and_the_hub_where_they_fetch_and_nothing_else(
    name: str, ports: set[int]
) -> None:
    policy = only(MODEL_SERVERS.objects(name), "NetworkPolicy")["spec"]
    [egress] = policy["egress"]
    assert {one["port"] for one in egress["ports"]} == ports
    [ingress] = policy["ingress"]
    assert ingress == {"ports": [{"port": 8000, "protocol": "TCP"}]}


def test_keda_asks_for_requests_in_progress_and_waiting_together() -> None:
    [trigger] = only(MODEL_SERVERS.objects("everything"), "ScaledObject")["spec"]["triggers"]
    mine = '{namespace="models",parley_dev_model_server="llm-large"}'
    query = f"sum(vllm:num_requests_running{mine}) + sum(vllm:num_requests_waiting{mine})"
    assert trigger["metadata"]["query"] == query
    assert trigger["metadata"]["threshold"] == "32"
