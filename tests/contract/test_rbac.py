"""The operator's rights against the audit log of a real API server: none is refused, and none is there for nothing.

One operator, as its ServiceAccount, does all that it ever does: each kind of child is made, changed, pruned and found
in somebody else's hands; agents come, are refused, and go. What it asked for is compared with manifests/base.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from parley_operator import names
from parley_operator.kinds import AGENTS, KINDS, PRIMARIES, Kind
from tests.contract.operator_process import GROUPS, NAMESPACE, USER, OperatorProcess
from tests.contract.rights import Right, granted, used
from tests.contract.small_models import model_server
from tests.controlplane.audit import AuditEvent
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Manifest
from tests.server import ROOT

NEEDED_BY_NO_REQUEST = {
    *(Right("parley.dev", f"{primary.plural}/finalizers", "update") for primary in PRIMARIES),
    Right("rbac.authorization.k8s.io", "clusterroles", "bind"),
}
"""By an admission plugin alone: test_without_the_right_to_finalizers_an_owner_cannot_be_named; and by who looks at
bindings: test_it_gives_people_two_roles_and_none_that_says_more_than_its_own.
"""

TENANT = "tenant"
OWNED = AGENTS.owns
OPTIONAL = [kind for kind in OWNED if kind.optional]
BY_CONTENT = ("ConfigMap", "NetworkPolicy")
"""Of these the name is made from what they hold."""


def optional_kind(kind: Kind) -> Manifest:
    """As its project's own, but with any content."""
    group, _, version = kind.api_version.partition("/")
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{group}"},
        "spec": {
            "group": group,
            "names": {"kind": kind.name, "plural": kind.plural},
            "scope": "Namespaced",
            "versions": [
                {"name": version, "served": True, "storage": True, "schema": {"openAPIV3Schema": anything}}
            ],
        },
    }


def voice_agent(name: str, **spec: Any) -> Manifest:
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {"name": name, "namespace": TENANT},
        "spec": {
            "conversation": {"instructions": "Be brief."},
            "replicas": 1,
            "placement": {"nodeSelector": {}, "resources": {"cpu": "100m", "memory": "64Mi"}},
            **spec,
        },
    }


def foreign(kind: Kind, name: str) -> Manifest:
    """Somebody else's object, which says otherwise what the operator would say of it."""
    labels = {"app.kubernetes.io/name": "somebody-elses"}
    body: dict[str, Any] = {
        "Service": {"spec": {"ports": [{"port": 80}]}},
        "Deployment": {
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "c", "image": "i:1"}]},
                },
            }
        },
        "NetworkPolicy": {"spec": {"podSelector": {}}},
        "PodDisruptionBudget": {"spec": {"maxUnavailable": 1, "selector": {"matchLabels": labels}}},
        "HorizontalPodAutoscaler": {
            "spec": {
                "maxReplicas": 2,
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "nothing"},
            }
        },
    }.get(kind.name, {})
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": TENANT, "labels": labels},
        **body,
    }


def stray(kind: Kind, owner: Manifest) -> dict[str, Any]:
    """A copy that somebody made of a child, with its label and its owner: the agent does not ask for it."""
    found = dict(foreign(kind, f"stray-{kind.plural}"))
    metadata = owner["metadata"]
    labels = names.labels(metadata["name"])
    reference = {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
    }
    found["metadata"] = {**found["metadata"], "labels": labels, "ownerReferences": [reference]}
    return found


AUTOSCALING = {"maxReplicas": 3, "targetSessions": 10}
BY_KEDA = {**AUTOSCALING, "keda": {"serverAddress": "http://prometheus.monitoring:9090"}}


def asks_for(kind: Kind) -> dict[str, Any]:
    """The part of a spec that makes a child of this kind."""
    return {
        "HorizontalPodAutoscaler": {"autoscaling": AUTOSCALING},
        "ScaledObject": {"autoscaling": BY_KEDA},
    }.get(kind.name, {})


def until(what: str, holds: Callable[[], bool], secs: float = 60.0) -> None:
    deadline = time.monotonic() + secs
    while not holds():
        assert time.monotonic() < deadline, f"not within {secs:.0f} s: {what}"
        time.sleep(0.1)


@dataclass(frozen=True)
class Run:
    """What the operator's user asked for in all of it, and what its log says."""

    events: list[AuditEvent]
    log: str


