"""What a status says of any kind: its conditions, and the generation that they are about.

Rules: True is said of what was read back, never of what was asked for; Ready comes last and sums up the others.
"""

from __future__ import annotations

from typing import Annotated, Generic, Literal, TypeVar

from pydantic import Field

from parley_api.model import Model

Type = TypeVar("Type", bound=str)

_GENERATION = 2**53 - 1
"""As far as JSON's numbers are exact."""

Count = Annotated[int, Field(ge=0, le=1_000_000)]


class Condition(Model, Generic[Type]):
    """One thing that is so, is not, or is not known, as metav1.Condition has it. `Type` are the kind's own."""

    type: Type = Field(description="What it is about.")
    status: Literal["True", "False", "Unknown"] = Field(description="Whether it is so, as was read back.")
    observed_generation: int | None = Field(
        default=None, ge=0, le=_GENERATION, description="The metadata.generation that this is about."
    )
    last_transition_time: str = Field(
        max_length=64,
        description="When `status` last became another.",
        json_schema_extra={"format": "date-time"},
    )
    reason: str = Field(
        min_length=1,
        max_length=1_024,
        pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$",
        description="Why, in one CamelCase word for programs.",
        json_schema_extra={"x-advice": "a CamelCase word"},
    )
    message: str = Field(
        max_length=32_768,
        description="Why, in a sentence for people; where True, what else is to be known, or nothing.",
    )


class Status(Model, Generic[Type]):
    """What was last read back of an object; each kind adds its own."""

    observed_generation: int | None = Field(
        default=None, ge=0, le=_GENERATION, description="The metadata.generation that the operator has seen."
    )
    conditions: list[Condition[Type]] = Field(
        default_factory=list,
        max_length=16,
        description="What is so and what is not, each with its reason.",
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    )
