"""wrong_manifests.yaml and right_manifests.yaml at a real API server: what `kubectl apply` says, word for word."""

from __future__ import annotations

import re

import pytest

from tests.contract.table import WrongManifest, right_manifests, wrong_manifests
from tests.controlplane.kubectl import Kubectl

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


@pytest.mark.parametrize("case", wrong_manifests(), ids=lambda case: case.wrong)
def test_a_wrong_manifest_is_told_what_to_write(kubectl: Kubectl, kind: str, case: WrongManifest) -> None:
    assert told(kubectl.refused("apply", "--filename=-", stdin=case.manifest)) == case.kubectl
    assert kubectl.json("get", "voiceagents")["items"] == []


@pytest.mark.parametrize("manifest", right_manifests().values(), ids=right_manifests().keys())
def test_what_is_near_to_wrong_and_right_is_taken(kubectl: Kubectl, kind: str, manifest: str) -> None:
    assert kubectl("apply", "--filename=-", stdin=manifest) == "voiceagent.parley.dev/wrong created\n"
