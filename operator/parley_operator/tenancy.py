"""Which tenants name which namespaces, what agents ask of their tenants' quotas, and the sessions that each has.

Rules: what an agent has stands in its Deployment, which is the record of it; what was planned is held from that moment,
before it is written, so that two agents that are planned at the same time do not take the same room. Never awaits.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parley_operator import names
from parley_operator.cluster import Cluster
from parley_operator.kinds import DEPLOYMENTS, NETWORK_POLICIES, TENANTS
from parley_operator.plan.plan import Object, loses_what_it_owns
from parley_operator.plan.tenant import Ask, Claim, asked, tenant_of
from parley_operator.queue import Key


class Tenancy:
    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._asks: dict[str, dict[Key, Ask]] = {}
        self._held: dict[Key, int] = {}
        self._claims: dict[str, dict[Key, Claim]] = {}
        self._named: dict[Key, tuple[str, ...]] = {}

    def agent(self, key: Key, obj: Object | None) -> None:
        """As it is now; None: it is gone."""
        if obj is None:
            self._held.pop(key, None)
            self._asks.get(key.namespace, {}).pop(key, None)
            if not self._asks.get(key.namespace):
                self._asks.pop(key.namespace, None)
        else:
            self._asks.setdefault(key.namespace, {})[key] = asked(obj)

    def seen(self, key: Key, deployment: Object | None) -> None:
        """What is there of an agent."""
        self._held[key] = self._said(key, deployment)

    def planned(self, key: Key, objects: Iterable[Object]) -> None:
        """What is to be there of it; of one that is refused nothing is."""
        for obj in objects:
            if obj["kind"] == DEPLOYMENTS.name:
                self._held[key] = self._said(key, obj)

    def tenant(self, key: Key, obj: Object | None) -> None:
        """As it is now; None: it is gone."""
        for name in self._named.pop(key, ()):
            self._claims[name].pop(key)
            if not self._claims[name]:
                del self._claims[name]
        if obj is None:
            return
        claim = Claim(str(obj["metadata"].get("creationTimestamp", "")), key.name)
        self._named[key] = tuple(dict.fromkeys((obj.get("spec") or {}).get("namespaces") or ()))
        for name in self._named[key]:
            self._claims.setdefault(name, {})[key] = claim

    def of(self, namespace: Object | None) -> Object | None:
        """The tenant whose it is; None where it is nobody's, and where tenants are not looked after."""
        tenant, cache = tenant_of(namespace), self._cluster.caches.get(TENANTS.name)
        return cache.get("", tenant) if tenant and cache is not None else None

    def isolates(self, namespace: Object | None) -> bool:
        """Its tenant's NetworkPolicy is there: what another one opens would be open beside it."""
        tenant = self.of(namespace)
        if namespace is None or tenant is None:
            return False
        policy = self._cluster.caches[NETWORK_POLICIES.name].get(
            namespace["metadata"]["name"], names.IN_TENANT
        )
        if policy is None:
            return False
        metadata = policy["metadata"]
        if loses_what_it_owns(tenant) and not metadata.get("ownerReferences"):
            return bool(metadata.get("labels", {}).get(TENANTS.label) == tenant["metadata"]["name"])
        owners = metadata.get("ownerReferences", ())
        return any(one.get("controller") and one["uid"] == tenant["metadata"]["uid"] for one in owners)

    def claims(self, namespace: str) -> tuple[Claim, ...]:
        return tuple(self._claims.get(namespace, {}).values())

    def asks(self, namespaces: Iterable[str]) -> dict[Key, Ask]:
        """Of all agents in these."""
        return {key: ask for name in namespaces for key, ask in self._asks.get(name, {}).items()}

    def held(self, asks: Mapping[Key, Ask]) -> dict[Key, int]:
        """Sessions that these agents have."""
        for key in asks:
            if key not in self._held:
                cache, name = self._cluster.caches[DEPLOYMENTS.name], names.child(key.name)
                ours = cache.owner(key.namespace, name) == key
                self.seen(key, cache.get(key.namespace, name) if ours else None)
        return {key: self._held[key] for key in asks}

    def _said(self, key: Key, deployment: Object | None) -> int:
        """One that an older operator made does not say: it has what its agent asks for."""
        if deployment is None:
            return 0
        told = (deployment["metadata"].get("annotations") or {}).get(names.SESSIONS, "")
        if told.isdigit():
            return int(told)
        ask = self._asks.get(key.namespace, {}).get(key)
        return ask.sessions if ask is not None else 0
