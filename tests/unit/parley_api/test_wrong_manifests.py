"""tests/contract/manifests on a laptop: `parley check` refuses each that is wrong, where CEL does in its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parley_api import InvalidFile
from parley_api.kind import Kind
from parley_api.kinds import KINDS
from parley_api.load import load_all
from parley_api.schema import object_schema
from tests.contract import table
from tests.contract.table import RightManifest, WrongManifest, right_manifests, wrong_manifests

WRONG = wrong_manifests()
ACROSS = [case for case in WRONG if case.across]
LEAST = {"VoiceAgent": (40, 15), "ModelServer": (12, 8), "NodeTuning": (12, 5), "VoiceTenant": (12, 6)}
"""How many wrong manifests of a kind there are, and how many across fields."""


def name(case: WrongManifest) -> str:
    return f"{case.kind}: {case.wrong}"


def said(folder: Path, text: str) -> tuple[str, ...]:
    """What `parley check` says, without the file's name and the lines' numbers."""
    file = folder / "object.yaml"
    file.write_text(text)
    try:
        load_all(file)
    except InvalidFile as invalid:
        return tuple(
            re.sub(r"^(\d+:)? ", "", line.removeprefix(f"{file}:")) for line in str(invalid).splitlines()
        )
    return ()


@pytest.mark.parametrize("case", WRONG, ids=name)
def test_a_wrong_manifest_is_refused_on_a_laptop_too(case: WrongManifest, tmp_path: Path) -> None:
    assert said(tmp_path, case.manifest) == case.check != ()


@pytest.mark.parametrize("case", ACROSS, ids=name)
def test_what_cel_says_across_fields_is_what_a_laptop_says(case: WrongManifest) -> None:
    """`parley check` may add to the sentence: it has more room."""
    (from_cluster,), (on_laptop,) = case.kubectl, case.check
    sentence = from_cluster[from_cluster.index("write ") :]
    assert f"; {sentence}" in on_laptop
    assert sentence in {message for _, message in rules(object_schema(KINDS[case.kind]))}


@pytest.mark.parametrize("case", right_manifests(), ids=lambda case: f"{case.kind}: {case.right}")
def test_what_is_near_to_wrong_and_right_is_taken(case: RightManifest, tmp_path: Path) -> None:
    assert said(tmp_path, case.manifest) == ()


def test_every_kind_has_its_tables() -> None:
    assert set(table.KINDS) == set(LEAST) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_there_are_as_many_as_promised_and_none_twice(kind: str) -> None:
    cases = [case for case in WRONG if case.kind == kind]
    across = [case for case in ACROSS if case.kind == kind]
    assert (len(cases), len(across)) >= LEAST[kind]
    assert len(across) >= LEAST[kind][1]
    for told in ([case.wrong for case in cases], [case.manifest.replace(case.name, "") for case in cases]):
        assert len(set(told)) == len(told)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_every_rule_of_the_crd_has_a_manifest_that_breaks_it(kind: Kind) -> None:
    told = "\n".join(line for case in WRONG if case.kind == kind.name for line in case.kubectl)
    spec = object_schema(kind)["properties"]["spec"]
    assert [message for _, message in rules(spec) if message not in told] == []


def rules(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each CEL rule across fields, with its sentence."""
    for rule in schema.get("x-kubernetes-validations", ()):
        yield rule["rule"], rule["message"]
    for member in schema.get("properties", {}).values():
        yield from rules(member)
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from rules(schema[part])
