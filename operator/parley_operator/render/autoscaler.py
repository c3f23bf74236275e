"""What adds pods while there are more calls: a HorizontalPodAutoscaler, or a ScaledObject of KEDA's; none where the
least and the most are the same.

Both go by what the pods themselves say of their work. Pods are added at once, for a caller waits; they are taken one a
minute, after ten quiet ones, and of an agent those with the fewest calls first (pod-deletion-cost).
"""

from __future__ import annotations

from parley_operator.render.owner import Object
from parley_operator.render.served import Served

PAUSED = "autoscaling.keda.sh/paused"
PAUSED_REPLICAS = "autoscaling.keda.sh/paused-replicas"
"""Annotations of a ScaledObject that people write: it rests, with the pods that there are, or with so many."""

BEHAVIOR: Object = {
    "scaleDown": {
        "policies": [{"periodSeconds": 60, "type": "Pods", "value": 1}],
        "selectPolicy": "Max",
        "stabilizationWindowSeconds": 600,
    },
    "scaleUp": {
        "policies": [
            {"periodSeconds": 15, "type": "Pods", "value": 4},
            {"periodSeconds": 15, "type": "Percent", "value": 100},
        ],
        "selectPolicy": "Max",
        "stabilizationWindowSeconds": 0,
    },
}


def pod_autoscaler(subject: Served) -> Object | None:
    scaling = subject.scaling
    if scaling is None or scaling.keda:
        return None
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": subject.metadata(),
        "spec": {
            "behavior": BEHAVIOR,
            "maxReplicas": scaling.most,
            "metrics": [
                {
                    "pods": {
                        "metric": {"name": scaling.metric},
                        "target": {"averageValue": str(scaling.target), "type": "AverageValue"},
                    },
                    "type": "Pods",
                }
            ],
            "minReplicas": scaling.least,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": subject.child},
        },
    }


def scaled_object(subject: Served) -> Object | None:
    scaling = subject.scaling
    if scaling is None or not scaling.keda:
        return None
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": subject.metadata(),
        "spec": {
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": BEHAVIOR}},
            "maxReplicaCount": scaling.most,
            "minReplicaCount": scaling.least,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": subject.child},
            "triggers": [
                {
                    "metadata": {
                        "query": scaling.query,
                        "serverAddress": scaling.keda,
                        "threshold": str(scaling.target),
                    },
                    "metricType": "AverageValue",
                    "type": "prometheus",
                }
            ],
        },
    }
