"""docs/reference*.md against the models: each is as they make it, its example is an object, and no field lacks."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from parley_api import load
from parley_api.kind import Kind
from parley_api.kinds import KINDS, VOICE_AGENT
from parley_api.schema import Schema, object_schema, status_schema
from parley_api.voiceagent import FOR_A_CLUSTER

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "reference.md").read_text()
[EXAMPLE] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
PAGES = {
    name: PAGE if kind is VOICE_AGENT else (DOCS / f"reference-{kind.singular}.md").read_text()
    for name, kind in KINDS.items()
}


@pytest.fixture(scope="module")
def maker() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_is_the_page_that_the_models_make(
    maker: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert maker.main(["--check"]) is None
    for name, page in PAGES.items():
        other = tmp_path / maker.file_of(KINDS[name]).name
        other.write_text(page)
    other.write_text(page.replace("`Refuse`", "`Drain`"))
    monkeypatch.setattr(maker, "file_of", lambda kind: tmp_path / f"{_stem(kind)}.md")
    assert maker.main(["--check"]) == "reference-voicetenant.md is not what the models say: run make generate"
    assert maker.main([]) is None
    assert other.read_text() == page


def _stem(kind: Kind) -> str:
    return "reference" if kind is VOICE_AGENT else f"reference-{kind.singular}"


@pytest.mark.parametrize("name", KINDS)
def test_a_page_leads_to_those_of_the_other_kinds(name: str) -> None:
    others = {f"{_stem(kind)}.md" for other, kind in KINDS.items() if other != name}
    assert set(re.findall(r"\]\((reference[\w-]*\.md)\)", PAGES[name])) == others


def test_its_example_is_an_agent_that_has_every_field_for_a_cluster(tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(EXAMPLE)
    assert load(file).spec.autoscaling is not None
    spec = yaml.safe_load(EXAMPLE)["spec"]
    for path in FOR_A_CLUSTER:
        value = spec
        for name in path.split("."):
            value = value[name]


def leaves(schema: Schema, path: str) -> set[str]:
    members = schema.get("properties") or schema.get("items", {}).get("properties")
    if not members:
        return {path}
    inside = f"{path}[]." if "items" in schema else f"{path}." if path else ""
    return set().union(*(leaves(member, f"{inside}{name}") for name, member in members.items()))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_field_has_a_row_with_what_it_takes_and_what_it_means(kind: Kind) -> None:
    rows = {
        cells[1].strip(" `"): cells
        for line in PAGES[kind.name].splitlines()
        if len(cells := re.split(r"(?<!\\)\|", line)) == 6
    }
    spec, status = object_schema(kind)["properties"]["spec"], status_schema(kind)
    for path in leaves(spec, "") | leaves(status, ""):
        _, _, takes, _, means, _ = rows[path]
        assert takes.strip(), path
        assert len(means.strip()) > 10, path


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_rule_condition_reason_and_column_is_on_its_page(kind: Kind) -> None:
    page = PAGES[kind.name]
    for name in (*kind.conditions, *kind.reasons, *(column.name for column in kind.columns)):
        assert f"| {name} |" in page


def test_a_field_for_a_cluster_is_marked_and_no_other_is() -> None:
    marked = set(re.findall(r"^\| `(\S+)` \|.*\*cluster\*", PAGE, re.MULTILINE))
    assert {path.split(".")[0] for path in marked} == {path.split(".")[0] for path in FOR_A_CLUSTER}
    assert not [path for path in marked if path.startswith("media.") and "reach" not in path]
