"""The CRD is what an API server takes, says the same as the models, and lies in crds/ as they make it.

No API server runs here (in tests/contract one does): the rules of structural schemas (apiextensions-apiserver,
schema/validation.go) and what a schema says of an object are written out below, in their few lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_api.document import documents
from parley_api.kind import Column, Kind
from parley_api.kinds import KINDS, VOICE_AGENT
from parley_api.load import load_all
from parley_api.schema import custom_resource_definition, custom_resource_definitions_yaml, object_schema
from parley_api.voiceagent import FOR_A_CLUSTER
from parley_api.voiceagent_status import VoiceAgentStatus
from tests.agent_file import EXAMPLES

CRDS = {name: custom_resource_definition(kind) for name, kind in KINDS.items()}
SCHEMAS: dict[str, dict[str, Any]] = {
    name: crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"] for name, crd in CRDS.items()
}
AGENT = SCHEMAS["VoiceAgent"]
EVERY_KIND = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)

TYPES = {"object", "array", "string", "integer", "number", "boolean"}
ANY = {"type", "description", "default", "x-kubernetes-validations"}
KEYWORDS = {
    "object": {"properties", "required", "additionalProperties", "maxProperties"},
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


_NODES = [(name, *found) for name, schema in SCHEMAS.items() for found in nodes(schema)]
NODES = pytest.mark.parametrize(
    ("path", "node"), [found for _, *found in _NODES], ids=[name + path for name, path, _ in _NODES]
)


@NODES
def test_each_field_has_one_type_and_no_keyword_that_a_structural_schema_refuses(
    path: str, node: dict[str, Any]
) -> None:
    if node.get("x-kubernetes-int-or-string"):
        # The one field of two types that Kubernetes has: it must name neither.
        assert node.keys() <= (ANY | {"x-kubernetes-int-or-string", "maxLength"}) - {"type"}
        return
    assert node["type"] in TYPES
    assert node.keys() <= ANY | KEYWORDS[node["type"]]
    assert not ("properties" in node and "additionalProperties" in node)
    assert set(node.get("required", ())) <= set(node.get("properties", {}))


@NODES
def test_every_string_list_map_and_number_is_bounded(path: str, node: dict[str, Any]) -> None:
    match node.get("type", "string"):
        case "string":
            assert "enum" in node or node["maxLength"] <= (32_768 if path.startswith(".status.") else 20_000)
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
        cel = re.sub(r"r'[^']*'", "''", rule["rule"])  # a pattern has words and brackets of its own
        assert set(re.findall(r"self\.(\w+)\b(?!\()", cel)) <= set(node.get("properties", {}))
        assert cel.count("(") == cel.count(")")
        assert rule["message"].startswith("write ")
        assert "\n" not in rule["message"]


@NODES
def test_a_rule_asks_for_a_field_that_may_not_be_there_before_it_reads_it(
    path: str, node: dict[str, Any]
) -> None:
    """Bug: a ModelServer without arguments was refused ("no such key"). A list's default of none is no default in a
    schema, so that CEL finds no field. Without the question, an API server refuses what `parley check` takes.
    """
    members = node.get("properties", {})
    sure = {
        name for name, member in members.items() if name in node.get("required", ()) or "default" in member
    }
    for rule in node.get("x-kubernetes-validations", ()):
        cel = re.sub(r"r'[^']*'", "''", rule["rule"])
        read = set(re.findall(r"self\.(\w+)\b(?!\()", cel)) - {"metadata"}
        assert read - sure <= set(re.findall(r"has\(self\.(\w+)", cel))


@NODES
def test_the_keys_of_a_list_that_is_a_map_are_required(path: str, node: dict[str, Any]) -> None:
    for key in node.get("x-kubernetes-list-map-keys", ()):
        assert key in node["items"]["required"]


@NODES
def test_what_a_rule_points_to_exists(path: str, node: dict[str, Any]) -> None:
    for rule in node.get("x-kubernetes-validations", ()):
        place = node
        for name in rule.get("fieldPath", "").split(".")[1:]:
            place = place["properties"][name]


@EVERY_KIND
def test_what_a_pattern_asks_for_is_said_in_words(kind: Kind) -> None:
    """An API server says of a pattern no more than the pattern, so that a person would have to read it."""
    written = object_schema(kind)["properties"]["spec"]
    patterns = [path for path, node in nodes(written) if "pattern" in node]
    assert len(patterns) > (20 if kind is VOICE_AGENT else 3)
    said = SCHEMAS[kind.name]["properties"]["spec"]
    assert [path for path, node in nodes(said) if "pattern" in node] == []


def test_at_least_fifteen_rules_span_several_fields() -> None:
    across = [
        rule["rule"]
        for _, node in nodes(AGENT)
        for rule in node.get("x-kubernetes-validations", ())
        if len(set(re.findall(r"self\.(\w+(?:\.\w+)*)\b(?!\()|\b(?:one|other|test)\.(\w+)", rule["rule"])))
        > 1
    ]
    assert len(across) >= 15


@EVERY_KIND
def test_metadata_is_the_api_servers_own_but_for_the_name(kind: Kind) -> None:
    """A longer name would fit no label, one with a dot or a digit first no Service."""
    schema = SCHEMAS[kind.name]
    assert schema["properties"]["metadata"] == {"type": "object"}
    assert set(schema["properties"]) == {"apiVersion", "kind", "metadata", "spec", "status"}
    (rule,) = schema["x-kubernetes-validations"]
    assert "self.metadata.name.size() <= 63" in rule["rule"]


def at(path: str, schema: dict[str, Any]) -> dict[str, Any]:
    """The schema at .spec.replicas, or at .status.conditions[?(@.type=="Ready")].status."""
    for name in re.sub(r"\[[^]]*\]", ".items", path).split(".")[1:]:
        schema = schema["items"] if name == "items" else schema["properties"][name]
    return schema


@EVERY_KIND
def test_the_scale_subresource_reads_fields_that_are_there(kind: Kind) -> None:
    subresources = CRDS[kind.name]["spec"]["versions"][0]["subresources"]
    assert subresources["status"] == {}
    scale = subresources.get("scale", {})
    types = {name: at(path, SCHEMAS[kind.name])["type"] for name, path in scale.items()}
    expected = {"specReplicasPath": "integer", "statusReplicasPath": "integer", "labelSelectorPath": "string"}
    assert types == (expected if kind.name in ("VoiceAgent", "ModelServer") else {})


@pytest.mark.parametrize(
    ("kind", "column"),
    [(kind, column) for kind in KINDS.values() for column in kind.columns],
    ids=[f"{name}: {column.name}" for name, kind in KINDS.items() for column in kind.columns],
)
def test_a_column_shows_a_field_that_is_there(kind: Kind, column: Column) -> None:
    if column.path == ".metadata.creationTimestamp":
        assert column.type == "date"
        return
    node = at(column.path, SCHEMAS[kind.name])
    assert column.type == ("date" if node.get("format") == "date-time" else node["type"])


def test_the_columns_answer_does_it_work_how_much_there_is_and_since_when() -> None:
    shown = {
        kind.name: [column.name for column in kind.columns if not column.wide] for kind in KINDS.values()
    }
    assert shown == {
        "VoiceAgent": ["Ready", "Pods", "Wanted", "Calls", "Age"],
        "ModelServer": ["Ready", "Model", "Pods", "Wanted", "Agents", "Age"],
        "NodeTuning": ["Ready", "Nodes", "Tuned", "Skipped", "Drifted", "Age"],
        "VoiceTenant": ["Ready", "Namespaces", "Agents", "Sessions", "CPU", "GPUs", "Age"],
    }
    wide = {kind.name: [column.name for column in kind.columns if column.wide] for kind in KINDS.values()}
    assert {(names[0], names[-1]) for names in wide.values()} == {("Since", "Why")}


@EVERY_KIND
def test_conditions_are_one_for_each_type_and_ready_comes_last(kind: Kind) -> None:
    conditions = at(".status.conditions", SCHEMAS[kind.name])
    assert conditions["x-kubernetes-list-map-keys"] == ["type"]
    assert conditions["items"]["properties"]["type"]["enum"] == list(kind.conditions)
    first, *_, last = kind.conditions
    assert (first, last) == ("Accepted", "Ready")


def test_a_status_as_the_operator_writes_it_is_one() -> None:
    condition = {
        "type": "Ready",
        "status": "False",
        "reason": "Starting",
        "message": "2 of 3 pods are ready",
        "observedGeneration": 3,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    status = {
        "observedGeneration": 3,
        "replicas": 3,
        "readyReplicas": 2,
        "calls": 50,
        "conditions": [condition],
    }
    assert wrong(status, AGENT["properties"]["status"]) == []
    read = VoiceAgentStatus.model_validate(status)
    assert read.model_dump(by_alias=True, exclude_none=True) == status


def test_what_is_for_a_cluster_alone_is_a_field() -> None:
    for path in FOR_A_CLUSTER:
        assert at(f".spec.{path}", AGENT)


@EVERY_KIND
def test_defaults_hold_no_null_which_an_api_server_would_refuse(kind: Kind) -> None:
    def nulls(value: Any) -> bool:
        inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return value is None or any(map(nulls, inner))

    assert [
        path for path, node in nodes(SCHEMAS[kind.name]) if "default" in node and nulls(node["default"])
    ] == []


LEAST: dict[str, dict[str, Any]] = {
    "VoiceAgent": {"conversation": {"instructions": "Be kind."}},
    "ModelServer": {"engine": {"vllm": {"model": "org/model"}}, "gpus": {"count": 1}},
    "NodeTuning": {},
    "VoiceTenant": {
        "namespaces": ["clinic"],
        "people": [{"kind": "User", "name": "ada"}],
        "quota": {"gpus": {"count": 1}},
    },
}


@EVERY_KIND
def test_the_schemas_defaults_are_the_models(kind: Kind) -> None:
    """So that a laptop and a cluster have the same object."""
    head = {"apiVersion": "parley.dev/v1alpha1", "kind": kind.name, "metadata": {"name": "least"}}
    spec = LEAST[kind.name]
    read = kind.resource.model_validate(head | {"spec": spec}).model_dump(by_alias=True, exclude_none=True)
    filled = defaulted(spec, SCHEMAS[kind.name]["properties"]["spec"])
    assert without_empty(filled) == without_empty(read["spec"])


def without_empty(value: Any) -> Any:
    """An empty list and none are the same."""
    if isinstance(value, dict):
        return {key: without_empty(member) for key, member in value.items() if member != []}
    return [without_empty(item) for item in value] if isinstance(value, list) else value


def defaulted(value: Any, schema: dict[str, Any]) -> Any:
    """As an API server fills in defaults: from the outside in."""
    if isinstance(value, list):
        return [defaulted(item, schema["items"]) for item in value]
    if not isinstance(value, dict) or "properties" not in schema:
        return value
    members = schema["properties"]
    filled = {name: member["default"] for name, member in members.items() if "default" in member} | value
    return {name: defaulted(member, members[name]) for name, member in filled.items()}


@EVERY_KIND
def test_the_name_of_the_crd_is_its_plural_and_group(kind: Kind) -> None:
    crd = CRDS[kind.name]
    spec = crd["spec"]
    assert crd["metadata"]["name"] == f"{spec['names']['plural']}.{spec['group']}"


def test_each_engine_role_is_a_union_with_a_rule() -> None:
    for role in AGENT["properties"]["spec"]["properties"]["engines"]["properties"].values():
        (rule,) = role["x-kubernetes-validations"]
        assert rule["rule"].endswith("== 1")
        assert set(re.findall(r"self\.(\w+)", rule["rule"])) == set(role["properties"])


@EVERY_KIND
def test_the_crd_in_the_repository_is_the_one_that_the_models_make(kind: Kind) -> None:
    made = custom_resource_definitions_yaml([kind])
    assert Path(f"crds/{kind.singular}.yaml").read_text() == made, "run: make generate"
    assert yaml.safe_load(made) == CRDS[kind.name]


def test_what_kustomize_installs_is_every_kind() -> None:
    listed = yaml.safe_load(Path("crds/kustomization.yaml").read_text())["resources"]
    assert listed == [f"{kind.singular}.yaml" for kind in KINDS.values()]


def test_no_two_kinds_have_a_name_in_common() -> None:
    names = [name for kind in KINDS.values() for name in (kind.singular, kind.plural, kind.short)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda file: file.name)
def test_the_same_file_passes_models_and_schema(example: Path) -> None:
    (found,) = load_all(example)
    (document,) = documents(example.read_text())
    assert wrong(document.value, SCHEMAS[found.kind]) == []
    assert wrong(document.value, object_schema(KINDS[found.kind])) == []


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
    assert wrong(head | change, AGENT) == told


PYTHON_TYPES = {
    "object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool
}  # fmt: skip


def wrong(value: Any, schema: dict[str, Any], path: str = "") -> list[str]:
    """What an API server's OpenAPI validation and strict decoding would say of `value`; CEL rules apart."""
    if schema.get("x-kubernetes-int-or-string"):
        schema = {
            **schema,
            "type": "integer" if isinstance(value, int) else "string",
            "minimum": 1,
            "maximum": 256,
        }
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
