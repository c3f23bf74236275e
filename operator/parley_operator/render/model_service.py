"""The Service of a model server: the one address for many agents, at the port that its pods have."""

from __future__ import annotations

from parley_operator.render.model_subject import PORT, ModelSubject
from parley_operator.render.owner import Object
from parley_operator.render.served import HTTP


def model_service(subject: ModelSubject) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": subject.metadata(),
        "spec": {
            "ports": [
                {"appProtocol": "http", "name": HTTP, "port": PORT, "protocol": "TCP", "targetPort": HTTP}
            ],
            "selector": subject.selector,
            "type": "ClusterIP",
        },
    }
