"""How tuners of nodes are asked, and what may be believed of their answers."""

from __future__ import annotations

import functools
import json

from parley_operator.plan.tuning import KeyReport, NodeReport
from parley_operator.polls import BadAnswer, Question

PATH = "/report"
MOST_BYTES = 262_144
"""Of 64 keys, and 64 that were let go of, each with as much text as a tuner says."""

LATER_SECONDS = 1.0
_MOST_KEYS = 512
_LONGEST = {"node": 253, "owner": 253, "profile": 64, "state": 16, "problem": 4_096}


def later(before: NodeReport | None, after: NodeReport | None) -> float:
    """A change of a profile is answered by all nodes within seconds: one look for many of them."""
    return LATER_SECONDS


def read(content: bytes) -> NodeReport:
    """Raises BadAnswer."""
    try:
        answer = json.loads(content)
        texts = {name: answer[name] for name in _LONGEST}
        keys = tuple(KeyReport(key, row["state"], row["why"]) for key, row in answer["keys"].items())
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise BadAnswer("no report") from error
    right = (
        all(isinstance(text, str) and len(text) <= _LONGEST[name] for name, text in texts.items())
        and len(keys) <= _MOST_KEYS
        and all(
            isinstance(one.state, str)
            and isinstance(one.why, str)
            and len(one.key) <= 128
            and len(one.why) <= 512
            for one in keys
        )
    )
    if not right:
        raise BadAnswer("no report")
    return NodeReport(**texts, keys=tuple(sorted(keys)))


@functools.cache
def question(port: int) -> Question:
    """The same one for the same port: a pod is followed as long as its question is."""
    return Question(port=port, path=PATH, read=read, urgency=later, most_bytes=MOST_BYTES)
