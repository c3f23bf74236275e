"""How a model server's pods are asked, and what may be believed of their answers."""

from __future__ import annotations

import json

from parley_operator.plan.model import PodModels
from parley_operator.polls import BadAnswer, Question
from parley_operator.render.model_subject import PORT

MOST_NAMES = 16
LONGEST_NAME = 255


def read(content: bytes) -> PodModels:
    """Of GET /v1/models, as OpenAI has it. Raises BadAnswer."""
    try:
        served = tuple(one["id"] for one in json.loads(content)["data"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadAnswer("no models") from error
    right = 0 < len(served) <= MOST_NAMES and all(
        isinstance(name, str) and 0 < len(name) <= LONGEST_NAME for name in served
    )
    if not right:
        raise BadAnswer("no models")
    return PodModels(served)


QUESTION = Question(port=PORT, path="/v1/models", read=read, most_bytes=65_536)
