"""The PodMonitor by which a Prometheus Operator finds the pods' metrics, where there is one."""

from __future__ import annotations

from parley_operator.render.owner import Object
from parley_operator.render.served import HTTP, Served


def pod_monitor(subject: Served) -> Object:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": subject.metadata(),
        "spec": {
            "podMetricsEndpoints": [{"interval": "15s", "path": "/metrics", "port": HTTP}],
            "podTargetLabels": list(subject.selector),
            "selector": {"matchLabels": subject.selector},
        },
    }
