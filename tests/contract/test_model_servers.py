"""Model servers at a real API server: what they become is taken, agents follow them, a deletion waits, a GPU is missed.

One control plane without a GPU, whose fake pods answer for themselves. Each test has objects of its own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from parley_operator import names
from tests.contract.answering_pods import PODS, AnsweringPods
from tests.contract.operator_process import USER, install
from tests.contract.replica import QUICK, Replica, until
from tests.contract.small_models import model_server
from tests.contract.tenants import agent
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Kubectl, Manifest

MODELS, TENANT = "models", "tenant"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(kwok=True, pods=PODS) as plane:
        plane.add_nodes(3, labels={"node-type": "low-latency"})
        install(plane)
        plane.kubectl.established()
        plane.collects_new_kinds()
        for namespace in (MODELS, TENANT):
            plane.kubectl("create", "namespace", namespace)
        with AnsweringPods(plane.kubectl):
            yield plane


def voice_agent(name: str, server: str, namespace: str = MODELS) -> Manifest:
    return agent(
        name,
        TENANT,
        engines={"llm": {"modelServer": {"name": server, "namespace": namespace}}},
        placement={"resources": {"cpu": "100m", "memory": "64Mi"}},
    )


def apply(kubectl: Kubectl, *manifests: Manifest) -> None:
    """Each into its own namespace."""
    for namespace in sorted({one["metadata"]["namespace"] for one in manifests}):
        there = [one for one in manifests if one["metadata"]["namespace"] == namespace]
        kubectl.inside(namespace).apply(*there, options=["--server-side", "--force-conflicts"])


def conditions(kubectl: Kubectl, kind: str, name: str, namespace: str) -> dict[str, dict[str, str]]:
    found = kubectl.inside(namespace).json("get", kind, name).get("status", {}).get("conditions", [])
    return {one["type"]: one for one in found}


def is_ready(kubectl: Kubectl, kind: str, name: str, namespace: str) -> Callable[[], bool]:
    return lambda: conditions(kubectl, kind, name, namespace).get("Ready", {}).get("status") == "True"


def test_it_becomes_ready_and_an_agent_of_another_namespace_is_told_its_address(
    plane: ControlPlane, operator: Replica
) -> None:
    kubectl = plane.kubectl
    apply(kubectl, model_server("llm", MODELS), voice_agent("asks", "llm"))
    until("the model server is ready", is_ready(kubectl, "modelserver", "llm", MODELS), 40)
    until("its agent is ready", is_ready(kubectl, "voiceagent", "asks", TENANT), 40)
    status = kubectl.json("get", "modelserver", "llm", f"--namespace={MODELS}")["status"]
    assert (status["url"], status["model"]) == (f"http://llm.{MODELS}.svc:8000/v1", "org/small")
    until("its agents are counted", lambda: agents_of(kubectl, "llm") == 1)
    files = kubectl.json("get", "configmaps", f"--namespace={TENANT}", "--selector=parley.dev/agent=asks")
    assert f"http://llm.{MODELS}.svc:8000/v1" in json.dumps(files)


def agents_of(kubectl: Kubectl, name: str) -> int:
    return int(kubectl.json("get", "modelserver", name, f"--namespace={MODELS}")["status"]["agents"])


def test_agents_follow_within_two_seconds_at_p95(plane: ControlPlane, operator: Replica) -> None:
    """Ten times to nothing and back, with ten agents: from the write that tells of the model server to theirs."""
    kubectl = plane.kubectl
    followers = [f"follows-{number}" for number in range(10)]
    apply(kubectl, model_server("moody", MODELS), *(voice_agent(name, "moody") for name in followers))
    for name in followers:
        until(f"{name} is ready", is_ready(kubectl, "voiceagent", name, TENANT), 60)
    seconds: list[float] = []
    for turn in range(10):
        audit = plane.audit.from_now()
        wanted = "False" if turn % 2 == 0 else "True"
        kubectl("scale", "modelserver/moody", f"--replicas={turn % 2}", f"--namespace={MODELS}")
        until(
            f"all agents say {wanted}",
            lambda wanted=wanted: all(  # type: ignore[misc]
                conditions(kubectl, "voiceagent", name, TENANT)["EnginesReady"]["status"] == wanted
                for name in followers
            ),
            40,
        )
        time.sleep(0.5)  # an event is in the log a moment after its answer
        writes = [event for event in audit.writes(USER) if event.subresource == "status"]
        moments = [
            event.answered for event in writes if (event.resource, event.name) == ("modelservers", "moody")
        ]
        for name in followers:
            last = max(
                event.answered for event in writes if (event.resource, event.name) == ("voiceagents", name)
            )
            seconds.append((last - max(moment for moment in moments if moment <= last)).total_seconds())
    seconds.sort()
    p95 = seconds[int(0.95 * len(seconds))]
    print(
        f"\n{len(seconds)} times: p50 {seconds[len(seconds) // 2]:.3f} s, p95 {p95:.3f} s, most {seconds[-1]:.3f} s"
    )
    assert p95 < 2


def test_without_a_gpu_it_says_which_resource_lacks(plane: ControlPlane, operator: Replica) -> None:
    apply(plane.kubectl, model_server("large", MODELS, gpus={"count": 1}))

    def message() -> str:
        return conditions(plane.kubectl, "modelserver", "large", MODELS).get("Ready", {}).get("message", "")

    until("the scheduler's words are told", lambda: "Insufficient nvidia.com/gpu" in message(), 40)


def test_deleted_while_used_it_serves_until_its_last_agent_names_another(
    plane: ControlPlane, operator: Replica
) -> None:
    kubectl = plane.kubectl.inside(MODELS)
    apply(
        plane.kubectl, model_server("old", MODELS), model_server("new", MODELS), voice_agent("moves", "old")
    )
    until("its agent is ready", is_ready(plane.kubectl, "voiceagent", "moves", TENANT), 40)
    until("it is held", lambda: names.MODEL_SERVER_FINALIZER in finalizers(kubectl, "old"))
    kubectl("delete", "modelserver", "old", "--wait=false")
    until("it says for whom", lambda: "tenant/moves" in told(plane.kubectl, "old"))
    assert conditions(plane.kubectl, "voiceagent", "moves", TENANT)["EnginesReady"]["status"] == "True"
    assert kubectl.json("get", "deployment", "old")["status"]["readyReplicas"] == 1
    apply(plane.kubectl, voice_agent("moves", "new"))
    until("it is gone", lambda: not there(kubectl, "modelserver/old"), 20)
    until("with all that it became", lambda: not there(kubectl, "deployment/old", "service/old"), 30)
    until("its agent is ready", is_ready(plane.kubectl, "voiceagent", "moves", TENANT), 40)


def finalizers(kubectl: Kubectl, name: str) -> list[str]:
    found: list[str] = kubectl.json("get", "modelserver", name)["metadata"].get("finalizers", [])
    return found


def told(kubectl: Kubectl, name: str) -> str:
    return conditions(kubectl, "modelserver", name, MODELS).get("Ready", {}).get("message", "")


def there(kubectl: Kubectl, *objects: str) -> bool:
    return bool(kubectl("get", *objects, "--ignore-not-found", "--output=name").strip())


def test_a_namespace_goes_with_a_model_server_that_agents_of_another_name(
    plane: ControlPlane, operator: Replica
) -> None:
    plane.kubectl("create", "namespace", "passing")
    apply(plane.kubectl, model_server("llm", "passing"), voice_agent("stays", "llm", "passing"))
    until("its agent is ready", is_ready(plane.kubectl, "voiceagent", "stays", TENANT), 40)
    until(
        "it is held",
        lambda: names.MODEL_SERVER_FINALIZER in finalizers(plane.kubectl.inside("passing"), "llm"),
    )
    plane.kubectl("delete", "namespace", "passing", "--wait=false")
    until("it is gone", lambda: not there(plane.kubectl, "namespace/passing"), 60)

    def reason() -> str:
        return conditions(plane.kubectl, "voiceagent", "stays", TENANT)["Accepted"]["reason"]

    until("its agent says so", lambda: reason() == "ModelServerMissing")
    assert there(plane.kubectl.inside(TENANT), "deployment/stays-agent"), "what runs stays"


def test_a_restart_writes_nothing(
    plane: ControlPlane, operator: Replica, account: Path, tmp_path: Path
) -> None:
    """By another replica, once the first has let its Lease go: the last test of this file."""
    operator.__exit__(None, None, None)
    audit = plane.audit.from_now()
    with Replica(account, tmp_path / "operator.log", QUICK) as again:
        until("it has looked at all", again.rests)
    writes = [f"{one.verb} {one.resource}/{one.subresource} {one.name}" for one in audit.writes(USER)]
    assert [one for one in writes if "leases" not in one] == []
