"""A tenant at a real API server: what it becomes, who may do what in it, what does not fit, and how it ends.

One control plane and one operator; each test has a tenant of its own. `pytest -s` prints the table of who may do what.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from parley_operator import names
from tests.contract.operator_process import GROUPS, NAMESPACE, USER
from tests.contract.replica import Replica, until
from tests.controlplane.audit import AuditEvent
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Kubectl, Manifest, as_list
from tests.server import ROOT

QUICK = {"POLL_SECONDS": "1", "SLOW_SECONDS": "1", "LOG_LEVEL": "debug"}
OWNED = "resourcequotas,limitranges,networkpolicies,rolebindings"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(kwok=True) as plane:
        plane.add_nodes(2)
        plane.kubectl.inside(NAMESPACE)("apply", "--server-side", f"--kustomize={ROOT / 'manifests/base'}")
        plane.kubectl("scale", "deployment/parley-operator", "--replicas=0", f"--namespace={NAMESPACE}")
        plane.kubectl.established()
        plane.collects_new_kinds()
        yield plane


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("operator") / "operator.log"


@pytest.fixture(scope="module")
def account(plane: ControlPlane) -> Path:
    return plane.user(USER, *GROUPS)


@pytest.fixture(scope="module")
def operator(plane: ControlPlane, account: Path, log: Path) -> Iterator[Replica]:
    with Replica(account, log, QUICK) as operator:
        yield operator


def tenant(name: str, *namespaces: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceTenant",
        "metadata": {"name": name},
        "spec": {"namespaces": list(namespaces or (name,)), **spec},
    }


def agent(name: str, namespace: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "conversation": {"instructions": "Be brief."},
            "replicas": 1,
            "placement": {"nodeSelector": {}, "resources": {"cpu": "100m", "memory": "64Mi"}},
            **spec,
        },
    }


def put(kubectl: Kubectl, *agents: Manifest) -> None:
    for one in agents:
        kubectl.inside(one["metadata"]["namespace"]).apply(one)


def condition(kubectl: Kubectl, what: str, kind: str, namespace: str = "default") -> dict[str, str]:
    found = kubectl.inside(namespace).json("get", what).get("status", {}).get("conditions", [])
    return next((one for one in found if one["type"] == kind), {"status": "", "reason": "", "message": ""})


def ready(plane: ControlPlane, *tenants: str, secs: float = 40) -> None:
    for name in tenants:
        what = f"voicetenant/{name}"
        try:
            until(f"{name} is ready", lambda what=what: holds(plane, what), secs)  # type: ignore[misc]
        except AssertionError:
            pytest.fail(json.dumps(plane.kubectl.json("get", what).get("status"), indent=1))


def holds(plane: ControlPlane, what: str, kind: str = "Ready") -> bool:
    return condition(plane.kubectl, what, kind)["status"] == "True"


def usable(plane: ControlPlane, namespace: str) -> None:
    """A pod may be made in it."""
    kubectl = plane.kubectl.inside(namespace)
    until("its account is there", lambda: kubectl.run("get", "serviceaccount/default").returncode == 0, 20)


def says(plane: ControlPlane, what: str, kind: str, reason: str, namespace: str = "default") -> str:
    """The message with that reason, once it is there."""
    until(
        f"{what} {kind} {reason}",
        lambda: condition(plane.kubectl, what, kind, namespace)["reason"] == reason,
        40,
    )
    return condition(plane.kubectl, what, kind, namespace)["message"]


def pod(name: str, **container: Any) -> dict[str, Any]:
    """One that Pod Security restricted takes."""
    security = {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "runAsNonRoot": True,
        "runAsUser": 1000,
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {"containers": [{"name": "c", "image": "i:1", "securityContext": security, **container}]},
    }


def inside(plane: ControlPlane, namespace: str) -> list[str]:
    """What the operator has made there."""
    found = plane.kubectl.inside(namespace).json("get", OWNED, f"--selector={names.PARLEY_TENANT}")["items"]
    return sorted(f"{one['kind']} {one['metadata']['name']}" for one in found)


ALL = [
    "LimitRange parley-tenant",
    "NetworkPolicy parley-tenant",
    "ResourceQuota parley-tenant",
    "RoleBinding parley-tenant-edit",
    "RoleBinding parley-tenant-view",
]
PEOPLE = [
    {"kind": "User", "name": "ada", "role": "edit"},
    {"kind": "Group", "name": "auditors"},
    {"kind": "ServiceAccount", "name": "deployer", "namespace": "blue", "role": "edit"},
]
LARGE = {"cpu": 64, "memory": "128Gi", "pods": 100, "agents": 20, "sessions": 10_000}


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
    assert sum(0.5 for _ in ours) <= 2
    until("as many as there may be", lambda: used(plane, "small", "pods") == str(len(ours)), 20)
    # What is free is where it is needed: one namespace alone may use nearly all of it.
    plane.kubectl.inside("small-b")("delete", "pods", "--all", "--wait=false", "--grace-period=0", "--force")

    def alone() -> bool:
        made = plane.kubectl.inside("small-a").run(
            "create", "--filename=-", stdin=json.dumps({**pod("x"), "metadata": {"generateName": "more-"}})
        )
        return made.returncode == 0 and len(plane.kubectl.inside("small-a").json("get", "pods")["items"]) >= 3

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
    refused = {
        f"{event.verb} {event.uri.partition('?')[0]}"
        for event in plane.audit.events(USER)
        if event.code == 403 and event.resource != "pods"
    }
    assert refused == set()


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
