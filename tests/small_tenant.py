"""A tenant as values: what becomes of its plan once Kubernetes has carried it out. No API server, no time."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field, replace
from typing import Any

from parley_operator import names
from parley_operator.diff import stamped
from parley_operator.kinds import MANAGER
from parley_operator.plan.plan import Object, Ref, ref_of
from parley_operator.plan.tenant import Ask, Claim, ObservedTenant, Surge, TenantPlan
from parley_operator.plan.voicetenant import plan
from parley_operator.settings import Settings
from tests.small_cluster import NOW

CREATED = "2026-01-02T00:00:00Z"


def voice_tenant(name: str = "clinic", *namespaces: str, **spec: Any) -> Object:
    """A tenant as the API server has it."""
    return {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceTenant",
        "metadata": {"name": name, "uid": f"uid-of-{name}", "generation": 1, "creationTimestamp": CREATED},
        "spec": {"namespaces": list(namespaces or (name,)), **spec},
    }


def live_namespace(name: str, tenant: str = "", phase: str = "Active", **labels: str) -> Object:
    """One that is there; what is the operator's of it is nothing yet."""
    mark = {names.PARLEY_TENANT: tenant} if tenant else {}
    metadata = {"name": name, "uid": f"uid-of-{name}", "labels": {**mark, **labels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata, "status": {"phase": phase}}


def ask(sessions: int = 100, surge: int = 1, cpu: int = 1000, memory: int = 1024**3, **more: Any) -> Ask:
    return Ask("2026-01-03T00:00:00Z", more.pop("uid", "uid"), sessions, Surge(surge, cpu, memory), **more)


@dataclass
class SmallTenant:
    """Holds one tenant, and what there is of it."""

    tenant: Object
    observed: ObservedTenant = field(default_factory=ObservedTenant)
    settings: Settings = field(default_factory=Settings)
    applied: dict[Ref, Object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.observed.claims:
            self.claim(self.tenant["metadata"]["name"], CREATED, *self.tenant["spec"]["namespaces"])

    def claim(self, tenant: str, created: str, *namespaces: str) -> None:
        claims = dict(self.observed.claims)
        for name in namespaces:
            claims[name] = (*claims.get(name, ()), Claim(created, tenant))
        self.see(claims=claims)

    def see(self, **changes: Any) -> None:
        self.observed = replace(self.observed, **changes)

    def there(self, *live: Object) -> None:
        found = {one["metadata"]["name"]: one for one in live}
        self.see(namespaces={**self.observed.namespaces, **found})

    def agents(self, **asks: Ask) -> None:
        """`namespace__name` and what it asks for, which it has."""
        found = {Ref("VoiceAgent", *where.split("__")): one for where, one in asks.items()}
        self.see(agents=found, held={ref: one.sessions for ref, one in found.items()})

    def change(self, **spec: Any) -> None:
        metadata = {**self.tenant["metadata"], "generation": self.tenant["metadata"]["generation"] + 1}
        self.tenant = {**self.tenant, "metadata": metadata, "spec": {**self.tenant["spec"], **spec}}

    def delete(self) -> None:
        self.tenant["metadata"]["deletionTimestamp"] = "2026-03-04T11:00:00Z"

    def plan(self) -> TenantPlan:
        return plan(self.tenant, self.observed, self.settings, NOW)

    def settle(self) -> TenantPlan:
        """Until nothing is left to do; fails where that never comes."""
        for _ in range(12):
            made = self.plan()
            if not self.writes(made):
                return made
            self.carry_out(made)
        raise AssertionError(f"still writing: {self.writes(self.plan())}")

    def writes(self, made: TenantPlan) -> list[str]:
        """What carrying it out would write, each in words."""
        found = [f"apply {ref_of(obj)}" for obj in made.objects if self.applied.get(ref_of(obj)) != obj]
        found += [f"delete {ref}" for ref in made.prune] + [f"let go {one.ref}" for one in made.let_go]
        found += [f"drain {one.ref}" for one in made.drain]
        return found + (
            ["status"] if made.status is not None and made.status != self.tenant.get("status") else []
        )

    def carry_out(self, made: TenantPlan) -> None:
        children, namespaces = dict(self.observed.children), dict(self.observed.namespaces)
        for obj in made.objects:
            ref = ref_of(obj)
            self.applied[ref] = copy.deepcopy(obj)
            if ref.kind == "Namespace":
                namespaces[ref.name] = self._stored(obj, namespaces.get(ref.name))
            else:
                children[ref] = self._stored(obj, children.get(ref))
        for ref in made.prune:
            children.pop(ref)
            self.applied.pop(ref, None)
        for ref, _ in made.let_go:
            if ref.kind == "Namespace":
                namespaces[ref.name] = live_namespace(ref.name)
                self.applied.pop(ref, None)
        gone = {one.ref for one in made.drain}
        agents = {ref: one for ref, one in self.observed.agents.items() if ref not in gone}
        self.see(children=children, namespaces=namespaces, agents=agents)
        if made.status is not None:
            self.tenant = {**self.tenant, "status": made.status}

    def use(self, namespace: str, **used: str) -> None:
        """Kubernetes has counted; `requests_cpu` is requests.cpu."""
        ref = Ref("ResourceQuota", namespace, names.IN_TENANT)
        quota = copy.deepcopy(self.observed.children[ref])
        counted = {name.replace("_", "."): value for name, value in used.items()}
        quota["status"]["used"] = {**quota["status"]["used"], **counted}
        self.see(children={**self.observed.children, ref: quota})

    def hard(self, namespace: str) -> dict[str, str]:
        quota = self.observed.children[Ref("ResourceQuota", namespace, names.IN_TENANT)]
        found: dict[str, str] = quota["spec"]["hard"]
        return found

    def _stored(self, obj: Object, before: Object | None) -> Object:
        stored = stamped(copy.deepcopy(obj))
        metadata = stored["metadata"]
        metadata["uid"] = f"uid-of-{metadata['name']}"
        metadata["managedFields"] = [{"manager": MANAGER, "operation": "Apply", "fieldsV1": {}}]
        if obj["kind"] == "Namespace":
            stored["status"] = {"phase": "Active"}
        if obj["kind"] == "ResourceQuota":
            hard = stored["spec"]["hard"]
            used = ((before or {}).get("status") or {}).get("used") or {}
            stored["status"] = {"hard": dict(hard), "used": {name: used.get(name, "0") for name in hard}}
        return stored
