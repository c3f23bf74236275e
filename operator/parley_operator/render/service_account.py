"""The ServiceAccount of the pods: a name without a token, for they ask the API server nothing."""

from __future__ import annotations

from parley_operator.render.owner import Object
from parley_operator.render.subject import Subject


def service_account(subject: Subject) -> Object:
    return {
        "apiVersion": "v1",
        "automountServiceAccountToken": False,
        "kind": "ServiceAccount",
        "metadata": subject.metadata(),
    }
