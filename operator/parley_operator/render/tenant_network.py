"""A tenant's NetworkPolicy in one namespace: nothing in and nothing out, but what stands here.

It is for all pods, so that agents in a tenant's namespace have none of their own: NetworkPolicies add up, and theirs
would open what the tenant does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from parley_api.voicetenant import Door, Network
from parley_operator import names
from parley_operator.render.network_policy import DNS
from parley_operator.render.owner import Object, Owner

NAME = "kubernetes.io/metadata.name"
"""A label that Kubernetes itself keeps on each namespace: nobody gets in by labelling theirs."""

OPERATOR = {"app.kubernetes.io/name": "parley-operator"}
"""Labels of its pods, as manifests/base has them."""

_UDP = {"ports": [{"protocol": "UDP"}]}
"""Callers have any address and any port, and so have pods for them: a policy can't tell audio from other UDP."""


def tenant_network(
    owner: Owner, namespace: str, own: Sequence[str], network: Network, operator: str
) -> Object:
    """`own` are all of the tenant's namespaces, `operator` the one that asks pods for their status."""
    theirs: Object = {
        "namespaceSelector": {"matchExpressions": [{"key": NAME, "operator": "In", "values": sorted(own)}]}
    }
    asks = {"namespaceSelector": {"matchLabels": {NAME: operator}}, "podSelector": {"matchLabels": OPERATOR}}
    media = [_UDP] if network.media else []
    names_ask = {"ports": [{"port": DNS, "protocol": "TCP"}, {"port": DNS, "protocol": "UDP"}]}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": owner.metadata(names.IN_TENANT, namespace),
        "spec": {
            "egress": [
                {"to": [theirs]},
                names_ask,
                *(_door(door, "to") for door in network.allow_to),
                *media,
            ],
            "ingress": [
                {"from": [theirs, asks]},
                *(_door(door, "from") for door in network.allow_from),
                *media,
            ],
            "podSelector": {},
            "policyTypes": ["Egress", "Ingress"],
        },
    }


def _door(door: Door, side: str) -> Object:
    if door.namespace is not None:
        peer: Object = {"namespaceSelector": {"matchLabels": {NAME: door.namespace}}}
    else:
        peer = {"ipBlock": {"cidr": door.network}}
    rule: Object = {side: [peer]}
    if door.ports:
        rule["ports"] = [
            {"port": port, "protocol": protocol} for port in door.ports for protocol in ("TCP", "UDP")
        ]
    return rule
