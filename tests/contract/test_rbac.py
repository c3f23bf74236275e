"""The operator's rights against the audit log of a real API server: none is refused, and none is there for nothing.

One operator, as its ServiceAccount, does all that it ever does (whole_life.py). What it asked for is compared with
manifests/base.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from parley_operator.kinds import PRIMARIES
from tests.contract.operator_process import NAMESPACE, USER, OperatorProcess, install
from tests.contract.others import optional_kind, stray
from tests.contract.replica import QUICK, until
from tests.contract.rights import Right, granted, used
from tests.contract.tenants import agent
from tests.contract.whole_life import OWNED, TENANT, Tenant, live
from tests.controlplane.audit import AuditEvent
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Manifest

NEEDED_BY_NO_REQUEST = {
    *(Right("parley.dev", f"{primary.plural}/finalizers", "update") for primary in PRIMARIES),
    Right("rbac.authorization.k8s.io", "clusterroles", "bind"),
}
"""By an admission plugin alone: test_without_the_right_to_finalizers_an_owner_cannot_be_named; and by who looks at
bindings: test_it_gives_people_two_roles_and_none_that_says_more_than_its_own.
"""
OPTIONAL = [kind for kind in OWNED if kind.optional]


@dataclass(frozen=True)
class Run:
    """What the operator's user asked for in all of it, and what its log says."""

    events: list[AuditEvent]
    log: str


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(kwok=True) as plane:
        plane.add_nodes(2)
        plane.add_nodes(1, prefix="tuned", labels={"tuned": "yes"})
        plane.kubectl.apply(*map(optional_kind, OPTIONAL))
        install(plane)
        plane.kubectl.established()
        plane.collects_new_kinds()
        plane.kubectl("create", "namespace", TENANT)
        yield plane


@pytest.fixture(scope="module")
def run(plane: ControlPlane, account: Path, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A watch is in the audit log once it has ended: with the operator."""
    log = tmp_path_factory.mktemp("operator") / "operator.log"
    before = plane.audit.from_now()
    with OperatorProcess(account, log, QUICK):
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
    tenant.apply(agent("owner", TENANT, replicas=0))
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
def test_what_it_must_not_do_is_refused_by_the_api_server(
    plane: ControlPlane, account: Path, verb: str, what: str
) -> None:
    operator = plane.kubectl.as_user(account)
    assert operator.run("auth", "can-i", verb, *what.split(), f"--namespace={TENANT}").stdout.strip() == "no"


def test_it_gives_people_two_roles_and_none_that_says_more_than_its_own(
    plane: ControlPlane, account: Path
) -> None:
    operator = plane.kubectl.as_user(account).inside(TENANT)
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
