"""The conditions of a tenant, one function each, in the order in which they come true.

Read back are each object in each namespace, by what of it is still the operator's, and what Kubernetes counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parley_operator import amounts
from parley_operator.plan.conditions import FALSE, TRUE, UNKNOWN, Found, accepted, ready
from parley_operator.plan.plan import Failure
from parley_operator.plan.reading import Refusal
from parley_operator.plan.tenant_quota import Use

MISSING, TAKEN, IN_USE, ENDING, OPEN, READY = "Missing", "Taken", "InUse", "Ending", "Open", "Ready"
"""How a namespace is."""

REASONS = {TAKEN: "NamespaceTaken", IN_USE: "NamespaceInUse", ENDING: "NamespaceEnding"}
"""Of Accepted: states in which nothing can be made in a namespace."""

WORDS = {
    amounts.CPU: "CPUs",
    amounts.MEMORY: "memory",
    amounts.GPUS: "GPUs",
    amounts.PODS: "pods",
    amounts.AGENTS: "agents",
    amounts.MODEL_SERVERS: "model servers",
    amounts.SESSIONS: "sessions",
}


class State(NamedTuple):
    """Of one namespace; `message` says what lacks."""

    name: str
    state: str
    message: str = ""


def conditions(
    refusal: Refusal | None,
    failures: Sequence[Failure],
    states: Sequence[State],
    use: Sequence[Use],
    passed_over: str = "",
) -> list[Found]:
    """All of them, Ready last. `refusal`: of the tenant as a whole."""
    found = [
        accepted(refusal or _not_taken(states), failures, passed_over),
        isolated(states),
        within_quota(use),
    ]
    return [*found, ready(found)]


def _not_taken(states: Sequence[State]) -> Refusal | None:
    for state in (TAKEN, IN_USE, ENDING):
        told = [one.message for one in states if one.state == state]
        if told:
            more = f" (and {len(told) - 1} more namespaces)" if len(told) > 1 else ""
            return Refusal(REASONS[state], f"{told[0]}{more}")
    return None


def isolated(states: Sequence[State]) -> Found:
    lacking = [one for one in states if one.state != READY]
    if not lacking:
        return Found("Isolated", TRUE, "ReadBack")
    unread = [one for one in lacking if one.state in (OPEN, MISSING)]
    if unread:
        return Found("Isolated", UNKNOWN, "NotYetSeen", f"{unread[0].name}: {unread[0].message}")
    return Found(
        "Isolated", FALSE, REASONS[lacking[0].state], f"{lacking[0].name} is not isolated by this tenant"
    )


def within_quota(use: Sequence[Use]) -> Found:
    kind = "WithinQuota"
    over = [one for one in use if one.quota is not None and one.used > one.quota]
    if over:
        told = ", ".join(
            f"{_amount(one, one.used)} of {_amount(one, one.quota or 0)} {_word(one)}" for one in over
        )
        message = (
            f"more is used than there is: {told}. What runs goes on, and nothing new gets in; write a larger quota, or"
            " take something away"
        )
        return Found(kind, FALSE, "OverQuota", message)
    uncounted = [_word(one) for one in use if not one.counted]
    if uncounted:
        return Found(kind, UNKNOWN, "NotYetCounted", f"Kubernetes has not counted {', '.join(uncounted)} yet")
    short = [one for one in use if one.missing]
    if short:
        told = ", ".join(f"{_amount(one, one.missing)} {_word(one)}" for one in short)
        message = (
            f"for its largest rollout {told} lack beside what is used: write a larger quota, or take"
            " something away; until then a rollout waits, and what runs goes on"
        )
        return Found(kind, FALSE, "RolloutLacks", message)
    return Found(kind, TRUE, "Fits")


def _amount(one: Use, value: int) -> str:
    return amounts.text(one.resource, value)


def _word(one: Use) -> str:
    return WORDS[one.resource]
