"""docs/modelserver.md against the code: every object, every reason of a condition, every name and number in it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from parley_api.modelserver_status import ACCEPTED_REASONS
from parley_api.voiceagent_status import ACCEPTED_REASONS as OF_AGENTS
from parley_operator import names
from parley_operator.plan import (
    agent_engines,
    conditions,
    model_conditions,
    model_refusals,
    modelserver,
    reading,
    refusals,
    running,
)
from parley_operator.render import model_pod, model_subject
from tests.small_cluster import BOTH_KINDS
from tests.small_model_cluster import SmallModelCluster, model_server
from tests.unit.house.test_becomes_page import OF_KUBERNETES, WELL, reasons

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/modelserver.md").read_text()
WORDS = " ".join(PAGE.split())
FALLBACKS = {"ReplicaFailure", "AsTold", "Stuck", "Refused"}
"""Where Kubernetes gives no reason."""


def listed(section: str, column: int) -> set[str]:
    """The names in a column of the table under a heading."""
    rows = PAGE.partition(f"## {section}\n")[2].partition("\n## ")[0].splitlines()
    cells = [row.split("|")[column] for row in rows if row.startswith("| `")]
    return {name for cell in cells for name in re.findall(r"`(\w+)`", cell)}


def test_every_reason_of_accepted_is_in_the_reference() -> None:
    told = reasons(reading, "Refusal", 0) | reasons(model_refusals, "Refusal", 0)
    told |= reasons(model_refusals, "missing", 0) | reasons(modelserver, "Refusal", 0)
    told |= {name for name in reasons(refusals, "Refusal", 0) if "Keda" in name}
    assert len(told) > 6
    assert told <= set(ACCEPTED_REASONS)


def test_every_reason_of_the_other_conditions_is_on_the_page() -> None:
    found = reasons(conditions, "Found", 2) | reasons(model_conditions, "Found", 2)
    found |= reasons(running, "Found", 2) | reasons(model_conditions, "Other", 0)
    found |= reasons(model_conditions, "ready", 1)
    told = {text for text in found if isinstance(text, str) and text[:1].isupper()}
    on_page = listed("Why it is not ready", 1)
    assert {"OtherModel", "Rolling"} <= told
    assert told - WELL - FALLBACKS <= on_page
    assert OF_KUBERNETES <= on_page <= told | OF_KUBERNETES


def test_every_reason_that_an_agent_gives_is_on_the_page() -> None:
    refused = reasons(agent_engines, "Refusal", 0)
    assert refused <= set(OF_AGENTS)
    assert refused | reasons(agent_engines, "Found", 2) - WELL == listed("What an agent says of it", 2)


def test_every_object_is_on_the_page() -> None:
    keda = {"maxReplicas": 9, "targetRequests": 5, "keda": {"serverAddress": "http://prometheus:9090"}}
    made = set()
    for autoscaling in (keda, {"maxReplicas": 9, "targetRequests": 5}):
        cluster = SmallModelCluster(model_server(autoscaling=autoscaling, cache={"volume": {"size": "9Gi"}}))
        cluster.see(kinds=BOTH_KINDS)
        made |= {obj["kind"] for obj in cluster.plan().objects}
    table = PAGE.partition("## What it becomes\n")[2].partition("\nA folder")[0]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| ")][1:]
    assert made == set(re.findall(r"\w+", " ".join(rows).replace("or KEDA's", "")))


@pytest.mark.parametrize(
    "said",
    [
        f"begins with `{model_pod.MODELS}`",
        f"asks the cluster for `{model_subject.REQUESTS}` of pods",
        f"the finalizer `{names.MODEL_SERVER_FINALIZER}`",
        f"the label `{names.PARLEY_MODEL_SERVER}=NAME`",
        f"`{model_subject.url('llm', 'models')}` answers",
        f"vLLM {(ROOT / 'tests/vllm/options.txt').read_text().split()[2]} itself gives",
    ],
)
def test_every_name_on_the_page_is_the_one_that_holds(said: str) -> None:
    assert said in WORDS
    assert model_subject.NODE_SECONDS == 600, "ten minutes more"


def test_an_adapter_is_told_to_sum_the_gauges_that_keda_sums() -> None:
    for gauge in (model_subject.RUNNING, model_subject.WAITING):
        prefix, _, last = gauge.rpartition("_")
        assert f"{prefix}_(running|waiting)" in PAGE
        assert last in ("running", "waiting")
