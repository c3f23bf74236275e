"""docs/becomes.md against the code: every object, every reason of a condition, and the numbers in it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from parley_api.voiceagent_status import ACCEPTED_REASONS
from parley_operator.plan import agent_conditions, conditions, pods, reading, refusals, running
from parley_operator.render import agent_file, pod, subject
from tests.small_cluster import BOTH_KINDS, SmallCluster, voice_agent

PAGE = (Path(__file__).parents[3] / "docs/becomes.md").read_text()
WORDS = " ".join(PAGE.split())
OF_KUBERNETES = {"FailedCreate", "MinimumReplicasUnavailable", "ProgressDeadlineExceeded"}
WELL = {"AsWritten", "InPart", "ReadBack", "AllTrue", "ScaledToZero"}


def reasons(module: object, name: str, at: int) -> set[str]:
    """The texts that stand as argument `at` of the calls of `name`."""
    tree = ast.parse(Path(str(module.__file__)).read_text())  # type: ignore[attr-defined]
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    named = [
        one for one in calls if isinstance(one.func, ast.Name) and one.func.id == name and len(one.args) > at
    ]
    return {text.value for one in named for text in ast.walk(one.args[at]) if isinstance(text, ast.Constant)}


def test_every_reason_of_accepted_is_in_the_reference() -> None:
    told = reasons(reading, "Refusal", 0) | reasons(refusals, "Refusal", 0) | reasons(refusals, "missing", 0)
    assert len(told) > 5
    assert told <= set(ACCEPTED_REASONS)


def test_every_reason_of_the_other_conditions_is_on_the_page() -> None:
    found = reasons(conditions, "Found", 2) | reasons(agent_conditions, "Found", 2)
    found |= reasons(running, "Found", 2) | reasons(agent_conditions, "Other", 0)
    found |= reasons(agent_conditions, "ready", 1)
    told = {text for text in found if isinstance(text, str) and text[:1].isupper()}
    section = PAGE.partition("## Why it is not ready")[2]
    listed = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", section, re.MULTILINE)
    on_page = {name for row in listed for name in re.findall(r"`(\w+)`", row)}
    assert {"NotYetSeen", "NoNodeFree"} <= told
    fallbacks = {"ReplicaFailure", "AsTold", "Stuck", "Refused"}  # where Kubernetes gives no reason
    assert told - WELL - fallbacks <= on_page
    assert on_page >= OF_KUBERNETES
    assert on_page <= told | OF_KUBERNETES


def test_every_object_is_on_the_page() -> None:
    keda = {"maxReplicas": 9, "targetSessions": 5, "keda": {"serverAddress": "http://prometheus:9090"}}
    made = set()
    for autoscaling in (keda, {"maxReplicas": 9, "targetSessions": 5}):
        cluster = SmallCluster(voice_agent(autoscaling=autoscaling))
        cluster.see(kinds=BOTH_KINDS)
        made |= {obj["kind"] for obj in cluster.plan().objects}
    [table] = re.findall(r"^\|---\|---\|\n((?:\|.*\n)+)\nAll of them are called", PAGE, re.MULTILINE)
    listed = " ".join(row.split("|")[1] for row in table.splitlines()).replace("or KEDA's", "")
    assert made == set(re.findall(r"\w+", listed))


@pytest.mark.parametrize(
    "said",
    [
        f"takes callers for {pod.ENDPOINTS_SECONDS} s more",
        f"the longest call and {pod.BEYOND_THE_LONGEST_CALL_SECONDS} s more",
        f"with a grace period of {pods.CUT_GRACE_SECONDS} s",
        f"{agent_file.MEDIA_PORT} unless `media.udp.port`",
        f"allow UDP and port {agent_file.PORT}",
    ],
)
def test_every_number_on_the_page_is_the_one_that_holds(said: str) -> None:
    assert said in WORDS
    assert subject.PROGRESS_SECONDS == 600, "no new pod has got ready for ten minutes"
