"""docs/voicetenant.md says what the code does: every object, every reason, every number."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from parley_api.voicetenant_status import ACCEPTED_REASONS, CONDITIONS
from parley_operator import names
from parley_operator.plan import tenant_conditions, voicetenant
from parley_operator.render.namespace import RULES_OF
from parley_operator.render.role_binding import EDIT
from parley_operator.settings import Settings
from tests.unit.parley_operator.golden.__main__ import TENANTS

PAGE = (Path(__file__).parents[3] / "docs/voicetenant.md").read_text()
WORDS = " ".join(PAGE.split())


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def test_every_object_is_on_the_page_by_its_name() -> None:
    listed = "\n".join(re.findall(r"^\| (.+?) \|", section("What it becomes"), re.MULTILINE))
    for obj in TENANTS.objects("everything"):
        if obj["kind"] != "Namespace":
            assert obj["kind"] in listed
            assert f"`{obj['metadata']['name']}`" in listed
    assert "Namespace" in listed


def test_every_condition_and_every_reason_of_its_own_is_on_the_page() -> None:
    listed = set(re.findall(r"`(\w+)`", section("Conditions")))
    assert set(CONDITIONS) <= listed
    told = set(re.findall(r'Found\(kind, \w+, "(\w+)"', inspect.getsource(tenant_conditions)))
    told |= set(re.findall(r'Found\("Isolated", \w+, "(\w+)"', inspect.getsource(tenant_conditions)))
    assert {"OverQuota", "RolloutLacks", "Fits", "NotYetSeen"} <= told <= listed


def test_every_reason_of_accepted_is_in_the_reference() -> None:
    told = set(tenant_conditions.REASONS.values())
    told |= set(re.findall(r'Refusal\(\s*"(\w+)"', inspect.getsource(voicetenant)))
    assert told == {"NamespaceTaken", "NamespaceInUse", "NamespaceEnding", "Deleting"}
    assert told <= set(ACCEPTED_REASONS)


@pytest.mark.parametrize(
    "said",
    [
        f"by the rules of Kubernetes {RULES_OF}",
        f"`{EDIT}`",
        f"kubectl label namespace NAME {names.PARLEY_TENANT}=TENANT",
        f"`{names.SESSIONS}`",
    ],
)
def test_every_name_on_the_page_is_the_one_that_holds(said: str) -> None:
    assert said in WORDS
    assert Settings().slow_seconds == 30, "every half minute at most"
