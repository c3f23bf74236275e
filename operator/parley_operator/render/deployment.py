"""The Deployment: never fewer pods than before while it rolls, and what an autoscaler owns left out."""

from __future__ import annotations

from parley_operator import names
from parley_operator.render.owner import Object
from parley_operator.render.subject import Subject

PROGRESS_SECONDS = 600
"""Without a new pod ready for so long, a rollout says that it is stuck: time for a node to be added, and to pull."""

OLD_TEMPLATES = 2
"""ReplicaSets that stay for `kubectl rollout history`. Ten of each would be most of what a large fleet keeps."""


def deployment(subject: Subject, template: Object) -> Object:
    """`template` is pod_template()'s, or that of pods which may not roll yet."""
    by = names.AUTOSCALER if subject.autoscaled else names.OPERATOR
    spec: Object = {
        "progressDeadlineSeconds": PROGRESS_SECONDS,
        "revisionHistoryLimit": OLD_TEMPLATES,
        "selector": {"matchLabels": names.selector(subject.name)},
        "strategy": {
            "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},  # rounded up: one at least
            "type": "RollingUpdate",
        },
        "template": template,
    }
    if not subject.autoscaled:
        spec["replicas"] = subject.spec.replicas
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": subject.metadata(
            annotations={**subject.annotations, names.REPLICAS_BY: by, names.SESSIONS: str(subject.sessions)}
        ),
        "spec": spec,
    }


def replicas_alone(subject: Subject, replicas: int) -> Object:
    """What a second field manager owns when the replicas go to an autoscaler, so that they stay until it sets them."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": subject.child, "namespace": subject.namespace},
        "spec": {"replicas": replicas},
    }