class Tenant:
    """What people do, and how they see what became of it."""

    def __init__(self, plane: ControlPlane, namespace: str = TENANT) -> None:
        self.plane = plane
        self.kubectl = plane.kubectl.inside(namespace)
        self.kubelets = plane.part("kwok")

    def apply(self, *manifests: Manifest) -> None:
        self.kubectl.apply(*manifests, options=["--server-side", "--force-conflicts"])

    def accepted(self, name: str) -> str:
        """The reason of its condition, "" while it has none."""
        found = self.kubectl.json("get", "voiceagent", name).get("status", {}).get("conditions", [])
        return next((str(one["reason"]) for one in found if one["type"] == "Accepted"), "")

    def there(self, wanted: Mapping[Kind, str]) -> list[Manifest]:
        """Those of these names, by kind, that are there."""
        objects = [f"{kind.plural}/{name}" for kind, name in wanted.items()]
        said = self.kubectl("get", *objects, "--ignore-not-found", "--output=json")
        found = json.loads(said) if said else {"items": []}
        return list(found["items"]) if "items" in found else [found]

    def pods(self, agent: str) -> list[dict[str, Any]]:
        found = self.kubectl.json("get", "pods", f"--selector={names.PARLEY_AGENT}={agent}")["items"]
        assert isinstance(found, list)
        return found


def live(tenant: Tenant) -> None:
    """Everything that an operator ever does; it looks for what it missed half a minute later."""
    what_is_named_is_missed(tenant)
    children_are_made_and_changed(tenant)
    what_is_not_asked_for_is_pruned(tenant)
    what_is_somebody_elses_stays(tenant)
    an_agent_is_cut(tenant)
    a_model_server_is_held_by_an_agent(tenant)
    nodes_are_tuned_and_let_go(tenant)
    a_tenant_comes_and_goes_with_its_agent(tenant)
    what_is_named_is_found(tenant)


def nodes_are_tuned_and_let_go(tenant: Tenant) -> None:
    """Of a node that vanishes there is nothing to restore: nobody answers for tuners here."""
    tuning = {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "NodeTuning",
        "metadata": {"name": "quiet"},
        "spec": {"placement": {"nodeSelector": {"tuned": "yes"}}},
    }
    tenant.apply(tuning)
    label = names.tuning_label("quiet")
    until(
        "its node is labelled",
        lambda: tenant.kubectl("get", "nodes", f"--selector={label}", "--output=name") != "",
    )
    tenant.kubectl("delete", "node", "tuned-0")
    tenant.kubectl("delete", "nodetuning", "quiet", "--timeout=60s")
    home = tenant.kubectl.inside("parley-nodes")
    left = ("get", "daemonsets,configmaps", "--selector=app=sysctl-tuning", "--output=name")
    until("nothing is left", lambda: home(*left) == "")


def children_are_made_and_changed(tenant: Tenant) -> None:
    tenant.apply(
        voice_agent("plain"),
        voice_agent("scaled", autoscaling=AUTOSCALING),
        voice_agent("keda", autoscaling=BY_KEDA),
    )
    agents = {"HorizontalPodAutoscaler": "scaled", "ScaledObject": "keda"}
    wanted = {
        kind: names.child(agents.get(kind.name, "plain")) for kind in OWNED if kind.name not in BY_CONTENT
    }
    until("one of each kind", lambda: len(tenant.there(wanted)) == len(wanted))
    for kind in named_by_content():
        until(f"its {kind.name}", lambda kind=kind: len(names_of(tenant, kind, "plain")) == 1)  # type: ignore[misc]
    tenant.apply(voice_agent("plain", sessions={"limit": 7}))
    until("its second file", lambda: len(config_maps(tenant, "plain")) >= 1 and old_file_is_gone(tenant))


def named_by_content() -> list[Kind]:
    return [kind for kind in OWNED if kind.name in BY_CONTENT]


def names_of(tenant: Tenant, kind: Kind, agent: str) -> list[str]:
    selector = f"--selector={names.PARLEY_AGENT}={agent}"
    found = tenant.kubectl("get", kind.plural, selector, "--output=name").split()
    return [name.partition("/")[2] for name in found]


def config_maps(tenant: Tenant, agent: str) -> list[str]:
    return names_of(tenant, KINDS["ConfigMap"], agent)


def old_file_is_gone(tenant: Tenant) -> bool:
    return (
        "limit: 7" in str(tenant.kubectl.json("get", "configmaps")) and len(config_maps(tenant, "plain")) == 1
    )


def what_is_not_asked_for_is_pruned(tenant: Tenant) -> None:
    owner = tenant.kubectl.json("get", "voiceagent", "plain")
    tenant.apply(*(stray(kind, owner) for kind in OWNED))
    strays = {kind: f"stray-{kind.plural}" for kind in OWNED}
    until("no stray is left", lambda: tenant.there(strays) == [])


