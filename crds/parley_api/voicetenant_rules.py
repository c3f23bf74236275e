"""The rules across the fields of a VoiceTenant: in CEL for the CRD, and as `parley check` says them.

Rules: each sentence is said by both; works on plain values, also on those with mistakes in them.
"""

from __future__ import annotations

import ipaddress
import re
from typing import Any

from parley_api import cluster_rules
from parley_api.model import Rule, set_members
from parley_api.plain import Mistake, Mistakes, items, mapping, mappings, repeated, texts
from parley_api.problems import Location, shown
from parley_api.quantities import amount

CPU, MEMORY = "500m", "512Mi"
"""Of a container that says nothing."""

CIDR = r"^([0-9]{1,3}(\.[0-9]{1,3}){3}|[0-9a-f:]{2,39})/(0|[1-9][0-9]{0,2})$"

OF_ITS_OWN = Rule(
    "self.namespaces.all(one, one != 'default' && !one.startsWith('kube-'))",
    "write namespaces of the tenant's own: default and those that begin with kube- are the cluster's",
    ".namespaces",
)
SERVICE_ACCOUNT = Rule(
    "has(self.namespace) == (self.kind == 'ServiceAccount')",
    "write namespace beside kind: ServiceAccount, and beside nothing else",
    ".namespace",
)
CPU_NOT_OVER = Rule(
    "!has(self.maxCpu) || !isQuantity(string(self.cpu)) || !isQuantity(string(self.maxCpu))"
    " || !quantity(string(self.cpu)).isGreaterThan(quantity(string(self.maxCpu)))",
    "write cpu not over maxCpu: a container that says nothing would be refused",
    ".cpu",
)
MEMORY_NOT_OVER = Rule(
    "!has(self.maxMemory) || !isQuantity(self.memory) || !isQuantity(self.maxMemory)"
    " || !quantity(self.memory).isGreaterThan(quantity(self.maxMemory))",
    "write memory not over maxMemory: a container that says nothing would be refused",
    ".memory",
)
ONE_SIDE = Rule(
    "has(self.namespace) != has(self.network)",
    "write exactly one of namespace, network (for example namespace: ingress-nginx)",
)
REAL_NETWORK = Rule(
    "!has(self.network) || isCIDR(self.network)",
    "write network as an address and how many bits of it count, such as 10.0.0.0/8",
    ".network",
)


def mistakes(value: Any) -> Mistakes:
    """All of them in a VoiceTenant as plain values (camelCase, as in the file)."""
    spec = mapping(value, "spec")
    here: Location = ("spec",)
    named = texts(spec, "namespaces", here)
    yield from repeated(named, "namespace")
    theirs = [name for _, name in named if name == "default" or name.startswith("kube-")]
    if theirs:
        yield Mistake((*here, "namespaces"), shown(theirs[0]), OF_ITS_OWN.message)
    for at, person in mappings(spec, "people", here):
        if (person.get("namespace") is not None) != (person.get("kind") == "ServiceAccount"):
            seen = f"{shown(person.get('namespace'))} beside kind: {shown(person.get('kind'))}"
            yield Mistake((*at, "namespace"), seen, SERVICE_ACCOUNT.message)
    yield from cluster_rules.gpus((*here, "quota", "gpus"), mapping(mapping(spec, "quota"), "gpus"))
    yield from _limits(mapping(spec, "limits"))
    for name in ("allowFrom", "allowTo"):
        for at, door in mappings(mapping(spec, "network"), name, (*here, "network")):
            yield from _door(at, door)


def _limits(limits: dict[str, Any]) -> Mistakes:
    for name, most, default, rule in (
        ("cpu", "maxCpu", CPU, CPU_NOT_OVER),
        ("memory", "maxMemory", MEMORY, MEMORY_NOT_OVER),
    ):
        said, bound = limits.get(name, default), limits.get(most)
        one, other = amount(said), amount(bound)
        if one is not None and other is not None and one > other:
            yield Mistake(("spec", "limits", name), f"{shown(said)} over {shown(bound)}", rule.message)


def _door(here: Location, door: dict[str, Any]) -> Mistakes:
    if len(set_members(door, ["namespace", "network"])) != 1:
        yield Mistake(here, shown(door), ONE_SIDE.message)
    seen: set[int] = set()
    for at, port in items(door, "ports", here):
        if isinstance(port, int) and port in seen:
            yield Mistake(at, f"the port {port} a second time", "keep one of the two")
        elif isinstance(port, int):
            seen.add(port)
    network = door.get("network")
    if isinstance(network, str) and re.fullmatch(CIDR, network) and not _real(network):
        yield Mistake((*here, "network"), shown(network), REAL_NETWORK.message)


def _real(network: str) -> bool:
    try:
        return bool(ipaddress.ip_network(network, strict=False))
    except ValueError:
        return False
