"""What is done about a model server, from its first look to its last: the plan, over a small cluster of values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parley_operator import names
from parley_operator.plan.model import PodModels
from parley_operator.plan.plan import Failure, Object, Ref, ref_of
from parley_operator.settings import Settings
from tests.small_cluster import BOTH_KINDS, changed, condition, only, reasons
from tests.small_model_cluster import NAMESPACE, SmallModelCluster, model_server

ALL_TRUE = dict.fromkeys(("Accepted", "Available", "Guaranteed", "UpToDate", "Ready"), "True")
KEDA = {"maxReplicas": 4, "targetRequests": 8, "keda": {"serverAddress": "http://prometheus:9090"}}


def running(**spec: Any) -> SmallModelCluster:
    cluster = SmallModelCluster(model_server(**spec))
    cluster.see(kinds=BOTH_KINDS)
    cluster.settle()
    return cluster


def vllm(**fields: Any) -> dict[str, Any]:
    return {"vllm": {"model": "org/small", **fields}}


def told(cluster: SmallModelCluster) -> dict[str, str]:
    return reasons(cluster.plan().status)


def says(cluster: SmallModelCluster, kind: str) -> str:
    return str(condition(cluster.plan().status, kind)["message"])


def deployment_says(cluster: SmallModelCluster, **status: Any) -> None:
    assert cluster.deployment is not None
    cluster.deployment["status"] = {**cluster.deployment["status"], **status}


def unavailable(cluster: SmallModelCluster) -> None:
    lacks = {
        "type": "Available",
        "status": "False",
        "reason": "MinimumReplicasUnavailable",
        "message": "none.",
    }
    deployment_says(cluster, readyReplicas=0, conditions=[lacks])


def roll(cluster: SmallModelCluster, **facts: Any) -> None:
    """The Deployment's controller has made the pod that is to take over, and it is as `facts` have it."""
    cluster.carry_out(cluster.plan())
    assert cluster.deployment is not None
    generation = cluster.deployment["metadata"]["generation"]
    deployment_says(cluster, observedGeneration=generation, replicas=2, updatedReplicas=1)
    [before] = cluster.observed.pods.values()
    new = replace(before, name="pod-new", uid="new", ready=False, status=None, phase="Pending", **facts)
    cluster.see(pods={**cluster.observed.pods, new.name: new})


def test_once_it_runs_all_is_true_and_nothing_is_left_to_do() -> None:
    cluster = running()
    assert told(cluster) == ALL_TRUE
    assert cluster.writes(cluster.plan()) == []
    status = cluster.server["status"]
    assert status["url"] == "http://llm.models.svc:8000/v1"
    assert (status["model"], status["readyReplicas"], status["image"]) == (
        "org/small",
        1,
        "example.com/vllm:1",
    )


def test_what_is_applied_comes_in_the_order_in_which_it_is_needed() -> None:
    cluster = SmallModelCluster(
        model_server(cache={"volume": {"size": "9Gi"}}, autoscaling=KEDA, gpus={"count": 2})
    )
    cluster.see(kinds=BOTH_KINDS)
    assert [obj["kind"] for obj in cluster.plan().objects] == [
        *("ServiceAccount", "PersistentVolumeClaim", "NetworkPolicy", "Service", "Deployment"),
        *("PodDisruptionBudget", "ScaledObject", "PodMonitor"),
    ]


def test_while_it_loads_its_conditions_say_so() -> None:
    cluster = running()
    unavailable(cluster)
    cluster.pod("pod-1-0", ready=False, status=None)
    assert told(cluster)["Available"] == "False MinimumReplicasUnavailable"
    assert says(cluster, "Available") == "none. (pod pod-1-0 has not loaded its model yet)"
    assert told(cluster)["UpToDate"] == "Unknown NoneReady"


