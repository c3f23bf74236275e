"""An object as the API server has it, read by its kind's model: the same for every kind.

Rules: a field that this operator does not know is no refusal: the API server, which has a newer version of the kind,
has taken it; it is passed over, and said so.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from parley_api import __version__
from parley_api.problems import Location, path_text
from parley_operator.plan.plan import Object

_MOST_TOLD = 5

Model = TypeVar("Model", bound=BaseModel)


class Refusal(NamedTuple):
    """Of the condition Accepted."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Read(Generic[Model]):
    """With types. `unknown` are the paths of fields that were passed over."""

    value: Model
    unknown: tuple[str, ...] = ()


def read(model: type[Model], obj: Object) -> Read[Model] | Refusal:
    """With types, or what is wrong with it."""
    metadata = obj.get("metadata") or {}
    value = {
        "apiVersion": obj.get("apiVersion"),
        "kind": obj.get("kind"),
        "metadata": {key: metadata.get(key) for key in ("name", "namespace") if key in metadata},
        "spec": obj.get("spec"),
    }
    found = _typed(model, value)
    if not isinstance(found, list):
        return Read(found)
    unknown = [one["loc"] for one in found if one["type"] == "extra_forbidden"]
    if unknown:
        found = _typed(model, _without(value, unknown))
    if not isinstance(found, list):
        return Read(found, tuple(map(path_text, unknown)))
    told = [_sentence(one["loc"], one["msg"]) for one in found[:_MOST_TOLD]]
    if len(found) > _MOST_TOLD:
        told.append(f"and {len(found) - _MOST_TOLD} more")
    return Refusal("Invalid", "; ".join(told))


def passed_over(unknown: Sequence[str]) -> str:
    """In words; "" where nothing was."""
    if not unknown:
        return ""
    more = f" and {len(unknown) - _MOST_TOLD} more" if len(unknown) > _MOST_TOLD else ""
    fields = f"{', '.join(unknown[:_MOST_TOLD])}{more}"
    return f"operator {__version__} does not know {fields}, and passes over it: upgrade it"


def _typed(model: type[Model], value: Object) -> Model | list[ErrorDetails]:
    try:
        return model.model_validate(value, by_alias=True, by_name=False)
    except ValidationError as error:
        return error.errors(include_url=False, include_context=False, include_input=False)


def _without(value: Object, unknown: Iterable[Location]) -> Object:
    known = copy.deepcopy(value)
    for *path, name in unknown:
        holder: Any = known
        for part in path:
            holder = holder[part]
        del holder[name]
    return known


def _sentence(location: Location, message: str) -> str:
    where = path_text(location)
    return f"{where}: {message}" if where else message.replace("\n", "; ")
