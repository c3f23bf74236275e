"""Owns rights as values: what manifests/base grants the operator, and what an audit log shows that it used."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.controlplane.audit import AuditEvent
from tests.server import ROOT

BASE = ROOT / "manifests/base"


@dataclass(frozen=True, order=True)
class Right:
    """`resource` with its subresource, as RBAC writes it. `namespace` is "" for the whole cluster."""

    group: str
    resource: str
    verb: str
    namespace: str = ""

    def __str__(self) -> str:
        where = f" in {self.namespace}" if self.namespace else ""
        return f"{self.verb} {self.resource}{'.' if self.group else ''}{self.group}{where}"


def granted(base: Path = BASE, name: str = "parley-operator") -> set[Right]:
    """By the Role and the ClusterRole of that name."""
    return {
        Right(group, resource, verb, role["metadata"].get("namespace", ""))
        for path in base.glob("*.yaml")
        for role in yaml.safe_load_all(path.read_text())
        if role["kind"] in ("Role", "ClusterRole") and role["metadata"]["name"] == name
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def used(events: Iterable[AuditEvent]) -> set[Right]:
    """What these requests needed, in no namespace. A server-side apply that made its object needed `create` as well."""
    found = set()
    for event in events:
        if not event.resource:
            continue  # discovery, which everybody may read
        resource = f"{event.resource}/{event.subresource}" if event.subresource else event.resource
        found.add(Right(event.api_group, resource, event.verb))
        if event.verb == "patch" and event.code == 201:
            found.add(Right(event.api_group, resource, "create"))
    return found
