"""The PodMonitor by which a Prometheus Operator finds the pods' metrics, where there is one."""

from __future__ import annotations

from parley_operator import names
from parley_operator.render.owner import Object
from parley_operator.render.pod import HTTP
from parley_operator.render.subject import Subject


def pod_monitor(subject: Subject) -> Object:
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": subject.metadata(),
        "spec": {
            "podMetricsEndpoints": [{"interval": "15s", "path": "/metrics", "port": HTTP}],
            "podTargetLabels": [names.PARLEY_AGENT],
            "selector": {"matchLabels": names.selector(subject.name)},
        },
    }
