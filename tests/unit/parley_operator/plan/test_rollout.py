"""Who rolls, when: the author's own changes at once, the operator's upgrades by turns, pinned agents not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parley_operator.plan import voiceagent
from parley_operator.plan.plan import Ref
from parley_operator.render import agent_file
from tests.small_cluster import SmallCluster, changed, only, voice_agent

OLD, NEW = "example.com/parley:1", "example.com/parley:2"


def running(**spec: Any) -> SmallCluster:
    """An agent that runs and has settled."""
    cluster = SmallCluster(voice_agent(**spec))
    cluster.settle()
    assert cluster.templates == 1
    return cluster


def upgraded(cluster: SmallCluster) -> SmallCluster:
    """The same, under an operator with a newer image."""
    cluster.settings = replace(cluster.settings, dataplane_image=NEW)
    return cluster


def image(cluster: SmallCluster) -> str:
    assert cluster.deployment is not None
    return str(cluster.deployment["spec"]["template"]["spec"]["containers"][0]["image"])


@pytest.fixture
def rendered_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    """An operator whose code renders another template than before."""
    before = voiceagent.pod_template

    def template(subject: Any) -> Any:
        made = before(subject)
        made["spec"]["priorityClassName"] = "voice"
        return made

    monkeypatch.setattr(voiceagent, "pod_template", template)


def test_a_newer_image_waits_for_its_turn_and_writes_nothing_until_then() -> None:
    cluster = upgraded(running())
    made = cluster.plan()
    assert made.rolls
    assert cluster.writes(made) == []
    cluster.see(may_roll=True)
    assert cluster.step().rolls
    assert (image(cluster), cluster.templates) == (NEW, 2)
    cluster.roll_out()
    cluster.see(may_roll=False)
    cluster.settle()
    assert not cluster.plan().rolls
    assert cluster.agent["status"]["image"] == NEW


def test_a_pinned_image_stays_whatever_the_operators_is() -> None:
    cluster = upgraded(running(pods={"image": OLD}))
    for may_roll in (False, True):
        cluster.see(may_roll=may_roll)
        made = cluster.plan()
        assert not made.rolls
        assert cluster.writes(made) == []


def test_a_pin_that_its_author_changes_rolls_at_once() -> None:
    cluster = running(pods={"image": OLD})
    cluster.agent = changed(cluster.agent, pods={"image": "example.com/parley:3"})
    assert not cluster.step().rolls
    assert (image(cluster), cluster.templates) == ("example.com/parley:3", 2)


def test_an_authors_change_rolls_at_once_with_the_image_that_the_agent_has() -> None:
    """Of a newer one nobody knows yet whether it is good: its turn comes."""
    cluster = upgraded(running())
    cluster.agent = changed(cluster.agent, turnTaking={"bargeIn": False})
    made = cluster.step()
    assert (image(cluster), cluster.templates) == (OLD, 2)
    assert made.rolls


def test_a_newer_image_waits_also_after_an_authors_change() -> None:
    cluster = running()
    cluster.agent = changed(cluster.agent, turnTaking={"bargeIn": False})
    cluster.settle()
    made = upgraded(cluster).plan()
    assert (made.rolls, cluster.writes(made)) == (True, [])


def test_what_changes_no_pod_writes_no_deployment() -> None:
    cluster = running()
    before = only(cluster.plan().objects, "Deployment")
    cluster.agent = changed(cluster.agent, service={"loadBalancer": True})
    assert only(cluster.plan().objects, "Deployment") == before


def test_defaults_that_a_newer_operator_reads_otherwise_are_no_authors_change(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """The generation is the same: nobody has written anything, and the whole fleet would roll at once."""
    cluster = running()
    request.getfixturevalue("rendered_otherwise")
    before = voiceagent._of_pods
    monkeypatch.setattr(voiceagent, "_of_pods", lambda subject: {**before(subject), "newer": "default"})
    assert cluster.step().rolls
    assert cluster.templates == 1


def test_a_file_that_a_newer_operator_writes_otherwise_is_not_made_before_a_pod_wants_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    cluster = running()
    files = [ref for ref in cluster.observed.children if ref.kind == "ConfigMap"]
    monkeypatch.setattr(agent_file, "MEDIA_PORT", 9_999)
    cluster.settle()
    assert [ref for ref in cluster.observed.children if ref.kind == "ConfigMap"] == files
    assert (cluster.plan().rolls, cluster.templates) == (True, 1)
    cluster.see(may_roll=True)
    cluster.settle()
    assert [ref for ref in cluster.observed.children if ref.kind == "ConfigMap"] != files
    assert cluster.templates == 2


@pytest.mark.usefixtures("rendered_otherwise")
def test_scaling_rolls_nobody_also_while_a_newer_template_waits() -> None:
    cluster = running()
    cluster.agent = changed(cluster.agent, replicas=5)
    made = cluster.step()
    assert cluster.deployment is not None
    assert (cluster.deployment["spec"]["replicas"], cluster.templates, made.rolls) == (5, 1, False)


@pytest.mark.parametrize(
    "spec",
    [{"replicas": 5}, {"service": {"loadBalancer": True}}, {"deletion": "Cut"}],
    ids=lambda spec: next(iter(spec)),
)
def test_what_changes_no_pod_rolls_none(spec: dict[str, Any]) -> None:
    cluster = running()
    cluster.agent = changed(cluster.agent, **spec)
    cluster.settle()
    assert cluster.templates == 1


def test_an_upgrade_that_renders_otherwise_leaves_what_runs_as_it_is_until_its_turn(
    monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    cluster = running()
    request.getfixturevalue("rendered_otherwise")
    cluster.agent = changed(cluster.agent, replicas=4)
    assert cluster.step().rolls
    assert cluster.deployment is not None
    assert (cluster.deployment["spec"]["replicas"], cluster.templates) == (4, 1)
    cluster.settle()
    cluster.see(may_roll=True)
    assert cluster.step().rolls
    assert cluster.templates == 2
    assert cluster.deployment["spec"]["template"]["spec"]["priorityClassName"] == "voice"
    cluster.roll_out()
    cluster.settle()


def test_pinned_pods_are_not_rolled_by_other_code_either(request: pytest.FixtureRequest) -> None:
    cluster = running(pods={"image": OLD})
    request.getfixturevalue("rendered_otherwise")
    cluster.see(may_roll=True)
    cluster.settle()
    assert (cluster.templates, cluster.plan().rolls) == (1, False)
    cluster.agent = changed(cluster.agent, turnTaking={"bargeIn": False})
    cluster.settle()
    assert cluster.templates == 2


def test_pods_that_could_not_start_again_do_not_wait(request: pytest.FixtureRequest) -> None:
    """Somebody deleted the ConfigMap of a template that is no longer rendered: its next pod would hang."""
    cluster = running()
    cluster.agent["metadata"]["name"] = "shop"
    request.getfixturevalue("rendered_otherwise")
    cluster.see(
        children={ref: obj for ref, obj in cluster.observed.children.items() if ref.kind != "ConfigMap"}
    )
    cluster.step()
    assert cluster.templates == 2
    assert [ref for ref in cluster.observed.children if ref.kind == "ConfigMap"]


def test_a_deployment_that_was_deleted_comes_back_with_the_image_that_its_agent_has() -> None:
    cluster = upgraded(running())
    gone = Ref("Deployment", "voice-ai", "shop-agent")
    cluster.see(children={ref: obj for ref, obj in cluster.observed.children.items() if ref != gone})
    made = cluster.step()
    assert (image(cluster), made.rolls) == (OLD, True)


def test_a_lost_status_does_not_lose_the_image() -> None:
    cluster = upgraded(running())
    del cluster.agent["status"]
    cluster.step()
    assert (image(cluster), cluster.agent["status"]["image"], cluster.templates) == (OLD, OLD, 1)
    template = only(cluster.plan().objects, "Deployment")["spec"]["template"]
    assert "dnsPolicy" not in template["spec"], "it is rendered, not left as it is: an edit of it would heal"


def test_an_edit_of_the_template_heals_also_while_a_newer_image_waits() -> None:
    cluster = upgraded(running())
    assert cluster.deployment is not None
    container = cluster.deployment["spec"]["template"]["spec"]["containers"][0]
    container.update(args=["sleep", "infinity"], image="example.com/edited")
    template = only(cluster.plan().objects, "Deployment")["spec"]["template"]
    assert template["spec"]["containers"][0]["args"][0] == "run"
    assert template["spec"]["containers"][0]["image"] == OLD


def test_knowledge_that_is_edited_rolls_at_once() -> None:
    """A pod reads it once, when it starts."""
    knowledge = {"instructions": "You guide.", "knowledge": [{"configMap": {"name": "guide"}}]}
    cluster = SmallCluster(voice_agent(conversation=knowledge))
    cluster.see(config_maps=frozenset({"guide"}), contents={"guide": "first"})
    cluster.settle()
    cluster.see(contents={"guide": "second"})
    assert not cluster.step().rolls
    assert cluster.templates == 2