def what_is_somebody_elses_stays(tenant: Tenant) -> None:
    agents = {kind: f"taken-{kind.plural}"[:40] for kind in OWNED}
    wanted = {kind: voice_agent(agent, **asks_for(kind)) for kind, agent in agents.items()}
    held = {kind: names.child(agent) for kind, agent in agents.items()}
    for kind in named_by_content():
        held[kind] = name_of_its_own(tenant, kind, wanted[kind])
    tenant.apply(*(foreign(kind, name) for kind, name in held.items()))
    tenant.apply(*wanted.values())
    until("each agent is told of somebody else's", lambda: told_of_names(tenant) >= set(agents.values()))
    left = tenant.there(held)
    assert {one["kind"] for one in left} == {kind.name for kind in OWNED}
    for one in left:
        assert one["metadata"]["labels"]["app.kubernetes.io/name"] == "somebody-elses"


def name_of_its_own(tenant: Tenant, kind: Kind, wanted: Manifest) -> str:
    """Known only from an agent that has had it, and is gone again."""
    agent = wanted["metadata"]["name"]
    tenant.apply(wanted)
    until("it is there", lambda: len(names_of(tenant, kind, agent)) == 1)
    [name] = names_of(tenant, kind, agent)
    tenant.kubectl("delete", "voiceagent", agent)
    until("it is gone", lambda: tenant.there({kind: name}) == [])
    return name


def told_of_names(tenant: Tenant) -> set[str]:
    """The agents that are told of an object whose name they need and somebody else has."""
    return {
        agent["metadata"]["name"]
        for agent in tenant.kubectl.json("get", "voiceagents")["items"]
        for condition in agent.get("status", {}).get("conditions", [])
        if "is there already" in condition["message"]
    }


def what_is_named_is_missed(tenant: Tenant) -> None:
    tenant.apply(voice_agent("keys", pods={"environmentFrom": ["keys"], "caConfigMap": "authorities"}))
    until("the Secret is missed", lambda: tenant.accepted("keys") == "SecretMissing")
    tenant.kubectl("create", "secret", "generic", "keys", "--from-literal=KEY=x")
    tenant.kubectl("create", "configmap", "authorities", "--from-literal=ca.crt=x")


def what_is_named_is_found(tenant: Tenant) -> None:
    until("both are found", lambda: tenant.accepted("keys") == "AsWritten", secs=90)


def a_model_server_is_held_by_an_agent(tenant: Tenant) -> None:
    """One with a claim of its own, and one that names somebody's."""
    tenant.apply(
        model_server("llm", TENANT, cache={"volume": {"size": "1Gi"}}),
        model_server("other", TENANT, cache={"persistentVolumeClaim": {"claimName": "weights"}}),
        voice_agent("asks", engines={"llm": {"modelServer": {"name": "llm"}}}),
    )

    def holds() -> bool:
        return names.MODEL_SERVER_FINALIZER in tenant.kubectl.json("get", "modelserver", "llm")[
            "metadata"
        ].get("finalizers", [])

    until("its claim is there", lambda: "llm" in names_of_claims(tenant))
    until("it is held", holds)
    tenant.kubectl("delete", "voiceagent", "asks")
    until("it is let go", lambda: not holds())


def names_of_claims(tenant: Tenant) -> list[str]:
    items = tenant.kubectl.json("get", "persistentvolumeclaims")["items"]
    return [one["metadata"]["name"] for one in items]


def an_agent_is_cut(tenant: Tenant) -> None:
    """Its pod takes its time to end, as one with calls does: kwok would be done before anybody sees it."""
    tenant.apply(voice_agent("cut", deletion="Cut"))
    until("its pod is marked", lambda: any(marked(pod) for pod in tenant.pods("cut")))
    [pod] = tenant.pods("cut")
    tenant.kubelets.pause()
    try:
        tenant.kubectl("delete", "voiceagent", "cut")
        until("it has little time left", lambda: little_time(tenant, pod["metadata"]["name"]))
    finally:
        tenant.kubelets.resume()


