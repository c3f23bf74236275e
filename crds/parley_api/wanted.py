"""What a field takes, in words made from its schema: the same in a mistake and on the reference page."""

from __future__ import annotations

from typing import Any


def wanted(schema: dict[str, Any]) -> str:
    """For a sentence that begins with "write"."""
    if "x-advice" in schema:
        return str(schema["x-advice"])
    match schema["type"]:
        case "string" if "enum" in schema:
            names = schema["enum"]
            return names[0] if len(names) == 1 else f"one of {', '.join(names)}"
        case "string":
            return f"a text of {schema.get('minLength', 0)} to {schema['maxLength']} characters"
        case "integer":
            return f"a whole number from {schema['minimum']} to {schema['maximum']}"
        case "number":
            return f"a number from {schema['minimum']:g} to {schema['maximum']:g}"
        case "boolean":
            return "true or false"
        case "array":
            return f"a list of {schema.get('minItems', 0)} to {schema['maxItems']}"
        case _:
            names = schema.get("properties", {})
            return f"a map with {', '.join(names)}" if names else "a map"
