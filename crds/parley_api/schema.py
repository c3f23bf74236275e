"""The models as an OpenAPI v3 schema, and the CustomResourceDefinition made from it.

Rules: structural, as the API server asks of a CRD (apiextensions.k8s.io/v1): one `type` per field, no $ref,
no anyOf, no null, no additionalProperties beside properties; `metadata` is the API server's own; what the
models bound is bounded here, which also bounds the cost of the CEL rules. Pure and byte-stable.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from parley_api.voiceagent import GROUP, VERSION, VoiceAgent

Schema = dict[str, Any]

_PYDANTIC_ONLY = {"title", "additionalProperties", "propertyNames", "patternProperties", "const"}
"""What pydantic writes and a structural schema has otherwise, or not at all."""

PLURAL = "voiceagents"


@cache
def voice_agent_schema() -> Schema:
    """The whole VoiceAgent, metadata included. `x-advice` says in words what a pattern asks for."""
    raw = VoiceAgent.model_json_schema(by_alias=True)
    return _structural(raw, raw.get("$defs", {}))


def custom_resource_definition() -> Schema:
    """The CRD of VoiceAgent."""
    schema = _without_advice(voice_agent_schema())
    properties: Schema = schema["properties"]
    properties["metadata"] = {"type": "object"}
    for name in ("apiVersion", "kind"):
        properties[name] = {"type": "string", "maxLength": 63, "description": properties[name]["description"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{PLURAL}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": "VoiceAgent",
                "listKind": "VoiceAgentList",
                "plural": PLURAL,
                "singular": "voiceagent",
                "shortNames": ["va"],
                "categories": ["parley"],
            },
            "scope": "Namespaced",
            "versions": [
                {"name": VERSION, "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
            ],
        },
    }


def custom_resource_definition_yaml() -> str:
    """The CRD as `kubectl apply` takes it."""
    text: str = yaml.safe_dump(custom_resource_definition(), sort_keys=False, width=110, allow_unicode=True)
    return text


def _structural(node: Schema, definitions: Schema) -> Schema:
    """One schema of pydantic's as a structural one: references in place, `X or null` as X."""
    if "$ref" in node:
        node = {
            **definitions[node["$ref"].rpartition("/")[2]],
            **{k: v for k, v in node.items() if k != "$ref"},
        }
        return _structural(node, definitions)
    if "anyOf" in node:
        (branch,) = [branch for branch in node["anyOf"] if branch.get("type") != "null"]
        return _structural({**branch, **{k: v for k, v in node.items() if k != "anyOf"}}, definitions)
    schema = {key: value for key, value in node.items() if key not in _PYDANTIC_ONLY and key != "$defs"}
    if "const" in node:
        schema["enum"] = [node["const"]]
    if "default" in schema:
        schema["default"] = _without_nulls(schema["default"])
        if schema["default"] is None:
            del schema["default"]
    if "properties" in schema:
        schema["properties"] = {k: _structural(v, definitions) for k, v in schema["properties"].items()}
    if "items" in schema:
        schema["items"] = _structural(schema["items"], definitions)
    values = _map_values(node)
    if values is not None:
        schema["additionalProperties"] = _structural(values, definitions)
    return schema


def _map_values(node: Schema) -> Schema | None:
    """The schema of a map's values, which pydantic may file under its keys' pattern."""
    if isinstance(node.get("additionalProperties"), dict):
        return dict(node["additionalProperties"])
    return next((dict(values) for values in node.get("patternProperties", {}).values()), None)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(member) for key, member in value.items() if member is not None}
    return value


def _without_advice(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_advice(member) for key, member in value.items() if key != "x-advice"}
    return [_without_advice(item) for item in value] if isinstance(value, list) else value