def test_one_that_crashes_is_told_with_its_exit_code() -> None:
    cluster = running()
    unavailable(cluster)
    cluster.pod("pod-1-0", ready=False, status=None, failing="CrashLoopBackOff, exit code 1")
    assert "(pod pod-1-0 does not start: CrashLoopBackOff, exit code 1)" in says(cluster, "Ready")


def test_one_without_a_gpu_says_which_resource_lacks() -> None:
    cluster = running()
    unavailable(cluster)
    lacks = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu."
    cluster.pod("pod-1-0", ready=False, status=None, phase="Pending", unschedulable=lacks)
    assert lacks in says(cluster, "Ready")


def test_a_rollout_that_finds_no_gpu_says_so_and_takes_nothing_down() -> None:
    cluster = running()
    cluster.agent = changed(cluster.server, engine=vllm(maxModelLen=4096))
    roll(cluster, unschedulable="0/1 nodes are available: 1 Insufficient nvidia.com/gpu.")
    plan = cluster.plan()
    assert reasons(plan.status)["UpToDate"] == "False Unschedulable"
    message = condition(plan.status, "UpToDate")["message"]
    assert "what ran before goes on" in message
    assert "Insufficient nvidia.com/gpu" in message
    assert plan.prune == []
    strategy = only(plan.objects, "Deployment")["spec"]["strategy"]["rollingUpdate"]
    assert strategy["maxUnavailable"] == 0
    assert plan.status is not None
    assert plan.status["model"] == "org/small"


def test_a_new_name_is_told_once_all_pods_have_it_and_the_old_one_is_answered_until_then() -> None:
    cluster = running()
    cluster.agent = changed(cluster.server, engine=vllm(model="org/larger"))
    roll(cluster)
    assert cluster.serves == ("org/larger", "org/small")
    assert cluster.plan().status["model"] == "org/small"  # type: ignore[index]
    cluster.pod("pod-new", ready=True, status=PodModels(("org/larger", "org/small")), phase="Running")
    assert cluster.plan().status["model"] == "org/small", "one pod has it not"  # type: ignore[index]
    cluster.settle()
    assert cluster.server["status"]["model"] == "org/larger"
    assert told(cluster) == ALL_TRUE
    assert cluster.templates == 2, "the older name goes with the next change: it is no reason to roll"


def test_a_name_that_changes_twice_in_one_rollout_leaves_agents_the_one_that_they_have() -> None:
    cluster = running()
    cluster.agent = changed(cluster.server, engine=vllm(model="org/larger"))
    roll(cluster)
    cluster.agent = {
        **changed(cluster.server, engine=vllm(model="org/largest")),
        "status": cluster.server["status"],
    }
    cluster.carry_out(cluster.plan())
    assert cluster.serves == ("org/largest", "org/larger", "org/small")


def test_a_pod_that_serves_another_model_is_told() -> None:
    cluster = running()
    cluster.pod("pod-1-0", status=PodModels(("org/other",)))
    assert told(cluster)["UpToDate"] == "False OtherModel"
    assert says(cluster, "UpToDate") == "pod pod-1-0 serves org/other, not org/small"


def test_a_pod_that_answers_nobody_is_told() -> None:
    cluster = running()
    cluster.pod("pod-1-0", status=None)
    assert told(cluster)["UpToDate"] == "Unknown NotAnswered"
    assert cluster.plan().status["model"] == "org/small", "it was read back once"  # type: ignore[index]


