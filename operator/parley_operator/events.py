"""Events that say why: one for each change of what people ask about an object, and never two for one change.

Rules: Accepted and Ready alone have Events: Ready's message says what lacks, and every condition is in the status
anyway. An Event's name is made of the change it tells, so that telling it twice makes one Event. Pure.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from parley_operator.plan.plan import Object

TOLD = ("Accepted", "Ready")
REPORTER = "parley.dev/operator"
LONGEST_NOTE = 1000
OF_THE_CLUSTER = "default"
"""Where Kubernetes has the Events of what is in no namespace."""

Conditions = Iterable[Mapping[str, str]]


def changes(before: Conditions, after: Conditions) -> list[Mapping[str, str]]:
    """The conditions whose change is worth an Event. That a new one is accepted and not ready yet is no news."""
    known = {condition["type"]: condition for condition in before}
    told = []
    for condition in after:
        if condition["type"] not in TOLD:
            continue
        old = known.get(condition["type"])
        if old is None:
            as_expected = "True" if condition["type"] == "Accepted" else "False"
            news = condition["status"] not in (as_expected, "Unknown")
        else:
            news = old["status"] != condition["status"] or (
                condition["status"] == "False" and old.get("reason") != condition.get("reason")
            )
        if news:
            told.append(condition)
    return told


def event(obj: Object, condition: Mapping[str, str], now: datetime, instance: str) -> Object:
    """In the form of events.k8s.io/v1."""
    metadata = obj["metadata"]
    namespace = metadata.get("namespace", "")
    facts = [metadata["uid"], *(condition.get(name, "") for name in ("type", "status", "reason"))]
    facts.append(condition.get("lastTransitionTime", ""))
    digest = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:16]
    return {
        "apiVersion": "events.k8s.io/v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name'][:200]}.{digest}", "namespace": namespace or OF_THE_CLUSTER},
        "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "reportingController": REPORTER,
        "reportingInstance": instance[:128],
        "action": condition["type"],
        "reason": (condition.get("reason") or condition["type"])[:128],
        "note": (condition.get("message") or condition["type"])[:LONGEST_NOTE],
        "type": "Warning" if condition["status"] == "False" else "Normal",
        "regarding": {
            "apiVersion": obj["apiVersion"],
            "kind": obj["kind"],
            "name": metadata["name"],
            **({"namespace": namespace} if namespace else {}),
            "uid": metadata["uid"],
        },
    }
