"""A tenant at a real API server: what it becomes, who may do what in it, and what its pods and agents may not.

`pytest -s` prints the table of who may do what.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import NamedTuple

import pytest
import yaml

from parley_operator import names
from tests.contract.operator_process import NAMESPACE
from tests.contract.replica import Replica, until
from tests.contract.tenants import (
    ALL,
    LARGE,
    PEOPLE,
    agent,
    forbidden,
    inside,
    pod,
    put,
    ready,
    tenant,
    usable,
)
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Manifest, as_list
from tests.server import ROOT


@pytest.fixture(scope="module")
def blue(plane: ControlPlane, operator: Replica) -> str:
    """Two tenants with two namespaces each; the other one is green."""
    example = yaml.safe_load((ROOT / "examples/voicetenant.yaml").read_text())
    plane.kubectl.apply(
        tenant("blue", "blue", "blue-test", people=PEOPLE, quota=LARGE),
        tenant("green", "green", "green-test", quota=LARGE),
        example,
    )
    ready(plane, "blue", "green", example["metadata"]["name"])
    return "blue"


def test_a_tenant_becomes_its_namespaces_and_all_that_isolates_them(plane: ControlPlane, blue: str) -> None:
    for namespace in ("blue", "blue-test"):
        metadata = plane.kubectl.json("get", "namespace", namespace)["metadata"]
        assert metadata["labels"][names.PARLEY_TENANT] == blue
        assert metadata["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
        assert "ownerReferences" not in metadata
        assert inside(plane, namespace) == ALL
    status = plane.kubectl.json("get", "voicetenant", blue)["status"]
    assert [one["state"] for one in status["namespaces"]] == ["Ready", "Ready"]
    quotas = {one["resource"]: one.get("quota") for one in status["use"]}
    quotas.pop("modelServers", None)
    assert quotas == {"cpu": "64", "memory": "128Gi", "pods": "100", "agents": "20", "sessions": "10000"}
    shares = [
        plane.kubectl.inside(name).json("get", "resourcequota/parley-tenant")["spec"]["hard"]
        for name in ("blue", "blue-test")
    ]
    assert [share["requests.cpu"] for share in shares] == ["32", "32"]


class Asked(NamedTuple):
    """Of an access review: who, what, and in which namespace ("" is the whole cluster)."""

    user: str
    groups: tuple[str, ...]
    verb: str
    group: str
    resource: str
    namespace: str

    @property
    def subresource(self) -> str:
        return self.resource.partition("/")[2]


WRITES = ("create", "update", "patch", "delete")
READS = ("get", "list", "watch")
RESOURCES = {
    "voiceagents": "parley.dev",
    "voiceagents/status": "parley.dev",
    "modelservers": "parley.dev",
    "secrets": "",
    "configmaps": "",
    "persistentvolumeclaims": "",
    "pods": "",
    "pods/log": "",
    "pods/exec": "",
    "services": "",
    "serviceaccounts": "",
    "serviceaccounts/token": "",
    "resourcequotas": "",
    "limitranges": "",
    "deployments": "apps",
    "networkpolicies": "networking.k8s.io",
    "roles": "rbac.authorization.k8s.io",
    "rolebindings": "rbac.authorization.k8s.io",
}
OF_THE_CLUSTER = {
    "namespaces": "",
    "nodes": "",
    "voicetenants": "parley.dev",
    "nodetunings": "parley.dev",
    "clusterroles": "rbac.authorization.k8s.io",
    "clusterrolebindings": "rbac.authorization.k8s.io",
    "customresourcedefinitions": "apiextensions.k8s.io",
}
EDITED = {"voiceagents", "modelservers", "secrets", "configmaps", "persistentvolumeclaims"}
SEEN = {
    *EDITED,
    "pods",
    "pods/log",
    "services",
    "serviceaccounts",
    "resourcequotas",
    "limitranges",
    "deployments",
}
SEEN |= {"networkpolicies", "voiceagents/status"}
"""By Kubernetes' own role view, which has no Secrets and no roles."""
WHO = {
    "deployer (edit)": (
        "system:serviceaccount:blue:deployer",
        ("system:serviceaccounts", "system:serviceaccounts:blue"),
    ),
    "ada (edit)": ("ada", ()),
    "auditor (view)": ("anna", ("auditors",)),
    "stranger": ("eve", ()),
    "an agent's pod": (
        "system:serviceaccount:blue:shop-agent",
        ("system:serviceaccounts", "system:serviceaccounts:blue"),
    ),
}


def may(who: str, asked: Asked) -> bool:
    """What the page of the kind says."""
    if asked.namespace not in ("blue", "blue-test") or who in ("stranger", "an agent's pod"):
        return False
    if "(edit)" in who and asked.resource in EDITED:
        return True
    if asked.resource in ("voiceagents/status", "pods/log"):
        return asked.verb == "get" or (asked.resource == "pods/log" and asked.verb in READS)
    if asked.verb not in READS or asked.resource not in SEEN:
        return False
    return asked.resource != "secrets"


def reviews(asked: Iterable[Asked]) -> list[Manifest]:
    return [
        {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SubjectAccessReview",
            "spec": {
                "user": one.user,
                "groups": [*one.groups, "system:authenticated"],
                "resourceAttributes": {
                    "verb": one.verb,
                    "group": one.group,
                    "resource": one.resource.partition("/")[0],
                    "subresource": one.subresource,
                    "namespace": one.namespace,
                },
            },
        }
        for one in asked
    ]


