"""The PodDisruptionBudget: a drain of nodes takes a tenth of an agent's pods at a time, at least one.

One that is evicted finishes its calls within its grace period; the budget keeps enough others for new ones.
"""

from __future__ import annotations

from parley_operator import names
from parley_operator.render.owner import Object
from parley_operator.render.subject import Subject


def disruption_budget(subject: Subject) -> Object:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": subject.metadata(),
        "spec": {
            "maxUnavailable": "10%",  # rounded up
            "selector": {"matchLabels": names.selector(subject.name)},
            # A pod that never gets ready has no calls, and must not keep its node from being emptied.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