def a_tenant_comes_and_goes_with_its_agent(tenant: Tenant) -> None:
    """With all that there is of one: it needs namespaces, so that its own is made."""
    people = [{"kind": "User", "name": "ada", "role": "edit"}]
    spec = {"namespaces": ["of-its-own"], "people": people, "quota": {"pods": 9}, "deletion": "Drain"}
    tenant.apply(
        {
            "apiVersion": "parley.dev/v1alpha1",
            "kind": "VoiceTenant",
            "metadata": {"name": "comes"},
            "spec": spec,
        }
    )
    inside = Tenant(tenant.plane, "of-its-own")
    until("it is isolated", lambda: "Isolated True" in told_of(tenant, "comes"))
    agent = voice_agent("shop")
    inside.apply({**agent, "metadata": {"name": "shop"}})
    until("it is seen", lambda: inside.accepted("shop") == "AsWritten")
    tenant.kubectl("delete", "voicetenant", "comes", "--wait=false")
    until("it is gone", lambda: tenant.kubectl.run("get", "voicetenant", "comes").returncode != 0)


def told_of(tenant: Tenant, name: str) -> list[str]:
    found = tenant.kubectl.json("get", "voicetenant", name).get("status", {}).get("conditions", [])
    return [f"{one['type']} {one['status']}" for one in found]


def marked(pod: Manifest) -> bool:
    return names.CUT_WITH in pod["metadata"].get("annotations", {})


def little_time(tenant: Tenant, name: str) -> bool:
    metadata = tenant.kubectl.json("get", "pod", name)["metadata"]
    return "deletionTimestamp" in metadata and metadata["deletionGracePeriodSeconds"] < 60


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(kwok=True) as plane:
        plane.add_nodes(2)
        plane.add_nodes(1, prefix="tuned", labels={"tuned": "yes"})
        plane.kubectl.apply(*map(optional_kind, OPTIONAL))
        ours = plane.kubectl.inside(NAMESPACE)
        ours("apply", "--server-side", f"--kustomize={ROOT / 'manifests/base'}")
        ours("scale", "deployment/parley-operator", "--replicas=0")  # the test's own is the only one
        plane.kubectl.established()
        plane.collects_new_kinds()
        plane.kubectl("create", "namespace", TENANT)
        yield plane


