"""The NetworkPolicy: what may reach the pods, and what they may reach.

In: the doors, from anywhere, for callers are anywhere and the operator polls there too; media, from anywhere.
Out: names, media, and the ports of the servers that the spec names: by port alone, as a NetworkPolicy knows no host
names. Nothing else, the API server least of all.

Another content is another NetworkPolicy: calls of pods that end need what was allowed when these were started. All that
an agent has select all of its pods, for NetworkPolicies add up: while two of them are there, either's ports are open.
"""

from __future__ import annotations

import hashlib
import json
from urllib.parse import urlsplit

from parley_operator import names
from parley_operator.render.agent_file import PORT
from parley_operator.render.owner import Object
from parley_operator.render.subject import Subject

DNS = 53

USUAL = {"http": 80, "https": 443}


def network_policy(subject: Subject) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": subject.metadata(names.by_content(subject.name, network_digest(subject))),
        "spec": _spec(subject),
    }


def network_digest(subject: Subject) -> str:
    """What its pods carry, so that it stays while one of them needs it."""
    return hashlib.sha256(json.dumps(_spec(subject), sort_keys=True).encode()).hexdigest()


def _spec(subject: Subject) -> Object:
    servers = [{"port": port, "protocol": "TCP"} for port in sorted({DNS, *_server_ports(subject)})]
    return {
        "egress": [
            {"ports": servers},
            # DNS and STUN, and callers, who have any port. A check that ICE sends to one who has not come through
            # yet is the first packet of its flow: a rule for answers alone would not let it out.
            {"ports": [{"protocol": "UDP"}]},
        ],
        "ingress": [
            {"ports": [{"port": PORT, "protocol": "TCP"}]},
            {"ports": [{"port": subject.file.media_port, "protocol": "UDP"}]},
        ],
        "podSelector": {"matchLabels": names.selector(subject.name)},
        "policyTypes": ["Egress", "Ingress"],
    }


def _server_ports(subject: Subject) -> set[int]:
    """TCP ports of the engines and of the proxies before them."""
    # In the file a ModelServer is its URL already.
    engine, proxy = subject.file.agent.spec.engines.llm.openai, subject.spec.pods.proxy
    urls = [engine.url if engine is not None else "", proxy.http, proxy.https]
    return {parts.port or USUAL[parts.scheme] for parts in map(urlsplit, filter(None, urls))}
