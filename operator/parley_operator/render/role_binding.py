"""Who may do what in a tenant's namespace: RoleBindings to two ClusterRoles, which the operator may bind and no other.

Who may edit may also look. What `edit` of Kubernetes itself grants beside that would end the isolation: whoever writes
a NetworkPolicy opens the namespace.
"""

from __future__ import annotations

from collections.abc import Sequence

from parley_api.voicetenant import Person
from parley_operator import names
from parley_operator.render.owner import Object, Owner

GROUP = "rbac.authorization.k8s.io"

VIEW, EDIT = "view", "parley-tenant-edit"
"""Kubernetes' own, and that of manifests/base."""


def role_bindings(owner: Owner, namespace: str, people: Sequence[Person]) -> list[Object]:
    """None for a role that nobody has."""
    editors = [person for person in people if person.role == "edit"]
    bound = [(VIEW, "view", people), (EDIT, "edit", editors)]
    return [
        {
            "apiVersion": f"{GROUP}/v1",
            "kind": "RoleBinding",
            "metadata": owner.metadata(f"{names.IN_TENANT}-{suffix}", namespace),
            "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
            "subjects": _subjects(who),
        }
        for role, suffix, who in bound
        if who
    ]


def _subjects(people: Sequence[Person]) -> list[Object]:
    found: dict[str, Object] = {}
    for person in people:
        subject: Object = {"kind": person.kind, "name": person.name}
        if person.kind == "ServiceAccount":
            subject["namespace"] = person.namespace
        else:
            subject["apiGroup"] = GROUP
        found[f"{person.kind}/{person.namespace}/{person.name}"] = subject
    return [found[name] for name in sorted(found)]
