"""What is said of a mistake that pydantic found: where, what was seen, and what to write instead.

Rules: the words are made from the kind's schema, from which its CRD is made as well, so that a laptop and a cluster
agree.
"""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from typing import Any

from pydantic_core import ErrorDetails

from parley_api.document import Document
from parley_api.problems import Location, Problem, path_text, printable, shown
from parley_api.schema import Schema
from parley_api.wanted import wanted


def problem(error: ErrorDetails, document: Document, whole: Schema) -> Problem:
    """One of pydantic's errors of an object, in our words; `whole` is the schema of its kind."""
    location: Location = error["loc"]
    if location[-1:] == ("[key]",):
        location = location[:-1]
        seen = "a key that is not allowed"
        instead = _schema_at(location[:-1], whole)["x-kubernetes-validations"][0]["message"]
    elif error["type"] == "extra_forbidden":
        seen, instead = "an unknown field", _unknown(location, whole)
    else:
        schema = _schema_at(location, whole)
        secret = schema.get("format") == "password"
        seen = "nothing" if error["type"] == "missing" else "a secret" if secret else shown(error["input"])
        instead = _advice(error["input"], schema)
        if error["type"] == "string_type" and location in document.plain:
            plain = "a secret" if secret else printable(document.plain[location])
            seen, instead = f"{plain} without quotes", "put a text in quotes"
        elif error["type"] == "string_type" and isinstance(error["input"], dict | list):
            instead += ", in quotes if it begins with { or [ or holds a colon"
        elif error["type"] == "string_too_long":
            seen = f"a text of {len(error['input'])} characters"
    return Problem(path_text(location), seen, instead, document.line_of(location))


def _schema_at(location: Location, schema: Schema) -> Schema:
    for part in location:
        if isinstance(part, int):
            schema = schema["items"]
        else:
            schema = schema.get("properties", {}).get(part) or schema["additionalProperties"]
    return schema


def _advice(value: Any, schema: Schema) -> str:
    """What to write for a field, in words made from its schema."""
    names = schema.get("enum", [])
    if len(names) > 1 and isinstance(value, str) and (close := closest(value, names)):
        return f"did you mean {close}? Write {wanted(schema)}"
    return f"write {wanted(schema)}"


_FAR = 0.7
"""How alike a name must be that is meant though it stands elsewhere."""


def _unknown(location: Location, whole: Schema) -> str:
    """What was meant by a field that does not exist: a name like it here, or the same name elsewhere."""
    name, names = str(location[-1]), list(_schema_at(location[:-1], whole).get("properties", {}))
    places = _places(whole)
    if name in places:
        return f"it belongs to {places[name]}"
    if close := closest(name, names):
        return f"did you mean {close}?"
    if similar := closest(name, list(places), _FAR):
        return f"did you mean {similar} of {places[similar]}?"
    return f"write one of {', '.join(names)}" if names else "nothing can be set here: remove it"


def closest(name: str, names: Sequence[str], alike: float = 0.6) -> str | None:
    """The one of `names` that was meant, if one was."""
    if len(name) > 64:
        return None
    by_lower = {candidate.lower(): candidate for candidate in names}
    found = difflib.get_close_matches(name.lower().replace("_", ""), by_lower, n=1, cutoff=alike)
    return by_lower[found[0]] if found else None


def _places(whole: Schema) -> dict[str, str]:
    """Each field of the spec that has only one place, and that place."""
    places: dict[str, list[str]] = {}

    def walk(schema: Schema, path: str) -> None:
        for name, member in schema.get("properties", {}).items():
            places.setdefault(name, []).append(path)
            walk(member, f"{path}.{name}")
        if "items" in schema:
            walk(schema["items"], f"{path}[]")

    walk(whole["properties"]["spec"], "spec")
    return {name: found[0] for name, found in places.items() if len(found) == 1}
