"""What makes a kind of the API: its objects, their status, and what `kubectl get` shows of them.

Rules: an object of any kind has the same four parts; the rules across its fields are looked at when it is made, so that
none with such a mistake exists, and `parley check` says them with their places.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from parley_api.metadata import ObjectMeta
from parley_api.model import Model
from parley_api.plain import Mistakes
from parley_api.problems import Problem, path_text

GROUP = "parley.dev"
VERSION = "v1alpha1"


class Resource(Model):
    """An object of one of the kinds, as a file or a cluster has it."""

    api_version: Literal["parley.dev/v1alpha1"] = Field(description="Version of the API.")
    kind: str = Field(description="Kind of the object.")
    metadata: ObjectMeta = Field(description="Which object this is.")

    @staticmethod
    @abstractmethod
    def mistakes(value: Any) -> Mistakes:
        """What a schema can't say of it, as plain values (camelCase, as in the file)."""

    @model_validator(mode="after")
    def _rules_across_fields(self) -> Self:
        found = self.mistakes(self.model_dump(by_alias=True, exclude_none=True, exclude_defaults=True))
        text = "\n".join(str(Problem(path_text(one.location), one.seen, one.instead)) for one in found)
        if text:
            raise PydanticCustomError("references", "{text}", {"text": text})
        return self


@dataclass(frozen=True, slots=True)
class Column:
    """One of `kubectl get`; `wide`: with -o wide alone."""

    name: str
    path: str
    description: str
    type: str = "string"
    wide: bool = False


_READY = '.status.conditions[?(@.type=="Ready")]'

READY = Column("Ready", f"{_READY}.status", "Whether it works: True where all was read back.")
AGE = Column("Age", ".metadata.creationTimestamp", "Since when it has been there.", "date")
SINCE = Column(
    "Since", f"{_READY}.lastTransitionTime", "Since when it has been ready, or not.", "date", wide=True
)
WHY = Column("Why", f"{_READY}.message", "What lacks where it is not ready.", wide=True)
"""What all kinds show, first and last."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """`conditions` and `reasons` (of Accepted), each with what it says; `scaled`: `kubectl scale` sets its replicas."""

    resource: type[Resource]
    status: type[Model]
    plural: str
    short: str
    columns: tuple[Column, ...]
    conditions: Mapping[Any, str]
    reasons: Mapping[str, str]
    namespaced: bool = True
    scaled: bool = False

    @property
    def name(self) -> str:
        return self.resource.__name__

    @property
    def singular(self) -> str:
        return self.name.lower()

    @property
    def crd(self) -> str:
        """Name of its CustomResourceDefinition."""
        return f"{self.plural}.{GROUP}"
