"""How an agent's pods are asked, and what may be believed of their answers."""

from __future__ import annotations

import json

from parley_operator.plan.agent import PodStatus
from parley_operator.polls import BadAnswer, Question

CALLS_LATER_SECONDS = 1.0


def urgency(before: PodStatus | None, after: PodStatus | None) -> float:
    """Where only the number of calls changed, its agent is looked at a little later."""
    if before is None or after is None:
        return 0.0
    same = (before.draining, before.agent_digest, before.version)
    return CALLS_LATER_SECONDS if same == (after.draining, after.agent_digest, after.version) else 0.0


def read(content: bytes) -> PodStatus:
    """Raises BadAnswer."""
    try:
        answer = json.loads(content)
        calls, draining = answer["calls"], answer["draining"]
        digest, version = answer["agent_digest"], answer["version"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadAnswer("no status") from error
    right = (
        type(calls) is int
        and 0 <= calls < 1_000_000
        and type(draining) is bool
        and isinstance(digest, str)
        and len(digest) <= 64
        and isinstance(version, str)
        and len(version) <= 64
    )
    if not right:
        raise BadAnswer("no status")
    return PodStatus(calls, draining, digest, version)


QUESTION = Question(port=9011, path="/v1/status", read=read, urgency=urgency)