@pytest.fixture(scope="module")
def run(plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A watch is in the audit log once it has ended: with the operator."""
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    before = plane.audit.from_now()
    quick = {"SLOW_SECONDS": "1", "POLL_SECONDS": "1"}
    with OperatorProcess(plane.user(USER, *GROUPS), log, quick):
        live(Tenant(plane))
    before.wait_for(lambda event: event.user == USER and event.verb == "watch", secs=20)
    return Run(list(before.events(USER)), log.read_text(errors="replace"))


def test_nothing_that_the_operator_asked_for_was_refused(run: Run) -> None:
    refused = {f"{event.verb} {event.uri} {event.code}" for event in run.events if event.code in (401, 403)}
    assert run.events
    assert refused == set(), run.log[-2000:]


def test_everything_that_the_operator_is_granted_was_used(run: Run) -> None:
    held = {Right(right.group, right.resource, right.verb) for right in granted()}
    assert {str(right) for right in held - used(run.events) - NEEDED_BY_NO_REQUEST} == set()


def test_what_was_used_is_granted_by_the_manifests_and_by_nothing_else(run: Run) -> None:
    """Not by a role that every account has."""
    held = {Right(right.group, right.resource, right.verb) for right in granted()}
    assert {str(right) for right in used(run.events) - held} == set()


def test_secrets_were_asked_for_by_name_and_leases_in_the_operators_own_namespace(run: Run) -> None:
    secrets = [event for event in run.events if event.resource == "secrets"]
    assert {(event.verb, event.namespace, event.name) for event in secrets} == {("get", TENANT, "keys")}
    leases = [event for event in run.events if event.resource == "leases"]
    assert {event.namespace for event in leases} == {NAMESPACE}
    assert {event.name for event in leases if event.verb != "create"} == {"parley-operator"}


def test_without_the_right_to_finalizers_an_owner_cannot_be_named(plane: ControlPlane) -> None:
    """The control plane has OwnerReferencesPermissionEnforcement on, as OpenShift has; many clusters do not."""
    tenant, user = Tenant(plane), "names-an-owner"
    tenant.apply(voice_agent("owner", replicas=0))
    owner = tenant.kubectl.json("get", "voiceagent", "owner")
    found = stray(next(kind for kind in OWNED if kind.name == "ConfigMap"), owner)
    found["metadata"]["ownerReferences"][0]["blockOwnerDeletion"] = True
    somebody = tenant.kubectl.as_user(plane.user(user))

    def applied() -> str:
        return somebody.run("apply", "--server-side", "--filename=-", stdin=json.dumps(found)).stderr

    may = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["get", "create", "patch"]}
    tenant.kubectl.apply(*bound(user, may))
    until("it may make ConfigMaps", lambda: "cannot" not in applied() or "blockOwnerDeletion" in applied())
    assert "cannot set blockOwnerDeletion" in applied()
    more = {"apiGroups": ["parley.dev"], "resources": ["voiceagents/finalizers"], "verbs": ["update"]}
    tenant.kubectl.apply(*bound(user, may, more))
    until("it may name an owner", lambda: applied() == "")


def bound(user: str, *rules: Manifest) -> list[Manifest]:
    """A role with these rules for a user."""
    metadata = {"name": user, "namespace": TENANT}
    group = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": list(rules)},
        {
            "apiVersion": f"{group}/v1",
            "kind": "RoleBinding",
            "metadata": metadata,
            "roleRef": {"apiGroup": group, "kind": "Role", "name": user},
            "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
        },
    ]


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("list", "secrets"),
        ("watch", "secrets"),
        ("update", "voiceagents.parley.dev"),
        ("create", "pods"),
        ("create", "pods --subresource=exec"),
        ("create", "serviceaccounts --subresource=token"),
        ("create", "roles.rbac.authorization.k8s.io"),
        ("create", "clusterrolebindings.rbac.authorization.k8s.io"),
        ("escalate", "clusterroles.rbac.authorization.k8s.io"),
        ("get", "leases.coordination.k8s.io"),
        ("delete", "namespaces"),
        ("delete", "nodes"),
        ("update", "nodes"),
        ("impersonate", "users"),
    ],
)
def test_what_it_must_not_do_is_refused_by_the_api_server(plane: ControlPlane, verb: str, what: str) -> None:
    operator = plane.kubectl.as_user(plane.user(USER, *GROUPS))
    assert operator.run("auth", "can-i", verb, *what.split(), f"--namespace={TENANT}").stdout.strip() == "no"


def test_it_gives_people_two_roles_and_none_that_says_more_than_its_own(plane: ControlPlane) -> None:
    operator = plane.kubectl.as_user(plane.user(USER, *GROUPS)).inside(TENANT)
    for role in ("view", "parley-tenant-edit"):
        operator("create", "rolebinding", f"by-the-operator-{role}", f"--clusterrole={role}", "--user=ada")
    for role in ("edit", "admin", "cluster-admin"):
        said = operator.refused("create", "rolebinding", "more", f"--clusterrole={role}", "--user=ada")
        assert "attempting to grant RBAC permissions not currently held" in said


def test_people_have_what_their_roles_of_kubernetes_say(plane: ControlPlane) -> None:
    for role in ("view", "edit", "admin"):
        plane.kubectl(
            "create",
            "rolebinding",
            f"a-{role}",
            f"--clusterrole={role}",
            f"--user=a-{role}",
            f"--namespace={TENANT}",
        )
    wanted = {"view": "yes no no no", "edit": "yes yes yes no", "admin": "yes yes yes no"}
    # A slash would be TYPE/NAME to kubectl.
    scale, status = (f"patch voiceagents --subresource={name}" for name in ("scale", "status"))
    asked = ["list voiceagents", "create voiceagents", scale, status]

    def answers(role: str) -> str:
        words = [("auth", "can-i", *one.split(), f"--as=a-{role}", f"--namespace={TENANT}") for one in asked]
        return " ".join(plane.kubectl.run(*word).stdout.strip() for word in words)

    for role, expected in wanted.items():
        until(f"{role}: {expected}", lambda r=role, e=expected: answers(r) == e, secs=20)  # type: ignore[misc]


def test_a_right_that_nobody_uses_and_one_that_nobody_has_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "role.yaml").write_text(
        "kind: ClusterRole\nmetadata: {name: parley-operator}\n"
        "rules: [{apiGroups: [''], resources: [pods], verbs: [list, delete]}]\n"
    )
    held = granted(tmp_path)
    assert {str(right) for right in held} == {"list pods", "delete pods"}
    asked = {"verb": "list", "user": {}, "requestURI": "/api/v1/pods", "objectRef": {"resource": "pods"}}
    moment = "2026-11-30T12:00:00.000000Z"
    times = {"requestReceivedTimestamp": moment, "stageTimestamp": moment}
    listed = AuditEvent.parse(json.dumps({**asked, **times, "responseStatus": {"code": 200}}))
    made = AuditEvent.parse(json.dumps({**asked, **times, "verb": "patch", "responseStatus": {"code": 201}}))
    assert held - used([listed]) == {Right("", "pods", "delete")}
    assert {str(right) for right in used([made]) - held} == {"patch pods", "create pods"}
