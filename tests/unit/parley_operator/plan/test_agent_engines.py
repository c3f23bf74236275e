"""An agent that names a ModelServer: what its pods are told, what it says of it, and what never rolls or goes."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from parley_operator.plan.agent_engines import named
from parley_operator.plan.plan import Object, Ref
from parley_operator.settings import Settings
from tests.small_cluster import SmallCluster, changed, condition, only, reasons, voice_agent
from tests.small_model_cluster import model_server

HERE = {"llm": {"modelServer": {"name": "llm", "namespace": "models", "temperature": 0.3, "maxTokens": 200}}}


def serving(ready: int = 1, model: str = "org/small", **spec: Any) -> Object:
    told = "True" if ready else "False"
    conditions = [{"type": "Ready", "status": told, "reason": "R", "message": "" if ready else "it loads"}]
    return {
        **model_server(**spec),
        "status": {"readyReplicas": ready, "model": model, "conditions": conditions},
    }


def running() -> SmallCluster:
    cluster = SmallCluster(voice_agent(engines=HERE))
    cluster.see(model_server=serving())
    cluster.settle()
    return cluster


def file(cluster: SmallCluster) -> dict[str, Any]:
    config_map = only(cluster.plan().objects, "ConfigMap")
    engines: dict[str, Any] = yaml.safe_load(config_map["data"]["agent.yaml"])["spec"]["engines"]
    return engines


def test_its_pods_are_told_where_the_model_is_and_what_it_is_called() -> None:
    cluster = running()
    assert file(cluster)["llm"] == {
        "openai": {
            "url": "http://llm.models.svc:8000/v1",
            "model": "org/small",
            "temperature": 0.3,
            "maxTokens": 200,
        }
    }
    assert condition(cluster.agent["status"], "EnginesReady")["status"] == "True"
    assert condition(cluster.agent["status"], "Ready")["status"] == "True"


def test_without_a_namespace_it_is_the_agents_own() -> None:
    agent = voice_agent(engines={"llm": {"modelServer": {"name": "llm"}}})
    assert named(agent) == Ref("ModelServer", "voice-ai", "llm")
    assert named(voice_agent()) is None


def test_its_pods_may_reach_the_model_servers_port() -> None:
    egress = only(running().plan().objects, "NetworkPolicy")["spec"]["egress"]
    assert {"port": 8000, "protocol": "TCP"} in egress[0]["ports"]


def test_an_agent_that_names_none_has_no_such_condition() -> None:
    cluster = SmallCluster(voice_agent())
    cluster.settle()
    assert "EnginesReady" not in reasons(cluster.agent["status"])


def before_it_said_anything() -> Object:
    return model_server()


@pytest.mark.parametrize(
    ("server", "kind", "reason"),
    [
        (None, "Accepted", "False ModelServerMissing"),
        (serving(engine={"piper": {"voice": "v"}}), "Accepted", "False ModelServerNotVllm"),
        (serving(ready=0), "EnginesReady", "False ModelServerNotReady"),
        (before_it_said_anything(), "EnginesReady", "Unknown NotYetSeen"),
    ],
    ids=["missing", "of another engine", "unready", "new"],
)
def test_one_that_is_not_right_is_told_and_rolls_and_takes_down_nothing_and_heals(
    server: Object | None, kind: str, reason: str
) -> None:
    cluster = running()
    before = dict(cluster.observed.children)
    cluster.see(model_server=server)
    plan = cluster.step()
    assert reasons(plan.status)[kind] == reason
    assert "ModelServer models/llm" in condition(plan.status, "Ready")["message"]
    assert plan.prune == []
    assert (cluster.observed.children, cluster.templates) == (before, 1)
    assert condition(plan.status, "Available")["status"] == "True", "what runs goes on"
    cluster.see(model_server=serving())
    cluster.settle()
    assert condition(cluster.agent["status"], "Ready")["status"] == "True"
    assert cluster.templates == 1


def test_why_a_model_server_is_not_ready_is_in_the_agents_words_too() -> None:
    cluster = SmallCluster(voice_agent(engines={"llm": {"modelServer": {"name": "llm"}}}))
    cluster.see(model_server=serving(ready=0))
    assert "(it loads)" in condition(cluster.plan().status, "EnginesReady")["message"]


def test_of_a_model_server_of_another_namespace_the_reason_is_told_and_not_its_words() -> None:
    """Bug: any agent may name it, and so a tenant read in its own agent what pods and nodes of others were told."""
    cluster = running()
    cluster.see(model_server=serving(ready=0))
    status = cluster.plan().status
    assert "(R)" in condition(status, "EnginesReady")["message"]
    assert "it loads" not in str(status)


def test_a_model_server_that_rolls_is_no_reason_to_be_unready() -> None:
    """Its UpToDate is False for as long, and its pods answer all the while."""
    cluster = running()
    rolling = serving()
    rolling["status"]["conditions"] = [
        {"type": "Ready", "status": "False", "reason": "Rolling", "message": "m"}
    ]
    cluster.see(model_server=rolling)
    assert reasons(cluster.plan().status)["EnginesReady"] == "True"


def test_a_name_that_all_its_pods_have_rolls_the_agent_at_once_and_one_that_is_only_written_does_not() -> (
    None
):
    cluster = running()
    cluster.see(model_server=serving(engine={"vllm": {"model": "org/larger"}}))
    assert cluster.writes(cluster.plan()) == [], "its pods do not say so yet"
    cluster.see(model_server=serving(model="org/larger", engine={"vllm": {"model": "org/larger"}}))
    cluster.settle()
    assert file(cluster)["llm"]["openai"]["model"] == "org/larger"
    assert cluster.templates == 2, "it is no upgrade of the operator, which would wait for its turn"


def test_before_a_model_server_says_anything_what_is_written_is_its_name() -> None:
    cluster = SmallCluster(voice_agent(engines=HERE))
    cluster.see(model_server=model_server(engine={"vllm": {"model": "org/small", "servedName": "small"}}))
    cluster.settle()
    assert file(cluster)["llm"]["openai"]["model"] == "small"
    assert reasons(cluster.agent["status"])["Ready"] == "Unknown NotYetSeen"


def test_where_one_namespace_is_looked_after_a_model_server_of_another_is_not_seen() -> None:
    cluster = SmallCluster(voice_agent(engines=HERE), settings=Settings(watch_namespace="voice-ai"))
    message = condition(cluster.plan().status, "Accepted")["message"]
    assert "looks after voice-ai alone" in message
    assert "engines.llm.openai" in message


def test_a_refused_agent_still_says_whether_its_engines_are_ready() -> None:
    cluster = running()
    cluster.see(model_server=serving(ready=0))
    cluster.agent = changed(cluster.agent, pods={"environmentFrom": ["keys"]})
    told = reasons(cluster.plan().status)
    assert told["Accepted"] == "False SecretMissing"
    assert told["EnginesReady"] == "False ModelServerNotReady"
