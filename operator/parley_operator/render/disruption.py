"""The PodDisruptionBudget: a drain of nodes takes a tenth of the pods at a time, at least one.

One that is evicted finishes its work within its grace period; the budget keeps enough others for new work.
"""

from __future__ import annotations

from parley_operator.render.owner import Object
from parley_operator.render.served import Served


def disruption_budget(subject: Served) -> Object:
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": subject.metadata(),
        "spec": {
            "maxUnavailable": "10%",  # rounded up
            "selector": {"matchLabels": subject.selector},
            # A pod that never gets ready has no work, and must not keep its node from being emptied.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
        },
    }
