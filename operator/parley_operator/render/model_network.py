"""The NetworkPolicy of a model server: what may reach the pods, and what they may reach.

In: requests, from anywhere in the cluster: agents of other namespaces, the operator and Prometheus come there too. Out:
names, and where the model is fetched HTTPS and the proxies that the spec names; nothing else.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from parley_operator.render.model_subject import PORT, ModelSubject
from parley_operator.render.network_policy import DNS, USUAL
from parley_operator.render.owner import Object


def model_network_policy(subject: ModelSubject) -> Object:
    proxy = subject.spec.pods.proxy
    proxies = [urlsplit(url) for url in (proxy.http, proxy.https) if url]
    hub = {USUAL["https"], *(parts.port or USUAL[parts.scheme] for parts in proxies)}
    ports = [{"port": port, "protocol": "TCP"} for port in sorted({DNS, *(hub if subject.fetches else ())})]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": subject.metadata(),
        "spec": {
            "egress": [{"ports": [*ports, {"port": DNS, "protocol": "UDP"}]}],
            "ingress": [{"ports": [{"port": PORT, "protocol": "TCP"}]}],
            "podSelector": {"matchLabels": subject.selector},
            "policyTypes": ["Egress", "Ingress"],
        },
    }
