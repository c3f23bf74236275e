"""The ServiceAccount of the pods: a name without a token, for they ask the API server nothing."""

from __future__ import annotations

from parley_operator.render.owner import Object
from parley_operator.render.served import Served


def service_account(subject: Served) -> Object:
    return {
        "apiVersion": "v1",
        "automountServiceAccountToken": False,
        "kind": "ServiceAccount",
        "metadata": subject.metadata(),
    }
