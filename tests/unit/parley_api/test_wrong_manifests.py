"""tests/contract/wrong_manifests.yaml on a laptop: `parley check` refuses each, where CEL does in its words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from parley_api import InvalidFile, load
from parley_api.schema import voice_agent_schema
from tests.contract.table import WrongManifest, right_manifests, wrong_manifests

WRONG = wrong_manifests()
ACROSS = [case for case in WRONG if case.across]


def said(folder: Path, text: str) -> tuple[str, ...]:
    """What `parley check` says, without the file's name and the lines' numbers."""
    file = folder / "agent.yaml"
    file.write_text(text)
    try:
        load(file)
    except InvalidFile as invalid:
        return tuple(
            re.sub(r"^(\d+:)? ", "", line.removeprefix(f"{file}:")) for line in str(invalid).splitlines()
        )
    return ()


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case.wrong)
def test_a_wrong_manifest_is_refused_on_a_laptop_too(case: WrongManifest, tmp_path: Path) -> None:
    assert said(tmp_path, case.manifest) == case.check != ()


@pytest.mark.parametrize("case", ACROSS, ids=lambda case: case.wrong)
def test_what_cel_says_across_fields_is_what_a_laptop_says(case: WrongManifest) -> None:
    """`parley check` may add to the sentence: it has more room."""
    (from_cluster,), (on_laptop,) = case.kubectl, case.check
    sentence = from_cluster[from_cluster.index("write ") :]
    assert f"; {sentence}" in on_laptop
    assert sentence in {message for _, message in rules(voice_agent_schema())}


@pytest.mark.parametrize("manifest", right_manifests().values(), ids=right_manifests().keys())
def test_what_is_near_to_wrong_and_right_is_taken(manifest: str, tmp_path: Path) -> None:
    assert said(tmp_path, manifest) == ()


def test_there_are_as_many_as_promised_and_none_twice() -> None:
    assert len(WRONG) >= 40
    assert len(ACROSS) >= 15
    for names in ([case.wrong for case in WRONG], [case.manifest for case in WRONG]):
        assert len(set(names)) == len(names)


def test_every_rule_of_the_crd_has_a_manifest_that_breaks_it() -> None:
    told = "\n".join(line for case in WRONG for line in case.kubectl)
    assert [message for _, message in rules(voice_agent_schema()) if message not in told] == []


def rules(schema: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Each CEL rule across fields, with its sentence."""
    for rule in schema.get("x-kubernetes-validations", ()):
        yield rule["rule"], rule["message"]
    for member in schema.get("properties", {}).values():
        yield from rules(member)
    for part in ("items", "additionalProperties"):
        if isinstance(schema.get(part), dict):
            yield from rules(schema[part])
