"""What the manifests grant, without a cluster: known verbs on known kinds, and nothing that leads to more.

That it is neither too much nor too little, tests/contract/test_rbac.py shows by a real API server's audit log.
"""

from __future__ import annotations

import pytest

from parley_operator import settings
from parley_operator.kinds import AGENTS, NODE_TUNINGS, PRIMARIES, Kind, watched
from parley_operator.render.role_binding import EDIT, VIEW
from tests.unit.manifests.objects import BASE, Object, one

RBAC = "rbac.authorization.k8s.io"
VERBS = {"get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"}
ROLES = [found for found in BASE if found["kind"] in ("Role", "ClusterRole")]
BINDINGS = [found for found in BASE if found["kind"] in ("RoleBinding", "ClusterRoleBinding")]
OPERATOR = one("ClusterRole")


def named(role: Object) -> str:
    return f"{role['kind']} {role['metadata']['name']}"


def granted(role: Object) -> dict[tuple[str, str], set[str]]:
    """(group, resource) -> verbs."""
    found: dict[tuple[str, str], set[str]] = {}
    for rule in role["rules"]:
        for group in rule["apiGroups"]:
            for resource in rule["resources"]:
                found.setdefault((group, resource), set()).update(rule["verbs"])
    return found


def place(kind: Kind) -> tuple[str, str]:
    group, _, _ = kind.api_version.rpartition("/")
    return group, kind.plural


@pytest.mark.parametrize("role", ROLES, ids=named)
def test_no_rule_has_a_wildcard_and_every_verb_is_known(role: Object) -> None:
    for rule in role["rules"]:
        assert "*" not in [*rule["apiGroups"], *rule["resources"]]
        assert set(rule["verbs"]) <= VERBS | {"bind"}
        assert set(rule) <= {"apiGroups", "resources", "resourceNames", "verbs"}


@pytest.mark.parametrize("role", ROLES, ids=named)
def test_no_right_is_granted_twice(role: Object) -> None:
    rights = [
        (group, resource, verb, tuple(rule.get("resourceNames", ())))
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    ]
    assert len(rights) == len(set(rights))


@pytest.mark.parametrize("role", ROLES, ids=named)
def test_nothing_leads_to_more_rights_or_into_a_pod(role: Object) -> None:
    rights = granted(role)
    for resource in ("pods/exec", "pods/attach", "pods/portforward", "pods/proxy", "serviceaccounts/token"):
        assert ("", resource) not in rights
    assert "admissionregistration.k8s.io" not in {group for group, _ in rights}
    assert not {"escalate", "impersonate"} & set().union(*rights.values())
    of_roles = {resource for group, resource in rights if group == RBAC}
    assert of_roles <= ({"rolebindings", "clusterroles"} if role is OPERATOR else set())


def test_the_operator_may_bind_two_roles_and_they_lead_to_no_more() -> None:
    """Kubernetes' own view has no Secrets; whoever may write NetworkPolicies, quotas or roles would undo a tenant."""
    [bound] = [rule for rule in OPERATOR["rules"] if "bind" in rule["verbs"]]
    assert bound == {
        "apiGroups": [RBAC],
        "resources": ["clusterroles"],
        "resourceNames": [VIEW, EDIT],
        "verbs": ["bind"],
    }
    edit = granted(one("ClusterRole", EDIT))
    assert {group for group, _ in edit} == {"", "parley.dev"}
    assert {resource for group, resource in edit if not group} == {
        *("secrets", "configmaps", "persistentvolumeclaims"),
    }
    assert not {resource for group, resource in edit if "tenant" in resource or "tuning" in resource}


def test_every_role_of_the_operator_is_bound_to_its_account_and_the_peoples_are_bound_to_nobody() -> None:
    bound = {(found["roleRef"]["kind"], found["roleRef"]["name"]) for found in BINDINGS}
    assert bound == {("ClusterRole", "parley-operator"), ("Role", "parley-operator")}
    account = one("ServiceAccount")["metadata"]
    for binding in BINDINGS:
        [subject] = binding["subjects"]
        assert subject == {
            "kind": "ServiceAccount",
            "name": account["name"],
            "namespace": account["namespace"],
        }


@pytest.mark.parametrize("kind", watched(PRIMARIES), ids=lambda kind: kind.name)
def test_every_kind_that_is_watched_may_be_listed_and_watched(kind: Kind) -> None:
    assert {"list", "watch"} <= granted(OPERATOR)[place(kind)]


@pytest.mark.parametrize(
    "kind", dict.fromkeys(kind for primary in PRIMARIES for kind in primary.owns), ids=lambda kind: kind.name
)
def test_what_is_made_of_what_people_write_may_be_applied_and_pruned(kind: Kind) -> None:
    """Server-side apply is `create` and `patch`; nothing is updated, nothing deleted as a collection."""
    verbs = granted(OPERATOR)[place(kind)]
    assert verbs == {"get", "list", "watch", "create", "patch", "delete"}


def test_of_an_agent_the_operator_writes_the_status_alone() -> None:
    rights = granted(OPERATOR)
    group, plural = place(AGENTS)
    assert rights[group, plural] == {"list", "watch", "delete"}, "deleted with their tenant"
    assert rights[group, f"{plural}/status"] == {"patch"}


def test_of_a_node_tuning_the_operator_writes_the_status_and_a_finalizer() -> None:
    rights = granted(OPERATOR)
    group, plural = place(NODE_TUNINGS)
    assert rights[group, plural] == {"list", "watch", "patch"}
    assert rights[group, f"{plural}/status"] == {"patch"}


def test_nodes_are_labelled_no_namespace_is_deleted_and_no_pod_is_made() -> None:
    rights = granted(OPERATOR)
    assert rights["", "namespaces"] == {"get", "list", "watch", "create", "patch"}
    assert rights["", "nodes"] == {"list", "watch", "patch"}
    assert rights["", "pods"] == {"list", "watch", "patch", "delete"}


def test_a_secret_can_be_asked_for_by_its_name_alone() -> None:
    assert granted(OPERATOR)["", "secrets"] == {"get"}


def test_the_lease_is_one_of_its_own_namespace() -> None:
    role = one("Role")
    assert role["metadata"]["namespace"] == settings.Settings().namespace
    assert not any(group == "coordination.k8s.io" for group, _ in granted(OPERATOR))
    for rule in role["rules"]:
        assert rule["resources"] == ["leases"]
        if rule["verbs"] != ["create"]:
            assert rule["resourceNames"] == [settings.Settings().lease_name]


def test_who_may_view_edit_or_administer_a_namespace_has_the_same_of_its_agents() -> None:
    aggregates = "rbac.authorization.k8s.io/aggregate-to-"
    labels = {name: one("ClusterRole", name)["metadata"]["labels"] for name in ("parley-view", "parley-edit")}
    into = {
        name: {
            key.removeprefix(aggregates)
            for key, value in found.items()
            if key.startswith(aggregates) and value == "true"
        }
        for name, found in labels.items()
    }
    assert into == {"parley-view": {"view", "edit", "admin"}, "parley-edit": {"edit", "admin"}}
    assert set().union(*granted(one("ClusterRole", "parley-view")).values()) == {"get", "list", "watch"}
    edit = granted(one("ClusterRole", "parley-edit"))
    assert edit["parley.dev", "voiceagents/status"] == {"get"}, "it is written by the operator alone"
    assert edit["parley.dev", "voiceagents"] == VERBS, "bound alone it is enough for kubectl apply"
