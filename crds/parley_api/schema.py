"""The models as an OpenAPI v3 schema, and the CustomResourceDefinition made from it.

Rules: structural, as the API server asks of a CRD (apiextensions.k8s.io/v1): one `type` per field, no $ref,
no anyOf, no null, no additionalProperties beside properties; `metadata` is the API server's own; what the
models bound is bounded here, which also bounds the cost of the CEL rules. A pattern that has its words beside it is
a CEL rule with these words in the CRD, for the API server would show nothing but the pattern. Pure and byte-stable.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import yaml

from parley_api.model import Rule, cel_rules
from parley_api.voiceagent import GROUP, VERSION, VoiceAgent
from parley_api.voiceagent_status import VoiceAgentStatus

Schema = dict[str, Any]

_PYDANTIC_ONLY = {"title", "additionalProperties", "propertyNames", "patternProperties", "const"}
"""What pydantic writes and a structural schema has otherwise, or not at all."""

PLURAL = "voiceagents"

_READY = '.status.conditions[?(@.type=="Ready")]'
PRINTER_COLUMNS: tuple[Schema, ...] = (
    {
        "name": "Ready",
        "type": "string",
        "jsonPath": f"{_READY}.status",
        "description": "Whether it works: True where all was read back.",
    },
    {
        "name": "Pods",
        "type": "integer",
        "jsonPath": ".status.readyReplicas",
        "description": "Pods that are ready for calls.",
    },
    {
        "name": "Wanted",
        "type": "integer",
        "jsonPath": ".status.replicas",
        "description": "Pods that the Deployment asks for.",
    },
    {
        "name": "Calls",
        "type": "integer",
        "jsonPath": ".status.calls",
        "description": "Calls in progress, rounded down.",
    },
    {
        "name": "Age",
        "type": "date",
        "jsonPath": ".metadata.creationTimestamp",
        "description": "Since when it has been there.",
    },
    {
        "name": "Since",
        "type": "date",
        "jsonPath": f"{_READY}.lastTransitionTime",
        "description": "Since when it has been ready, or not.",
        "priority": 1,
    },
    {
        "name": "Image",
        "type": "string",
        "jsonPath": ".status.image",
        "description": "Image of the pods.",
        "priority": 1,
    },
    {
        "name": "Why",
        "type": "string",
        "jsonPath": f"{_READY}.message",
        "description": "What lacks where it is not ready.",
        "priority": 1,
    },
)
"""What `kubectl get voiceagents` shows; those of priority 1 with -o wide alone."""


@cache
def voice_agent_schema() -> Schema:
    """The whole VoiceAgent, metadata included. `x-advice` says in words what a pattern asks for."""
    raw = VoiceAgent.model_json_schema(by_alias=True)
    return _structural(raw, raw.get("$defs", {}))


@cache
def status_schema() -> Schema:
    """Its status, which the operator writes."""
    raw = VoiceAgentStatus.model_json_schema(by_alias=True)
    return _structural(raw, raw.get("$defs", {}))


def custom_resource_definition() -> Schema:
    """The CRD of VoiceAgent."""
    schema = _with_spoken_rules(voice_agent_schema())
    properties: Schema = schema["properties"]
    name = voice_agent_schema()["properties"]["metadata"]["properties"]["name"]
    schema |= cel_rules(_name_rule(name))
    properties["metadata"] = {"type": "object"}
    properties["status"] = _with_spoken_rules(status_schema())
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
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {
                        "status": {},
                        "scale": {
                            "specReplicasPath": ".spec.replicas",
                            "statusReplicasPath": ".status.replicas",
                            "labelSelectorPath": ".status.selector",
                        },
                    },
                    "additionalPrinterColumns": [dict(column) for column in PRINTER_COLUMNS],
                    "schema": {"openAPIV3Schema": schema},
                }
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
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _with_spoken_rules(node: Any) -> Any:
    """The same, but each pattern that has its words beside it is a rule that says them."""
    if isinstance(node, list):
        return [_with_spoken_rules(item) for item in node]
    if not isinstance(node, dict):
        return node
    spoken = {key: _with_spoken_rules(member) for key, member in node.items() if key != "x-advice"}
    if isinstance(node.get("x-advice"), str) and "pattern" in node:
        # A text or a number, where the field takes both: to CEL it is neither until it is looked at.
        itself = "string(self)" if "x-kubernetes-int-or-string" in node else "self"
        rule = Rule(_matches(itself, spoken.pop("pattern")), f"write {node['x-advice']}")
        spoken |= cel_rules(rule)
    return spoken


def _name_rule(name: Schema) -> Rule:
    """Of metadata.name, for which a CRD has no schema of its own."""
    long = f"self.metadata.name.size() <= {name['maxLength']}"
    return Rule(
        f"{long} && {_matches('self.metadata.name', name['pattern'])}",
        f"write {name['x-advice']}, in metadata.name",
    )


def _matches(what: str, pattern: str) -> str:
    assert "'" not in pattern, "it would end CEL's text"
    return f"{what}.matches(r'{pattern}')"