@pytest.mark.parametrize(
    ("spec", "reason", "instead"),
    [
        ({"engine": {"fasterWhisper": {"model": "small.en"}}}, "NotServedYet", "engines.stt.fasterWhisper"),
        ({"engine": {"piper": {"voice": "en_US-lessac-medium"}}}, "NotServedYet", "engines.tts.piper"),
        ({"gpus": {"count": 0}}, "NoImage", "VLLM_CPU_IMAGE"),
        ({"credentials": {"name": "hub"}}, "SecretMissing", "the Secret hub is not in this namespace"),
        ({"pods": {"caConfigMap": "ca"}}, "ConfigMapMissing", "the ConfigMap ca is not in this namespace"),
        (
            {"cache": {"persistentVolumeClaim": {"claimName": "weights"}}},
            "ClaimMissing",
            "the PersistentVolumeClaim weights is not in this namespace",
        ),
        ({"engine": {"vllm": {"model": "a b"}}}, "Invalid", "spec.engine.vllm.model"),
    ],
)
def test_what_it_lacks_is_told_with_what_to_do(spec: Object, reason: str, instead: str) -> None:
    cluster = running()
    before = dict(cluster.observed.children)
    cluster.agent = changed(cluster.server, **spec)
    plan = cluster.step()
    assert reasons(plan.status)["Accepted"] == f"False {reason}"
    assert instead in condition(plan.status, "Accepted")["message"]
    assert (plan.objects, plan.prune) == ([], [])
    assert cluster.observed.children == before
    assert plan.again_after is not None


def test_without_keda_autoscaling_by_it_is_refused() -> None:
    cluster = SmallModelCluster(model_server(autoscaling=KEDA))
    assert told(cluster)["Accepted"] == "False KedaMissing"


def test_what_the_api_server_refuses_is_told() -> None:
    cluster = running()
    ref = Ref("PersistentVolumeClaim", NAMESPACE, "llm")
    cluster.see(failures=(Failure(ref, "Invalid", "spec.resources.requests.storage: may not be less"),))
    assert told(cluster)["Accepted"] == "False Invalid"
    assert "PersistentVolumeClaim models/llm" in says(cluster, "Accepted")


def test_a_claim_stays_when_the_cache_is_another() -> None:
    """A model of a hundred gigabytes was fetched into it: who writes `volume` again finds it there."""
    cluster = running(cache={"volume": {"size": "90Gi"}})
    cluster.agent = changed(cluster.server, cache={"emptyDir": {}})
    assert cluster.step().prune == []
    assert Ref("PersistentVolumeClaim", NAMESPACE, "llm") in cluster.observed.children


def test_replicas_that_an_autoscaler_set_are_left_to_it() -> None:
    cluster = running(autoscaling=KEDA)
    assert cluster.deployment is not None
    cluster.deployment["spec"]["replicas"] = 3
    assert "replicas" not in only(cluster.plan().objects, "Deployment")["spec"]
    assert cluster.plan().status["replicas"] == 3  # type: ignore[index]


def test_an_upgrade_of_the_operator_rolls_it_in_its_turn_alone() -> None:
    cluster = running()
    cluster.settings = Settings(vllm_image="example.com/vllm:2")
    plan = cluster.plan()
    assert plan.rolls
    assert cluster.writes(plan) == []
    cluster.see(may_roll=True)
    assert cluster.step().rolls
    assert cluster.container["image"] == "example.com/vllm:2"


def test_one_that_moves_to_cpus_gets_their_image() -> None:
    cluster = running()
    cluster.settings = replace(cluster.settings, vllm_cpu_image="example.com/vllm-cpu:1")
    cluster.agent = changed(cluster.server, gpus={"count": 0})
    cluster.settle()
    assert cluster.container["image"] == "example.com/vllm-cpu:1"
    assert "nvidia.com/gpu" not in cluster.container["resources"]["limits"]


def test_scaled_to_zero_it_is_ready_and_says_so() -> None:
    cluster = running(replicas=0)
    assert condition(cluster.server["status"], "Ready")["reason"] == "ScaledToZero"


def test_scaling_and_deletion_roll_nothing() -> None:
    cluster = running()
    cluster.agent = changed(cluster.server, replicas=2, deletion="Cut")
    cluster.settle()
    assert cluster.templates == 1


def deleted(cluster: SmallModelCluster) -> None:
    metadata = {**cluster.server["metadata"], "deletionTimestamp": "2026-03-04T12:00:00Z"}
    cluster.agent = {**cluster.server, "metadata": metadata}


