"""What is rendered, at a real API server: it takes every object, in a namespace that enforces Pod Security restricted,
and says itself that the pods are Guaranteed. And what the plans rely on of server-side apply is so.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from parley_operator import names
from parley_operator.plan.plan import HAND_OVER_MANAGER, ref_of
from tests.controlplane.kubectl import Kubectl, as_list
from tests.small_cluster import SmallCluster, changed, only, voice_agent
from tests.unit.parley_operator.golden.__main__ import AGENTS

OF_ITS_OWN_INSTALLATION = {"PodMonitor", "ScaledObject"}
"""Kinds of the Prometheus Operator and of KEDA, which this API server does not have."""

Object = dict[str, Any]


def here(kubectl: Kubectl, made: Iterable[Object]) -> list[Object]:
    """The same in the test's namespace."""
    return [
        {**obj, "metadata": {**obj["metadata"], "namespace": kubectl.namespace}}
        for obj in made
        if obj["kind"] not in OF_ITS_OWN_INSTALLATION
    ]


def apply(
    kubectl: Kubectl, *made: Object, manager: str = names.FIELD_MANAGER, dry: bool = False
) -> list[Object]:
    """As the operator does; what the API server made of it. What is stored names no owner: the agent is not there, and
    Kubernetes would delete what is its.
    """
    if not dry:
        made = tuple(unowned(obj) for obj in made)
    # kubectl itself, though not the API server, asks for all of a Deployment where a part of it is applied.
    validate = "strict" if manager == names.FIELD_MANAGER else "ignore"
    words = [
        "apply",
        "--server-side",
        "--force-conflicts",
        f"--field-manager={manager}",
        f"--validate={validate}",
    ]
    words += ["--dry-run=server"] if dry else []
    told = kubectl(*words, "--output=json", "--filename=-", stdin=as_list(made))
    found = json.loads(told)
    return list(found["items"]) if found["kind"] == "List" else [found]


def unowned(obj: Object) -> Object:
    metadata = {name: value for name, value in obj["metadata"].items() if name != "ownerReferences"}
    return {**obj, "metadata": metadata}


def pod(kubectl: Kubectl, made: list[Object]) -> Object:
    """The pod that the Deployment's ReplicaSet would make."""
    template = copy.deepcopy(only(made, "Deployment")["spec"]["template"])
    metadata = {**template["metadata"], "name": "one", "namespace": kubectl.namespace}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]}


def enforce(kubectl: Kubectl, level: str) -> None:
    label = f"pod-security.kubernetes.io/enforce={level}"
    kubectl("label", "namespace", kubectl.namespace, label, "--overwrite")


@pytest.mark.parametrize("name", AGENTS.names)
def test_every_object_is_accepted_as_it_is(kubectl: Kubectl, name: str) -> None:
    enforce(kubectl, "restricted")
    made = here(kubectl, AGENTS.objects(name))
    taken = apply(kubectl, *made, dry=True)
    assert [obj["kind"] for obj in taken] == [obj["kind"] for obj in made]


@pytest.mark.parametrize("name", AGENTS.names)
def test_every_pod_is_guaranteed_and_needs_nothing_that_pod_security_restricts_but_a_host_port(
    kubectl: Kubectl, name: str
) -> None:
    enforce(kubectl, "restricted")
    made = here(kubectl, AGENTS.objects(name))
    apply(kubectl, only(made, "ServiceAccount"))
    if name == "host-port":
        said = kubectl.refused(
            "apply", "--dry-run=server", "--filename=-", stdin=json.dumps(pod(kubectl, made))
        )
        assert "hostPort" in said
        assert said.count("must") == 0, "nothing else is wrong with it"
        enforce(kubectl, "privileged")
    [taken] = apply(kubectl, pod(kubectl, made), dry=True)
    assert taken["status"]["qosClass"] == "Guaranteed"
    assert not [volume for volume in taken["spec"]["volumes"] if "projected" in volume], "no token is mounted"


def deployments(kubectl: Kubectl) -> tuple[SmallCluster, Object]:
    """An agent with five pods, and its Deployment at the API server."""
    cluster = SmallCluster(voice_agent(replicas=5))
    cluster.agent["metadata"]["namespace"] = kubectl.namespace
    [live] = apply(kubectl, only(cluster.plan().objects, "Deployment"))
    assert live["spec"]["replicas"] == 5
    return cluster, live


def autoscaled(cluster: SmallCluster) -> Object:
    cluster.agent = changed(cluster.agent, autoscaling={"maxReplicas": 9, "targetSessions": 5})
    return only(cluster.plan().objects, "Deployment")


def test_replicas_that_are_left_out_fall_to_one_so_they_are_handed_over_first(kubectl: Kubectl) -> None:
    cluster, live = deployments(kubectl)
    [dropped] = apply(kubectl, autoscaled(cluster), dry=True)
    assert dropped["spec"]["replicas"] == 1, "the danger is there"
    cluster.observed = replace(cluster.observed, children={ref_of(live): live})
    over = cluster.plan().hand_over
    assert over is not None
    apply(kubectl, over, manager=HAND_OVER_MANAGER)
    [kept] = apply(kubectl, autoscaled(cluster))
    assert kept["spec"]["replicas"] == 5
    kubectl("scale", f"deployment/{kept['metadata']['name']}", "--replicas=7")
    [scaled] = apply(kubectl, autoscaled(cluster))
    assert scaled["spec"]["replicas"] == 7


def test_what_runs_applied_as_it_is_rolls_nothing(kubectl: Kubectl) -> None:
    """An upgrade that renders otherwise, for an agent whose turn has not come: the template that the API server has."""
    _, live = deployments(kubectl)
    held = {"apiVersion": live["apiVersion"], "kind": live["kind"], "spec": live["spec"]}
    metadata = {name: live["metadata"][name] for name in ("name", "namespace", "labels", "annotations")}
    [after] = apply(kubectl, {**held, "metadata": metadata})
    assert after["metadata"]["generation"] == live["metadata"]["generation"]
    assert after["spec"]["template"] == live["spec"]["template"]


def test_a_pod_that_ends_ends_sooner_when_it_is_deleted_once_more_with_less_time(kubectl: Kubectl) -> None:
    """`deletion: Cut` needs no finalizer."""
    made = here(kubectl, AGENTS.objects("smallest"))
    apply(kubectl, only(made, "ServiceAccount"))
    one = pod(kubectl, made)
    one["spec"]["nodeName"] = (
        "no-such-node"  # nobody answers for it, so that it stays for as long as its grace
    )
    apply(kubectl, one)
    kubectl("delete", "pod/one", "--wait=false")
    assert kubectl.json("get", "pod/one")["metadata"]["deletionGracePeriodSeconds"] == 3_630
    kubectl("delete", "pod/one", "--wait=false", "--grace-period=5")
    assert kubectl.json("get", "pod/one")["metadata"]["deletionGracePeriodSeconds"] == 5
    kubectl("delete", "pod/one", "--wait=false", "--grace-period=0", "--force")
