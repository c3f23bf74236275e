"""What adds pods while there are more calls: a HorizontalPodAutoscaler, or a ScaledObject of KEDA's; none where the
least and the most are the same.

Both go by the data plane's own gauge of calls in progress. Pods are added at once, for a caller waits; they are taken
one a minute, after ten quiet ones, and those with the fewest calls first (pod-deletion-cost).
"""

from __future__ import annotations

from parley_operator.render.owner import Object
from parley_operator.render.subject import Subject

CALLS = "parley_sessions_active"
"""The data plane's gauge of calls in progress, by door (parley_dataplane/metrics.py); a test holds the two together."""

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


def pod_autoscaler(subject: Subject) -> Object | None:
    scaling = subject.spec.autoscaling
    if scaling is None or not subject.autoscaled or scaling.keda is not None:
        return None
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": subject.metadata(),
        "spec": {
            "behavior": BEHAVIOR,
            "maxReplicas": scaling.max_replicas,
            "metrics": [
                {
                    "pods": {
                        "metric": {"name": CALLS},
                        "target": {"averageValue": str(scaling.target_sessions), "type": "AverageValue"},
                    },
                    "type": "Pods",
                }
            ],
            "minReplicas": subject.spec.replicas,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": subject.child},
        },
    }


def scaled_object(subject: Subject) -> Object | None:
    scaling = subject.spec.autoscaling
    if scaling is None or not subject.autoscaled or scaling.keda is None:
        return None
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": subject.metadata(),
        "spec": {
            "advanced": {"horizontalPodAutoscalerConfig": {"behavior": BEHAVIOR}},
            "maxReplicaCount": scaling.max_replicas,
            "minReplicaCount": subject.spec.replicas,
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": subject.child},
            "triggers": [
                {
                    "metadata": {
                        "query": query(subject),
                        "serverAddress": scaling.keda.server_address,
                        "threshold": str(scaling.target_sessions),
                    },
                    "metricType": "AverageValue",
                    "type": "prometheus",
                }
            ],
        },
    }


def query(subject: Subject) -> str:
    """All calls of the agent, by the labels that its PodMonitor gives; a Prometheus that scrapes otherwise has to give
    them too.
    """
    return f'sum({CALLS}{{namespace="{subject.namespace}",parley_dev_agent="{subject.name}"}})'