def test_one_that_agents_name_is_held_and_one_that_nobody_names_is_not() -> None:
    cluster = running()
    assert cluster.plan().held is False
    cluster.see(agents=("voice-ai/shop",))
    assert cluster.plan().held is True
    assert cluster.plan().status["agents"] == 1  # type: ignore[index]
    cluster.agent = changed(cluster.server, deletion="Cut")
    assert cluster.plan().held is False


def test_one_that_never_ran_is_not_held() -> None:
    cluster = SmallModelCluster(model_server(credentials={"name": "hub"}))
    cluster.see(agents=("voice-ai/shop",))
    assert cluster.plan().held is False


def test_deleted_while_used_it_serves_until_no_agent_names_it() -> None:
    cluster = running()
    cluster.see(agents=tuple(f"voice-ai/shop-{number}" for number in range(7)))
    deleted(cluster)
    plan = cluster.step()
    assert (plan.held, plan.objects, plan.prune) == (True, [], [])
    message = condition(plan.status, "Ready")["message"]
    assert "voice-ai/shop-0, " in message
    assert "and 2 more" in message
    assert "deletion: Cut" in message
    assert told(cluster)["Available"] == "True", "agents go on by it"
    cluster.see(agents=())
    assert cluster.plan().held is False


def test_deleted_in_the_foreground_all_that_it_has_is_kept_without_an_owner_until_no_agent_names_it() -> None:
    """Bug: the garbage collector took its Deployment from under the agents, and it was let go since it had none."""
    cluster = running()
    had = set(cluster.observed.children)
    cluster.see(agents=("voice-ai/shop",))
    deleted(cluster)
    cluster.server["metadata"]["finalizers"] = ["parley.dev/agents", "foregroundDeletion"]
    cluster.see(children={})
    plan = cluster.step()
    assert plan.held
    assert {ref_of(obj) for obj in plan.objects} == had
    assert all("ownerReferences" not in obj["metadata"] for obj in plan.objects)
    cluster.see(agents=())
    plan = cluster.plan()
    assert (plan.held, set(plan.prune)) == (False, had)


def test_a_namespace_that_ends_is_not_held_up() -> None:
    cluster = running()
    cluster.see(agents=("elsewhere/shop",), namespace={"status": {"phase": "Terminating"}})
    deleted(cluster)
    assert cluster.plan().held is False


def test_it_has_time_for_its_answers_before_it_is_killed() -> None:
    cluster = running(drainSeconds=300)
    assert cluster.deployment is not None
    spec = cluster.deployment["spec"]["template"]["spec"]
    assert "--shutdown-timeout=300" in cluster.container["args"]
    still_served = cluster.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert spec["terminationGracePeriodSeconds"] > still_served + 300


def test_every_name_of_a_child_is_the_host_in_its_url() -> None:
    cluster = running()
    service = only(cluster.plan().objects, "Service")
    [port] = service["spec"]["ports"]
    assert (
        cluster.server["status"]["url"]
        == f"http://{service['metadata']['name']}.{NAMESPACE}.svc:{port['port']}/v1"
    )
    assert service["spec"]["selector"] == {names.PARLEY_MODEL_SERVER: "llm"}


def test_in_a_tenants_namespace_it_has_no_policy_of_its_own_refused_or_not() -> None:
    cluster = running()
    policy = Ref("NetworkPolicy", NAMESPACE, "llm")
    assert policy in cluster.observed.children
    templates = cluster.templates
    cluster.see(isolated=True)
    cluster.settle()
    assert policy not in cluster.observed.children
    assert cluster.templates == templates
    cluster.see(isolated=False)
    cluster.settle()
    assert policy in cluster.observed.children
    cluster.agent = changed(cluster.server, credentials={"name": "no-such-secret"})
    cluster.see(isolated=True)
    made = cluster.step()
    assert condition(made.status, "Accepted")["reason"] == "SecretMissing"
    assert policy not in cluster.observed.children
