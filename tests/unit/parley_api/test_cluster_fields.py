"""The fields that are for a cluster: their defaults, how they are written, and that a laptop takes them and goes on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from parley_api import VoiceAgentSpec
from parley_api.media import HostPort, PodAddress, Turn
from parley_api.placement import Placement, Resources, Toleration
from parley_api.pods import Pods, Proxy
from parley_api.scaling import AgentAutoscaling, Keda


def spec(**fields: Any) -> VoiceAgentSpec:
    return VoiceAgentSpec.model_validate({"conversation": {"instructions": "Be kind."}} | fields)


def test_an_agent_that_says_nothing_gets_three_guaranteed_pods_on_nodes_of_low_latency() -> None:
    least = spec()
    assert (least.replicas, least.autoscaling, least.deletion) == (3, None, "Drain")
    assert least.placement == Placement(
        resources=Resources(cpu="1", memory="2Gi"),
        node_selector={"node-type": "low-latency"},
        tolerations=[Toleration(key="dedicated", operator="Equal", value="voice-ai", effect="NoSchedule")],
    )
    assert least.media.reach.settings == PodAddress()
    assert not least.service.load_balancer
    assert least.pods == Pods(image="", proxy=Proxy(http="", https="", none=""), ca_config_map="")
    assert least.pods.pull_secrets == least.pods.environment_from == []


def test_it_is_written_in_camel_case() -> None:
    read = spec(
        autoscaling={"maxReplicas": 9, "targetSessions": 40, "keda": {"serverAddress": "http://p:9090"}},
        media={"reach": {"turn": {"uris": ["turn:t.example"], "secretName": "login"}}},
        pods={"pullSecrets": ["a"], "caConfigMap": "b", "environmentFrom": ["c"]},
        placement={"tolerations": [{"operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}]},
    )
    keda = Keda(server_address="http://p:9090")
    assert read.autoscaling == AgentAutoscaling(max_replicas=9, target_sessions=40, keda=keda)
    assert read.media.reach.settings == Turn(uris=["turn:t.example"], secret_name="login")
    assert (read.pods.pull_secrets, read.pods.ca_config_map, read.pods.environment_from) == (
        ["a"],
        "b",
        ["c"],
    )
    assert read.placement.tolerations[0].toleration_seconds == 5


def test_a_reach_that_is_chosen_takes_the_place_of_the_default() -> None:
    reach = spec(media={"reach": {"hostPort": {}}}).media.reach
    assert (reach.chosen, reach.settings) == ("hostPort", HostPort())


@pytest.mark.parametrize("cpu", ["1", "16", "1.5", "0.5", "0.25", "0.005", "500m", "1500m"])
def test_cpus_are_written_as_for_any_pod(cpu: str) -> None:
    assert Resources(cpu=cpu).cpu == cpu


def test_a_number_of_cpus_needs_no_quotes() -> None:
    assert Resources.model_validate({"cpu": 2}) == Resources(cpu="2")


@pytest.mark.parametrize("cpu", [0, -1, True, 1.5, "0", "0.0", "-1", "1e3", "1k", "0m", "one", "", "1 "])
def test_what_is_no_cpu_is_refused(cpu: Any) -> None:
    with pytest.raises(ValidationError):
        Resources.model_validate({"cpu": cpu})


@pytest.mark.parametrize("memory", ["2Gi", "2G", "1.5Gi", "512Mi", "1500M", "64Mi"])
def test_memory_has_a_unit(memory: str) -> None:
    assert Resources(memory=memory).memory == memory


@pytest.mark.parametrize("memory", ["2", 2, "2147483648", "200m", "2GB", "0Gi", "1Mi", "2gi", ""])
def test_memory_that_no_agent_fits_in_is_refused(memory: Any) -> None:
    """`memory: 2` are two bytes to Kubernetes, and 200m a fifth of one: both are accepted, and no pod ever starts."""
    with pytest.raises(ValidationError):
        Resources.model_validate({"memory": memory})


@pytest.mark.parametrize(
    "image",
    [
        *("parley:0.1.0", "ghcr.io/o/parley:v1", "localhost:5000/parley:a_b.c-d", "registry:5000/a/b/c:1"),
        f"parley@sha256:{'a' * 64}",
        f"parley:1@sha256:{'a' * 64}",
    ],
)
def test_an_image_is_pinned_by_tag_or_digest(image: str) -> None:
    assert Pods(image=image).image == image


@pytest.mark.parametrize(
    "image",
    ["parley", "registry:5000/parley", "Parley:1", "parley:", "a b:1", "parley@sha256:12", "http://r/p:1"],
)
def test_what_is_no_image_or_not_pinned_is_refused(image: str) -> None:
    with pytest.raises(ValidationError):
        Pods(image=image)
