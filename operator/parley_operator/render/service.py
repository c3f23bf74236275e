"""The Service by which offers and messages reach the pods. Never UDP: kube-proxy forgets a pod's flows when it ends.

ClientIP affinity because an offer and the candidates after it have to meet the same pod.
"""

from __future__ import annotations

from parley_operator import names
from parley_operator.render.owner import Object
from parley_operator.render.served import HTTP
from parley_operator.render.subject import Subject

NETWORK_LOAD_BALANCER = {
    "service.beta.kubernetes.io/aws-load-balancer-cross-zone-load-balancing-enabled": "true",
    "service.beta.kubernetes.io/aws-load-balancer-scheme": "internet-facing",
    "service.beta.kubernetes.io/aws-load-balancer-type": "nlb",
}
"""What makes it a network load balancer where several kinds can be had; other clouds pass over it."""

AFFINITY_SECONDS = 10_800


def service(subject: Subject) -> Object:
    outside = subject.spec.service.load_balancer
    spec: Object = {
        "ports": [{"appProtocol": "http", "name": HTTP, "port": 80, "protocol": "TCP", "targetPort": HTTP}],
        "selector": names.selector(subject.name),
        "sessionAffinity": "ClientIP",
        "sessionAffinityConfig": {"clientIP": {"timeoutSeconds": AFFINITY_SECONDS}},
        "type": "LoadBalancer" if outside else "ClusterIP",
    }
    if outside:
        # Otherwise another node's address stands for the client's, and all clients behind it are one to the affinity.
        spec["externalTrafficPolicy"] = "Local"
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": subject.metadata(annotations=NETWORK_LOAD_BALANCER if outside else None),
        "spec": spec,
    }