def test_people_may_do_what_their_role_says_in_their_tenant_and_nothing_anywhere_else(
    plane: ControlPlane, blue: str
) -> None:
    everywhere = {"blue": RESOURCES, "blue-test": RESOURCES, "green": RESOURCES, NAMESPACE: RESOURCES}
    everywhere |= {"default": RESOURCES, "": {**RESOURCES, **OF_THE_CLUSTER}}
    asked = [
        (who, Asked(user, groups, verb, group, resource, namespace))
        for who, (user, groups) in WHO.items()
        for namespace, resources in everywhere.items()
        for resource, group in resources.items()
        for verb in (*READS, *WRITES)
    ]
    said = plane.kubectl(
        "create", "--filename=-", "--output=json", stdin=as_list(reviews(one for _, one in asked)), secs=120
    )
    decoder, at = json.JSONDecoder(), 0
    answers: list[Manifest] = []
    while at < len(said.rstrip()):
        answer, at = decoder.raw_decode(said, at)
        answers += answer["items"] if answer["kind"] == "List" else [answer]
        while at < len(said) and said[at].isspace():
            at += 1
    assert len(answers) == len(asked) > 3_000
    allowed = {
        (who, one): answer["status"]["allowed"] for (who, one), answer in zip(asked, answers, strict=True)
    }
    print_table(allowed)
    wrong = [
        f"{who} {'may' if is_allowed else 'may not'} {one.verb} {one.resource} in {one.namespace or 'the cluster'}"
        for (who, one), is_allowed in allowed.items()
        if is_allowed != may(who, one)
    ]
    assert wrong == []
    assert sum(allowed.values()) > 100, "some of it is allowed"


def print_table(allowed: dict[tuple[str, Asked], bool]) -> None:
    """A row for each who, where and what: the verbs that are allowed, and the others with a dash before them."""
    rows: dict[tuple[str, str, str], list[str]] = {}
    for (who, one), is_allowed in allowed.items():
        row = rows.setdefault((who, one.namespace or "(cluster)", one.resource), [])
        row.append(one.verb if is_allowed else f"-{one.verb}")
    print()
    for (who, where, resource), verbs in rows.items():
        print(f"{who:<16} {where:<14} {resource:<26} {' '.join(verbs)}")


def test_a_service_account_of_a_tenant_applies_agents_in_it_and_not_in_another(
    plane: ControlPlane, blue: str
) -> None:
    """With its own credentials, not by a review."""
    user = "system:serviceaccount:blue:deployer"
    deployer = plane.kubectl.as_user(
        plane.user(user, "system:serviceaccounts", "system:serviceaccounts:blue")
    )
    mine, theirs = (json.dumps(agent("shop", name)) for name in ("blue-test", "green"))
    applied = ("apply", "--filename=-")
    until("it may", lambda: deployer.inside("blue-test").run(*applied, stdin=mine).returncode == 0, 20)
    assert "forbidden" in deployer.inside("green").refused(*applied, stdin=theirs)
    assert "forbidden" in deployer.inside("green").refused("get", "secrets")
    assert "forbidden" in deployer.refused(
        "label", "namespace", "blue", "pod-security.kubernetes.io/enforce-"
    )


def test_a_pod_that_says_nothing_is_guaranteed_a_privileged_one_and_a_host_port_are_refused(
    plane: ControlPlane, blue: str
) -> None:
    kubectl = plane.kubectl.inside("blue-test")
    usable(plane, "blue-test")
    taken = json.loads(
        kubectl("create", "--filename=-", "--dry-run=server", "--output=json", stdin=json.dumps(pod("quiet")))
    )
    assert taken["status"]["qosClass"] == "Guaranteed"
    assert taken["spec"]["containers"][0]["resources"]["limits"] == {"cpu": "500m", "memory": "512Mi"}
    root = pod("root", securityContext={"privileged": True})
    assert "violates PodSecurity" in kubectl.refused("create", "--filename=-", stdin=json.dumps(root))
    port = pod("port", ports=[{"containerPort": 1, "hostPort": 1}])
    assert "violates PodSecurity" in kubectl.refused("create", "--filename=-", stdin=json.dumps(port))


def test_an_agent_in_a_tenant_has_no_doors_of_its_own(plane: ControlPlane, operator: Replica) -> None:
    """NetworkPolicies add up: its own would open what the tenant does not. It comes back when the tenant goes."""
    plane.kubectl("create", "namespace", "was-there")
    put(plane.kubectl, agent("shop", "was-there"))
    kubectl = plane.kubectl.inside("was-there")
    mine = "--selector=parley.dev/agent=shop"
    until("it has its own", lambda: kubectl("get", "networkpolicies", mine, "--output=name") != "", 20)
    plane.kubectl("label", "namespace", "was-there", f"{names.PARLEY_TENANT}=adopts")
    plane.kubectl.apply(tenant("adopts", "was-there"))
    ready(plane, "adopts")
    until("it is gone", lambda: kubectl("get", "networkpolicies", mine, "--output=name") == "", 20)
    assert inside(plane, "was-there") == ["LimitRange parley-tenant", "NetworkPolicy parley-tenant"]
    plane.kubectl.apply(tenant("adopts", "elsewhere"))
    until("it is back", lambda: kubectl("get", "networkpolicies", mine, "--output=name") != "", 20)
    until("nothing of the tenant is left", lambda: inside(plane, "was-there") == [], 20)
    labels = plane.kubectl.json("get", "namespace", "was-there")["metadata"]["labels"]
    assert labels[names.PARLEY_TENANT] == "adopts", "somebody else wrote it, so it is theirs"
    assert not [name for name in labels if name.startswith("pod-security")]


def test_nothing_that_the_operator_asked_for_was_forbidden(plane: ControlPlane, blue: str) -> None:
    """The last, for it is about the others' time."""
    assert forbidden(plane) == set()
