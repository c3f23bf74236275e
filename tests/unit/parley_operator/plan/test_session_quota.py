"""Whose turn it is where a tenant has fewer sessions than its agents ask for."""

from __future__ import annotations

import pytest

from parley_api import VoiceAgent
from parley_operator.plan.plan import Ref
from parley_operator.plan.session_quota import left_for
from parley_operator.plan.tenant import Ask, Surge, asked, model_surge, sessions
from parley_operator.render.agent_file import agent_file
from parley_operator.render.subject import Subject
from tests.small_cluster import voice_agent

A, B, C = (Ref("VoiceAgent", "tenant", name) for name in "abc")


def asks(**sessions_of: int) -> dict[Ref, Ask]:
    """In order of creation."""
    return {
        Ref("VoiceAgent", "tenant", name): Ask(
            f"2026-01-0{at}T00:00:00Z", f"uid-{name}", wanted, Surge(1, 1000, 1)
        )
        for at, (name, wanted) in enumerate(sessions_of.items(), 1)
    }


@pytest.mark.parametrize(
    ("agent", "quota", "of", "held", "left"),
    [
        pytest.param(A, 100, asks(a=60), {}, 100, id="alone it may have all"),
        pytest.param(B, 100, asks(a=60, b=60), {A: 60}, 40, id="another has some"),
        pytest.param(B, 100, asks(a=60, b=60), {}, 40, id="an older one that waits comes first"),
        pytest.param(A, 100, asks(a=60, b=60), {}, 100, id="and waits for no younger one"),
        pytest.param(A, 100, asks(a=60, b=60), {B: 60}, 40, id="though what a younger one has it keeps"),
        pytest.param(B, 100, asks(a=150, b=60), {}, 100, id="one that would not fit keeps nobody waiting"),
        pytest.param(B, 100, asks(a=90, b=60), {A: 30, B: 60}, 70, id="nor one that grows too far"),
        pytest.param(A, 10, asks(a=60), {A: 60}, 60, id="what it has it keeps under a lower quota"),
        pytest.param(C, 0, asks(c=1), {}, 0, id="of nothing nobody has anything"),
    ],
)
def test_what_is_left(agent: Ref, quota: int, of: dict[Ref, Ask], held: dict[Ref, int], left: int) -> None:
    assert left_for(agent, quota, of, held) == left


def test_what_all_have_is_never_over_the_quota_in_whatever_order_they_are_asked() -> None:
    of = asks(a=40, b=50, c=30)
    for order in ((A, B, C), (C, B, A), (B, C, A)):
        held: dict[Ref, int] = {}
        for agent in (*order, *order):
            if of[agent].sessions <= left_for(agent, 100, of, held):
                held[agent] = of[agent].sessions
        assert held == {A: 40, B: 50}, "the oldest two fit, the third does not"


@pytest.mark.parametrize(
    "spec",
    [
        {},
        {"replicas": 0},
        {"replicas": 5, "sessions": {"limit": 7}},
        {"autoscaling": {"maxReplicas": 9, "targetSessions": 5}},
    ],
)
def test_what_an_agent_asks_for_is_what_its_deployment_says(spec: dict[str, object]) -> None:

    value = voice_agent(**spec)
    model = VoiceAgent.model_validate({**value, "metadata": {"name": "shop"}})
    subject = Subject(model, "voice-ai", "u", agent_file(model, "voice-ai", 0), "")
    assert sessions(value["spec"]) == asked(value).sessions == subject.sessions


def test_a_rollout_makes_a_quarter_more_rounded_up_and_one_that_is_under_way_has_made_them() -> None:
    assert [asked(voice_agent(replicas=count)).surge.pods for count in (0, 1, 4, 5)] == [0, 1, 1, 2]
    rolling = {**voice_agent(), "status": {"conditions": [{"type": "UpToDate", "reason": "Rolling"}]}}
    assert asked(rolling).surge.pods == 0
    scaled = {**voice_agent(replicas=1), "status": {"replicas": 9}}
    assert asked(scaled).surge.pods == 3


def test_a_rollout_of_a_model_server_asks_for_what_its_pod_does() -> None:
    spec = {"replicas": 5, "gpus": {"count": 2}, "placement": {"resources": {"cpu": "8", "memory": "1Gi"}}}
    assert model_surge({"spec": spec}) == Surge(2, 8_000, 1024**3, 2, "nvidia.com/gpu")
    assert model_surge({"spec": {}}) == Surge(1, 4_000, 16 * 1024**3, 0, "nvidia.com/gpu")
    assert model_surge({"spec": {"replicas": 0}}).pods == 0
