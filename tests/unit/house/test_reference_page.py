"""docs/reference.md against the models: it is as they make it, its example is an agent, and no field lacks."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from parley_api import load
from parley_api.schema import Schema, status_schema, voice_agent_schema
from parley_api.voiceagent import FOR_A_CLUSTER

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "reference.md").read_text()
[EXAMPLE] = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


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
    other = tmp_path / "reference.md"
    other.write_text(PAGE.replace("`Drain`", "`Cut`"))
    monkeypatch.setattr(maker, "PAGE", other)
    assert maker.main(["--check"]) == "reference.md is not what the models say: run make generate"
    assert maker.main([]) is None
    assert other.read_text() == PAGE


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


@pytest.mark.parametrize(
    "schema", [voice_agent_schema()["properties"]["spec"], status_schema()], ids=["spec", "status"]
)
def test_every_field_has_a_row_with_what_it_takes_and_what_it_means(schema: Schema) -> None:
    rows = {
        cells[1].strip(" `"): cells
        for line in PAGE.splitlines()
        if len(cells := re.split(r"(?<!\\)\|", line)) == 6
    }
    for path in leaves(schema, ""):
        _, _, takes, _, means, _ = rows[path]
        assert takes.strip(), path
        assert len(means.strip()) > 10, path


def test_a_field_for_a_cluster_is_marked_and_no_other_is() -> None:
    marked = set(re.findall(r"^\| `(\S+)` \|.*\*cluster\*", PAGE, re.MULTILINE))
    assert {path.split(".")[0] for path in marked} == {path.split(".")[0] for path in FOR_A_CLUSTER}
    assert not [path for path in marked if path.startswith("media.") and "reach" not in path]
