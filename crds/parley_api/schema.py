"""The models as an OpenAPI v3 schema, and the CustomResourceDefinition of each kind made from it.

Rules: structural, as the API server asks of a CRD (apiextensions.k8s.io/v1): one `type` per field, no $ref,
no anyOf, no null, no additionalProperties beside properties; `metadata` is the API server's own; what the
models bound is bounded here, which also bounds the cost of the CEL rules. A pattern that has its words beside it is
a CEL rule with these words in the CRD, for the API server would show nothing but the pattern. Pure and byte-stable.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

import yaml

from parley_api.kind import GROUP, VERSION, Column, Kind
from parley_api.model import Model, Rule, cel_rules

Schema = dict[str, Any]

_PYDANTIC_ONLY = {"title", "additionalProperties", "propertyNames", "patternProperties", "const"}
"""What pydantic writes and a structural schema has otherwise, or not at all."""


@cache
def object_schema(kind: Kind) -> Schema:
    """A whole object, metadata included. `x-advice` says in words what a pattern asks for."""
    return _of(kind.resource)


@cache
def status_schema(kind: Kind) -> Schema:
    """Its status, which the operator writes."""
    return _of(kind.status)


def custom_resource_definition(kind: Kind) -> Schema:
    """The CRD of a kind."""
    schema = _with_spoken_rules(object_schema(kind))
    properties: Schema = schema["properties"]
    name = object_schema(kind)["properties"]["metadata"]["properties"]["name"]
    schema |= cel_rules(_name_rule(name))
    properties["metadata"] = {"type": "object"}
    properties["status"] = _with_spoken_rules(status_schema(kind))
    for name in ("apiVersion", "kind"):
        properties[name] = {"type": "string", "maxLength": 63, "description": properties[name]["description"]}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.singular,
                "shortNames": [kind.short],
                "categories": ["parley"],
            },
            "scope": "Namespaced" if kind.namespaced else "Cluster",
            "versions": [
                {
                    "name": VERSION,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}} | (_SCALE if kind.scaled else {}),
                    "additionalPrinterColumns": [_printed(column) for column in kind.columns],
                    "schema": {"openAPIV3Schema": schema},
                }
            ],
        },
    }


_SCALE: Schema = {
    "scale": {
        "specReplicasPath": ".spec.replicas",
        "statusReplicasPath": ".status.replicas",
        "labelSelectorPath": ".status.selector",
    }
}


def _printed(column: Column) -> Schema:
    """What `kubectl get` shows; of priority 1 with -o wide alone."""
    shown = {
        "name": column.name,
        "type": column.type,
        "jsonPath": column.path,
        "description": column.description,
    }
    return shown | ({"priority": 1} if column.wide else {})


def custom_resource_definitions_yaml(kinds: Iterable[Kind]) -> str:
    """The CRDs as `kubectl apply` takes them: one document for each kind."""
    text: str = yaml.safe_dump_all(
        map(custom_resource_definition, kinds), sort_keys=False, width=110, allow_unicode=True
    )
    return text


def _of(model: type[Model]) -> Schema:
    raw = model.model_json_schema(by_alias=True)
    return _structural(raw, raw.get("$defs", {}))


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
