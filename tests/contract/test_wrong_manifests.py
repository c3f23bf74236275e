"""The tables of manifests/ at a real API server: what `kubectl apply` says of each, word for word."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from parley_api.kind import Kind
from tests.contract.namespaces import Namespaces
from tests.contract.table import RightManifest, WrongManifest, right_manifests, wrong_manifests
from tests.controlplane.cluster import Cluster

UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the"
    " existing errors to complete validation"
)
"""Said beside what is wrong in one field: no rule across fields was looked at yet."""


def told(said: str) -> tuple[str, ...]:
    """kubectl's lines without what is the same in all of them."""
    said = re.sub(r'^The \w+ "[^"]*" is invalid: ?', "", said.strip())
    said = re.sub(r'^Error from server \(BadRequest\): error when creating "STDIN": ', "", said)
    said = re.sub(r'(\w+) in version "v1alpha1" cannot be handled as a \1: ', "", said)
    said = said.replace("map[string]interface {}{", "{")  # how Kubernetes 1.33 shows a map
    said = said.replace('Invalid value: "null"', "Invalid value: null")  # likewise
    lines = (line.removeprefix("* ") for line in said.splitlines() if line.strip())
    return tuple(line for line in lines if line != UNCHECKED)


@dataclass(frozen=True)
class Applied:
    """What kubectl said of a text, in a namespace for it alone, and how many objects there are now."""

    ran: subprocess.CompletedProcess[str]
    objects: int


@pytest.fixture(scope="module")
def applied(cluster: Cluster, kinds: list[Kind], namespaces: Namespaces) -> Mapping[str, Applied]:
    """Of each text of all tables: `kubectl apply` for it alone, as a person types it; two at a time."""
    cases = [*wrong_manifests(), *right_manifests()]
    places = dict(zip([case.manifest for case in cases], namespaces.several(len(cases)), strict=True))

    def apply(text: str) -> subprocess.CompletedProcess[str]:
        return cluster.kubectl.inside(places[text]).run("apply", "--filename=-", stdin=text)

    with ThreadPoolExecutor(2) as pool:
        ran = dict(zip(places, pool.map(apply, places), strict=True))
    there = {
        kind.name: cluster.kubectl.json("get", kind.plural, "--all-namespaces")["items"] for kind in kinds
    }

    def objects(case: WrongManifest | RightManifest) -> int:
        """In its namespace, or in none but of its name."""
        found = [one["metadata"] for one in there[case.kind]]
        return sum(one.get("namespace", one["name"]) in (places[case.manifest], case.name) for one in found)

    return {case.manifest: Applied(ran[case.manifest], objects(case)) for case in cases}


@pytest.mark.parametrize("case", wrong_manifests(), ids=lambda case: f"{case.kind}: {case.wrong}")
def test_a_wrong_manifest_is_told_what_to_write(applied: Mapping[str, Applied], case: WrongManifest) -> None:
    found = applied[case.manifest]
    assert found.ran.returncode != 0, f"it was not refused: {found.ran.stdout}"
    assert told(found.ran.stderr) == case.kubectl
    assert found.objects == 0


@pytest.mark.parametrize("case", right_manifests(), ids=lambda case: f"{case.kind}: {case.right}")
def test_what_is_near_to_wrong_and_right_is_taken(
    applied: Mapping[str, Applied], case: RightManifest
) -> None:
    found = applied[case.manifest]
    created = f"{case.kind.lower()}.parley.dev/{case.name} created\n"
    assert (found.ran.stdout, found.ran.stderr) == (created, "")
    assert found.objects == 1
