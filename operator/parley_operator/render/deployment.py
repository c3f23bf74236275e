"""The Deployment: never fewer pods than before while it rolls, and what an autoscaler owns left out."""

from __future__ import annotations

from parley_operator import names
from parley_operator.render.owner import Object
from parley_operator.render.served import Served

OLD_TEMPLATES = 2
"""ReplicaSets that stay for `kubectl rollout history`. Ten of each would be most of what a large fleet keeps."""


def deployment(subject: Served, template: Object) -> Object:
    """`template` is as it was rendered, or that of pods which may not roll yet."""
    by = names.AUTOSCALER if subject.scaling is not None else names.OPERATOR
    spec: Object = {
        "progressDeadlineSeconds": subject.progress_seconds,
        "revisionHistoryLimit": OLD_TEMPLATES,
        "selector": {"matchLabels": subject.selector},
        "strategy": {
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},  # rounded up: one at least
            "type": "RollingUpdate",
        },
        "template": template,
    }
    if subject.scaling is None:
        spec["replicas"] = subject.replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": subject.metadata(annotations={**subject.annotations, names.REPLICAS_BY: by}),
        "spec": spec,
    }


def replicas_alone(subject: Served, replicas: int) -> Object:
    """What a second field manager owns when the replicas go to an autoscaler, so that they stay until it sets them."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": subject.child, "namespace": subject.namespace},
        "spec": {"replicas": replicas},
    }
