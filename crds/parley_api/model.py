"""What every model of the API has in common.

Rules: camelCase in a file, snake_case in Python; an unknown field is a mistake; no value is converted
silently (300 is a number, "300" is a text); a model is frozen once made; every field has a description and a
bound, and a default unless only the author can know it. A pattern has its meaning in words beside it
(`x-advice`). A union is a map with exactly one member set, as in Kubernetes' own types.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import CoreSchema

Identifier = Annotated[
    str,
    Field(
        min_length=1,
        max_length=63,
        pattern=r"^[A-Za-z][A-Za-z0-9_]*$",
        json_schema_extra={"x-advice": "a letter, then letters, digits and '_', at most 63"},
    ),
]
"""The name of a slot or record: it stands between braces in templates."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule that spans several fields: in CEL for the CRD, with what to write instead.

    `field` is what is to be written otherwise, as a path from where the rule stands; "" is all of it.
    """

    cel: str
    message: str
    field: str = ""


def cel_rules(*rules: Rule) -> JsonDict:
    """For `json_schema_extra` of the model that they are about."""
    return {"x-kubernetes-validations": [_as_cel(rule) for rule in rules]}


def _as_cel(rule: Rule) -> JsonDict:
    said: JsonDict = {"rule": rule.cel, "message": rule.message}
    return said | {"fieldPath": rule.field} if rule.field else said


class Model(BaseModel):
    """The base of all models."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        strict=True,
        allow_inf_nan=False,
    )


class OneOf(Model):
    """A union: each field is a member, and exactly one is set."""

    @property
    def chosen(self) -> str:
        """The name of the member that is set, as in the file ("fasterWhisper")."""
        name = self._set_field()
        return type(self).model_fields[name].alias or name

    @property
    def settings(self) -> Model:
        """The member that is set."""
        member: Model = getattr(self, self._set_field())
        return member

    def _set_field(self) -> str:
        return next(name for name in type(self).model_fields if getattr(self, name) is not None)

    @classmethod
    def members(cls) -> list[str]:
        """All that may be set, as in the file."""
        return [field.alias or name for name, field in cls.model_fields.items()]

    @classmethod
    def advice(cls) -> str:
        """What to write instead of none or several members; the CRD says the same."""
        members = cls.members()
        if len(members) == 1:
            return f"write {members[0]}: {{}}"
        return f"write exactly one of {', '.join(members)} (for example {members[0]}: {{}})"

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        flags = [f"(has(self.{name}) ? 1 : 0)" for name in cls.members()]
        rule = Rule(" + ".join(flags) + " == 1", cls.advice())
        return {**handler.resolve_ref_schema(handler(core)), **cel_rules(rule)}

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        if len(set_members(self.model_dump(by_alias=True), self.members())) != 1:
            raise PydanticCustomError("exactly_one", "{advice}", {"advice": self.advice()})
        return self


def set_members(value: Mapping[str, Any], members: list[str]) -> list[str]:
    """Which of `members` are set in `value`. To Kubernetes, a null is a field that is not there."""
    return [name for name in members if value.get(name) is not None]
