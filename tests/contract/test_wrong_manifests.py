"""wrong_manifests.yaml and right_manifests.yaml at a real API server: what `kubectl apply` says, word for word."""

from __future__ import annotations

import re
import subprocess
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from tests.contract.namespaces import Namespaces
from tests.contract.table import WrongManifest, right_manifests, wrong_manifests
from tests.controlplane.cluster import Cluster

UNCHECKED = (
    "<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the"
    " existing errors to complete validation"
)
"""Said beside what is wrong in one field: no rule across fields was looked at yet."""


def told(said: str) -> tuple[str, ...]:
    """kubectl's lines without what is the same in all of them."""
    said = re.sub(r'^The VoiceAgent "[^"]*" is invalid: ?', "", said.strip())
    said = re.sub(r'^Error from server \(BadRequest\): error when creating "STDIN": ', "", said)
    said = said.replace('VoiceAgent in version "v1alpha1" cannot be handled as a VoiceAgent: ', "")
    said = said.replace("map[string]interface {}{", "{")  # how Kubernetes 1.33 shows a map
    lines = (line.removeprefix("* ") for line in said.splitlines() if line.strip())
    return tuple(line for line in lines if line != UNCHECKED)


@dataclass(frozen=True)
class Applied:
    """What kubectl said of a text, in a namespace for it alone, and how many agents are there now."""

    ran: subprocess.CompletedProcess[str]
    agents: int


@pytest.fixture(scope="module")
def applied(cluster: Cluster, kind: str, namespaces: Namespaces) -> Mapping[str, Applied]:
    """Of each text of both tables: `kubectl apply` for it alone, as a person types it; two at a time."""
    texts = [*(case.manifest for case in wrong_manifests()), *right_manifests().values()]
    places = dict(zip(texts, namespaces.several(len(texts)), strict=True))

    def apply(text: str) -> subprocess.CompletedProcess[str]:
        return cluster.kubectl.inside(places[text]).run("apply", "--filename=-", stdin=text)

    with ThreadPoolExecutor(2) as pool:
        ran = dict(zip(texts, pool.map(apply, texts), strict=True))
    found = cluster.kubectl.json("get", "voiceagents", "--all-namespaces")["items"]
    agents = Counter(one["metadata"]["namespace"] for one in found)
    return {text: Applied(ran[text], agents[places[text]]) for text in texts}


@pytest.mark.parametrize("case", wrong_manifests(), ids=lambda case: case.wrong)
def test_a_wrong_manifest_is_told_what_to_write(applied: Mapping[str, Applied], case: WrongManifest) -> None:
    found = applied[case.manifest]
    assert found.ran.returncode != 0, f"it was not refused: {found.ran.stdout}"
    assert told(found.ran.stderr) == case.kubectl
    assert found.agents == 0


@pytest.mark.parametrize("manifest", right_manifests().values(), ids=right_manifests().keys())
def test_what_is_near_to_wrong_and_right_is_taken(applied: Mapping[str, Applied], manifest: str) -> None:
    found = applied[manifest]
    assert (found.ran.stdout, found.ran.stderr) == ("voiceagent.parley.dev/wrong created\n", "")
    assert found.agents == 1
