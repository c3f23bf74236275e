"""What the conditions of every kind have in common: their form, Accepted, Ready, and how they are written.

Rules: True is said of what was read back alone. What could not be read yet is Unknown and says what is waited for. A
kind has one function for each of its own, in the order in which they come true (agent_conditions.py shows how); the
first that is not True explains Ready. `lastTransitionTime` stays where the status does.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from parley_operator.plan.plan import Failure, Object
from parley_operator.plan.reading import Refusal

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"

OPERATOR_ERROR = "OperatorError"

_LONGEST = 400
"""Characters of another's sentence: a scheduler's list of nodes can be long."""


class Found(NamedTuple):
    """One condition, without what is the same for all."""

    type: str
    status: str
    reason: str
    message: str = ""


def accepted(refusal: Refusal | None, failures: Sequence[Failure], passed_over: str = "") -> Found:
    if refusal is not None:
        return Found("Accepted", FALSE, refusal.reason, refusal.message)
    if failures:
        first = failures[0]
        # What the kind's schema takes: a webhook that gives no reason leaves its status, a number; one may write pages.
        reason = first.reason if re.fullmatch(r"[A-Za-z][A-Za-z0-9]{0,1023}", first.reason) else "Refused"
        return Found(
            "Accepted", FALSE, reason, f"the API server refused the {first.ref}: {cut(first.message)}"
        )
    if passed_over:
        return Found("Accepted", TRUE, "InPart", passed_over)
    return Found("Accepted", TRUE, "AsWritten")


def ready(others: Iterable[Found], reason: str = "AllTrue") -> Found:
    """`reason` where all the others are True."""
    lacking = [one for one in others if one.status != TRUE]
    if not lacking:
        return Found("Ready", TRUE, reason)
    first = lacking[0]
    status = FALSE if any(one.status == FALSE for one in lacking) else UNKNOWN
    cause = next((one for one in lacking if one.status == status), first)
    return Found("Ready", status, cause.reason, f"{cause.type} is {cause.status}: {cause.message}")


def broken(status: Mapping[str, Any], noun: str, generation: int, version: str, now: datetime) -> Object:
    """The last status, where the operator itself fails at an object: nothing else of it is taken back."""
    message = (
        f"operator {version} failed at this {noun}, by a mistake of its own that its log tells: what runs stays as it"
        " is, and it tries again; report it, and look whether a change of the spec gets round it"
    )
    told = Found("Accepted", UNKNOWN, OPERATOR_ERROR, message)
    found = [told, Found("Ready", UNKNOWN, OPERATOR_ERROR, f"Accepted is Unknown: {message}")]
    before = status.get("conditions") or ()
    others = [one for one in before if one.get("type") not in {condition.type for condition in found}]
    first, last = as_status(found, before, generation, now)
    return {**status, "conditions": [first, *others, last]}


def is_broken(status: Mapping[str, Any]) -> bool:
    """Whether `broken` was the last to write it."""
    conditions = status.get("conditions") or ()
    return any(isinstance(one, Mapping) and one.get("reason") == OPERATOR_ERROR for one in conditions)


def as_status(found: Iterable[Found], before: Any, generation: int, now: datetime) -> list[Object]:
    """As the API has them. `before` is the list that was written last."""
    last = {one.get("type"): one for one in before or () if isinstance(one, Mapping)}
    written = []
    for one in found:
        was: Mapping[str, Any] = last.get(one.type, {})
        same = was.get("status") == one.status
        written.append(
            {
                "type": one.type,
                "status": one.status,
                "reason": one.reason,
                "message": one.message,
                "observedGeneration": generation,
                "lastTransitionTime": (was.get("lastTransitionTime") if same else None) or timestamp(now),
            }
        )
    return written


def timestamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")


def condition(obj: Object | None, kind: str) -> Mapping[str, Any] | None:
    found = ((obj or {}).get("status") or {}).get("conditions") or ()
    return next((one for one in found if one.get("type") == kind), None)


def cut(text: str) -> str:
    """As much of another's sentence as a message has room for."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
