"""A tenant's namespace: whose it is, and what Pod Security refuses in it.

It has no owner, and is never deleted here: a namespace takes all with it that people have put there, Secrets and
volumes among it, and `kubectl delete voicetenant` says nothing of those.
"""

from __future__ import annotations

from parley_operator.render.owner import Object, Owner

RESTRICTED = "restricted"

RULES_OF = "v1.33"
"""The oldest Kubernetes that is supported: a newer cluster refuses no pod that an older one took."""


def namespace(owner: Owner, name: str) -> Object:
    levels = {
        f"pod-security.kubernetes.io/{mode}{suffix}": value
        for mode in ("audit", "enforce", "warn")
        for suffix, value in (("", RESTRICTED), ("-version", RULES_OF))
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"labels": {**owner.labels, **levels}, "name": name},
    }
