"""The CRD is what an API server takes, says the same as the models, and lies in crds/ as they make it.

No API server runs here: the rules of structural schemas (apiextensions-apiserver, schema/validation.go) and what a
schema says of an object are written out below, in their few lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_api import load
from parley_api.document import documents
from parley_api.schema import custom_resource_definition, custom_resource_definition_yaml, voice_agent_schema

CRD = custom_resource_definition()
SCHEMA: dict[str, Any] = CRD["spec"]["versions"][0]["schema"]["openAPIV3Schema"]

TYPES = {"object", "array", "string", "integer", "number", "boolean"}
KEYWORDS = {
    "object": {"properties", "required", "additionalProperties", "maxProperties", "x-kubernetes-validations"},
    "array": {"items", "minItems", "maxItems", "x-kubernetes-list-type", "x-kubernetes-list-map-keys"},
    "string": {"enum", "pattern", "format", "minLength", "maxLength"},
    "integer": {"minimum", "maximum"},
    "number": {"minimum", "maximum"},
    "boolean": set(),
}


def nodes(schema: dict[str, Any], path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema in `schema`, with its path."""
    yield path, schema
    for name, member in schema.get("properties", {}).items():
        yield from nodes(member, f"{path}.{name}")
    for part in ("items", "additionalProperties"):
        if part in schema:
            yield from nodes(schema[part], f"{path}[]")


NODES = pytest.mark.parametrize(
    ("path", "node"), list(nodes(SCHEMA)), ids=[path or "(root)" for path, _ in nodes(SCHEMA)]
)


@NODES
def test_each_field_has_one_type_and_no_keyword_that_a_structural_schema_refuses(
    path: str, node: dict[str, Any]
) -> None:
    assert node["type"] in TYPES
    assert node.keys() <= {"type", "description", "default"} | KEYWORDS[node["type"]]
    assert not ("properties" in node and "additionalProperties" in node)
    assert set(node.get("required", ())) <= set(node.get("properties", {}))


@NODES
def test_every_string_list_map_and_number_is_bounded(path: str, node: dict[str, Any]) -> None:
    match node["type"]:
        case "string":
            assert "enum" in node or node["maxLength"] <= 20_000
        case "array":
            assert node["maxItems"] <= 100
            assert "items" in node
        case "object" if "additionalProperties" in node:
            assert node["maxProperties"] <= 64
        case "integer" | "number":
            assert node["minimum"] < node["maximum"]


@NODES
def test_every_field_says_what_it_is(path: str, node: dict[str, Any]) -> None:
    if path not in ("", ".metadata") and not path.endswith("[]"):
        assert len(node["description"]) > 10


@NODES
def test_every_default_is_valid_where_it_stands(path: str, node: dict[str, Any]) -> None:
    if "default" in node:
        assert wrong(node["default"], node) == []


@NODES
def test_every_rule_names_fields_that_exist_and_says_what_to_write(path: str, node: dict[str, Any]) -> None:
    for rule in node.get("x-kubernetes-validations", ()):
        assert set(re.findall(r"self\.(\w+)", rule["rule"])) <= set(node["properties"])
        assert rule["rule"].count("(") == rule["rule"].count(")")
        assert rule["message"].startswith("write ")
        assert "\n" not in rule["message"]


@NODES
def test_the_keys_of_a_list_that_is_a_map_are_required(path: str, node: dict[str, Any]) -> None:
    for key in node.get("x-kubernetes-list-map-keys", ()):
        assert key in node["items"]["required"]


def test_metadata_is_the_api_servers_own() -> None:
    assert SCHEMA["properties"]["metadata"] == {"type": "object"}
    assert set(SCHEMA["properties"]) == {"apiVersion", "kind", "metadata", "spec"}


def test_the_name_of_the_crd_is_its_plural_and_group() -> None:
    spec = CRD["spec"]
    assert CRD["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"


def test_each_engine_role_is_a_union_with_a_rule() -> None:
    for role in SCHEMA["properties"]["spec"]["properties"]["engines"]["properties"].values():
        (rule,) = role["x-kubernetes-validations"]
        assert rule["rule"].endswith("== 1")
        assert set(re.findall(r"self\.(\w+)", rule["rule"])) == set(role["properties"])


def test_the_crd_in_the_repository_is_the_one_that_the_models_make() -> None:
    assert Path("crds/voiceagent.yaml").read_text() == custom_resource_definition_yaml(), (
        "run: python -m parley_cli crd > crds/voiceagent.yaml"
    )
    assert yaml.safe_load(custom_resource_definition_yaml()) == CRD


@pytest.mark.parametrize("example", sorted(Path("examples").glob("*.yaml")), ids=lambda file: file.name)
def test_the_same_file_passes_models_and_schema(example: Path) -> None:
    load(example)
    (document,) = documents(example.read_text())
    assert wrong(document.value, SCHEMA) == []
    assert wrong(document.value, voice_agent_schema()) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"spec": {}}, ["spec.conversation is missing"]),
        ({"spec": {"conversation": {"instructions": ""}}}, ["spec.conversation.instructions is too short"]),
        ({"spec": {"conversation": {"instructions": "x"}, "turntaking": {}}}, ["spec.turntaking is unknown"]),
    ],
    ids=["missing", "too short", "unknown"],
)
def test_the_check_of_a_schema_finds_what_is_wrong(change: dict[str, Any], told: list[str]) -> None:
    head = {"apiVersion": "parley.dev/v1alpha1", "kind": "VoiceAgent", "metadata": {"name": "a"}}
    assert wrong(head | change, SCHEMA) == told


PYTHON_TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool
}  # fmt: skip


def wrong(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:
    """What an API server's OpenAPI validation and strict decoding would say of `value`; CEL rules apart."""
    kind = schema["type"]
    if not isinstance(value, PYTHON_TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
        return [f"{path} is no {kind}"]
    if kind == "array":
        found = (
            []
            if schema.get("minItems", 0) <= len(value) <= schema["maxItems"]
            else [f"{path} has a wrong length"]
        )
        return found + [
            one for i, item in enumerate(value) for one in wrong(item, schema["items"], f"{path}[{i}]")
        ]
    if kind == "object":
        return _wrong_map(value, schema, path)
    if kind == "string":
        return _wrong_text(value, schema, path)
    in_range = kind == "boolean" or schema["minimum"] <= value <= schema["maximum"]
    return [] if in_range else [f"{path} is out of range"]


def _wrong_map(value: dict[str, Any], schema: dict[str, Any], path: str) -> list[str]:
    if "additionalProperties" in schema:
        values = schema["additionalProperties"]
        return [one for key, member in value.items() for one in wrong(member, values, f"{path}.{key}")]
    members = schema.get("properties", {})
    found = [f"{path}.{key} is missing".lstrip(".") for key in schema.get("required", ()) if key not in value]
    for key, member in value.items():
        here = f"{path}.{key}".lstrip(".")
        if key in members:
            found += wrong(member, members[key], here)
        elif path != "metadata":
            found.append(f"{here} is unknown")
    return found


def _wrong_text(value: str, schema: dict[str, Any], path: str) -> list[str]:
    found = []
    if "enum" in schema and value not in schema["enum"]:
        found.append(f"{path} is none of those allowed")
    if len(value) < schema.get("minLength", 0):
        found.append(f"{path} is too short")
    if len(value) > schema.get("maxLength", len(value)):
        found.append(f"{path} is too long")
    if "pattern" in schema and not re.search(schema["pattern"], value):
        found.append(f"{path} does not match")
    return found
