"""agent.yaml in the ConfigMap: `parley run` reads it back, and what is the cluster's alone is not in it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_api import VoiceAgent, load
from parley_operator.render.agent_file import MEDIA_PORT, agent_file
from tests.agent_file import AGENTS
from tests.small_cluster import voice_agent

ROOT = Path(__file__).parents[4]


def typed(**spec: Any) -> VoiceAgent:
    value = voice_agent(**spec)
    value["metadata"] = {"name": "shop", "namespace": "voice-ai"}
    return VoiceAgent.model_validate(value, by_alias=True, by_name=False)


@pytest.mark.parametrize("example", AGENTS, ids=lambda path: path.stem)
def test_an_example_is_read_back_equal(example: Path, tmp_path: Path) -> None:
    agent = load(example)
    for folder in (entry.config_map for entry in agent.spec.conversation.knowledge):
        if folder is not None:
            (tmp_path / folder.name).symlink_to(example.parent / folder.name)
    made = agent_file(agent, "voice-ai")
    (tmp_path / "agent.yaml").write_text(made.text)
    assert load(tmp_path / "agent.yaml") == made.agent
    assert made.agent.spec.conversation == agent.spec.conversation
    assert made.digest == hashlib.sha256((tmp_path / "agent.yaml").read_bytes()).hexdigest()


@pytest.mark.parametrize(
    "spec",
    [
        {"replicas": 7},
        {"autoscaling": {"maxReplicas": 9, "targetSessions": 5}},
        {"placement": {"nodeSelector": {}, "tolerations": []}},
        {"service": {"loadBalancer": True}},
        {"pods": {"image": "example.com/parley:2", "environmentFrom": ["keys"]}},
        {"deletion": "Cut"},
        {"media": {"reach": {"turn": {"uris": ["turn:turn.example.com"], "secretName": "login"}}}},
    ],
    ids=lambda spec: next(iter(spec)),
)
def test_what_is_the_clusters_alone_changes_no_byte_of_it(spec: dict[str, Any]) -> None:
    assert agent_file(typed(**spec), "voice-ai").text == agent_file(typed(), "voice-ai").text


def test_only_what_differs_from_the_defaults_is_in_it() -> None:
    """A data plane of an older image refuses a field that it does not know."""
    defaults = typed(sessions={"limit": 100}, media={"opus": {"bitrate": 64_000}}, language="en-US")
    assert agent_file(defaults, "voice-ai").text == agent_file(typed(), "voice-ai").text
    assert yaml.safe_load(agent_file(typed(), "voice-ai").text) == {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "metadata": {"name": "shop", "namespace": "voice-ai"},
        "spec": {
            "conversation": {"instructions": "You are the shop's own voice."},
            "media": {"udp": {"port": MEDIA_PORT}},
        },
    }


def test_the_media_port_is_the_allotted_one_or_the_authors_or_one_that_a_firewall_can_name() -> None:
    assert agent_file(typed(), "voice-ai").media_port == MEDIA_PORT
    assert agent_file(typed(media={"udp": {"port": 5_000}}), "voice-ai").media_port == 5_000
    made = agent_file(typed(media={"reach": {"hostPort": {}}}), "voice-ai", 31_007)
    assert made.media_port == 31_007
    assert made.agent.spec.media.reach.host_port is None
