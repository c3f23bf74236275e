"""The plan of an agent as a whole: what it leaves is at rest, nothing is pruned that is in use, all goes with it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parley_operator import names
from parley_operator.diff import holds, stamped
from parley_operator.plan.plan import Ref
from parley_operator.plan.voiceagent import plan_gone
from tests.small_cluster import BOTH_KINDS, SmallCluster, changed, only, reasons, voice_agent
from tests.unit.parley_operator.fake_api import fields_of

agent_names = st.from_regex(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)

AUTOSCALING = {"maxReplicas": 9, "targetSessions": 5}

specs = st.fixed_dictionaries(
    {},
    optional={
        "replicas": st.integers(1, 4),
        "autoscaling": st.fixed_dictionaries(
            {"maxReplicas": st.integers(4, 9), "targetSessions": st.integers(1, 100)},
            optional={"keda": st.just({"serverAddress": "http://prometheus.monitoring:9090"})},
        ),
        "placement": st.fixed_dictionaries(
            {},
            optional={
                "resources": st.fixed_dictionaries(
                    {}, optional={"cpu": st.sampled_from(["1", "2", "500m"]), "memory": st.just("1Gi")}
                ),
                "nodeSelector": st.dictionaries(st.sampled_from(["a", "example.com/b"]), st.just("c")),
                "tolerations": st.lists(st.just({"key": "dedicated", "operator": "Exists"}), max_size=1),
            },
        ),
        "media": st.sampled_from(
            [
                {"reach": {"hostPort": {}}},
                {"reach": {"turn": {"uris": ["turn:turn.example.com"], "secretName": "login"}}},
                {"udp": {"port": 5_000}},
            ]
        ),
        "service": st.fixed_dictionaries({"loadBalancer": st.booleans()}),
        "pods": st.fixed_dictionaries(
            {},
            optional={
                "image": st.sampled_from(["", "example.com/parley:7"]),
                "environmentFrom": st.just(["login"]),
                "caConfigMap": st.just("ca"),
                "proxy": st.just({"https": "http://proxy:3128"}),
            },
        ),
        "deletion": st.sampled_from(["Drain", "Cut"]),
        "sessions": st.fixed_dictionaries({"longestCallSeconds": st.integers(1, 86_400)}),
        "conversation": st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=40).map(
            lambda text: {"instructions": text}
        ),
    },
)


def everything_there(cluster: SmallCluster) -> SmallCluster:
    cluster.see(kinds=BOTH_KINDS, secrets=frozenset({"login"}), config_maps=frozenset({"ca"}))
    return cluster


def running(**spec: Any) -> SmallCluster:
    cluster = everything_there(SmallCluster(voice_agent(**spec)))
    cluster.settle()
    return cluster


def kinds(cluster: SmallCluster) -> list[str]:
    return sorted(ref.kind for ref in cluster.observed.children)


@settings(max_examples=60)
@given(
    agent_names,
    st.lists(specs, min_size=1, max_size=3),
    st.lists(st.integers(0, 300), min_size=1, max_size=4),
)
def test_whatever_an_author_writes_one_after_another_it_comes_to_rest_and_nothing_is_written_then(
    name: str, several: list[dict[str, Any]], calls: list[int]
) -> None:
    cluster = everything_there(SmallCluster(voice_agent(name)))
    for spec in several:
        metadata = {**cluster.agent["metadata"], "generation": cluster.agent["metadata"]["generation"] + 1}
        cluster.agent = {**cluster.agent, "metadata": metadata, "spec": voice_agent(**spec)["spec"]}
        cluster.settle()
        for number, pod in enumerate(sorted(cluster.observed.pods)):
            cluster.answer(pod, calls[number % len(calls)])
        cluster.settle()
    made = cluster.plan()
    assert cluster.writes(made) == []
    for obj in made.objects:
        plain = obj["metadata"]["name"]
        assert plain == names.child(name) or obj["kind"] in ("ConfigMap", "NetworkPolicy")
        assert len(names.child(name)) <= 63
        assert obj["metadata"]["labels"][names.PARLEY_AGENT] == name
    [container] = only(made.objects, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"] == container["resources"]["requests"]
    assert set(container["resources"]["limits"]) == {"cpu", "memory"}
    assert len(files(cluster)) == len(policies(cluster)) == 1, "an old one is pruned once nobody needs it"
    assert json.dumps(made.objects) == json.dumps(cluster.plan().objects)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=150)
@given(
    st.dictionaries(
        st.sampled_from(
            ["conversation", "replicas", "language", "service", "deletion", "sessions", "tests", "prices"]
        ),
        json_values,
        max_size=4,
    )
)
def test_no_spec_breaks_the_plan(spec: dict[str, Any]) -> None:
    """What the API server let through, of another version of the kind say, is refused in words, not by an exception."""
    cluster = SmallCluster(voice_agent(**spec))
    made = cluster.plan()
    assert made.status is not None
    accepted = made.status["conditions"][0]
    assert (accepted["status"] == "True") == bool(made.objects)
    assert accepted["status"] == "True" or accepted["message"]


def test_an_agent_becomes_these_objects_in_this_order() -> None:
    cluster = everything_there(SmallCluster(voice_agent(autoscaling=AUTOSCALING)))
    assert [obj["kind"] for obj in cluster.plan().objects] == [
        "ServiceAccount",
        "ConfigMap",
        "NetworkPolicy",
        "Service",
        "Deployment",
        "PodDisruptionBudget",
        "HorizontalPodAutoscaler",
        "PodMonitor",
    ]


def test_without_the_kind_there_is_no_pod_monitor() -> None:
    cluster = running()
    assert "PodMonitor" in kinds(cluster)
    cluster.see(
        kinds=frozenset(),
        children={r: o for r, o in cluster.observed.children.items() if r.kind != "PodMonitor"},
    )
    assert "PodMonitor" not in [obj["kind"] for obj in cluster.plan().objects]


def test_what_an_autoscaler_owns_is_left_out() -> None:
    cluster = running(replicas=2, autoscaling=AUTOSCALING)
    assert "replicas" not in only(cluster.plan().objects, "Deployment")["spec"]
    assert cluster.deployment is not None
    cluster.deployment["spec"]["replicas"] = 7
    assert [one for one in cluster.writes(cluster.plan()) if one != "status"] == []
    assert cluster.plan().status["replicas"] == 7  # type: ignore[index]


@pytest.mark.parametrize(
    "autoscaling", [None, {"maxReplicas": 3, "targetSessions": 5}], ids=["none", "least equals most"]
)
def test_without_an_autoscaler_the_replicas_are_the_specs(autoscaling: Any) -> None:
    cluster = running(replicas=3, **({"autoscaling": autoscaling} if autoscaling else {}))
    assert only(cluster.plan().objects, "Deployment")["spec"]["replicas"] == 3
    assert not {"HorizontalPodAutoscaler", "ScaledObject"} & set(kinds(cluster))


def test_replicas_that_go_to_an_autoscaler_have_an_owner_all_the_time() -> None:
    """What nobody names any more, server-side apply removes: without a second owner the Deployment would fall to one
    pod, and all the others' callers would be drained.
    """
    cluster = running(replicas=5)
    cluster.agent = changed(cluster.agent, autoscaling=AUTOSCALING)
    made = cluster.plan()
    assert made.hand_over is not None
    assert made.hand_over["metadata"] == {"name": "shop-agent", "namespace": "voice-ai"}
    assert made.hand_over["spec"] == {"replicas": 5}
    cluster.settle()
    assert cluster.plan().hand_over is None
    cluster.agent = changed(cluster.agent, replicas=4)
    del cluster.agent["spec"]["autoscaling"]
    assert cluster.plan().hand_over is None
    assert only(cluster.plan().objects, "Deployment")["spec"]["replicas"] == 4


@pytest.mark.parametrize("before", ["scaled to zero by its spec", "scaled to zero by somebody"])
def test_an_autoscaler_that_rests_at_zero_is_woken(before: str) -> None:
    """It does nothing while there is no pod, so that the agent would be gone for ever."""
    cluster = running(**({"replicas": 0} if "spec" in before else {"autoscaling": AUTOSCALING}))
    assert cluster.deployment is not None
    cluster.deployment["spec"]["replicas"] = 0
    cluster.agent = changed(cluster.agent, replicas=2, autoscaling=AUTOSCALING)
    made = cluster.plan()
    assert made.hand_over is not None
    assert made.hand_over["spec"] == {"replicas": 2}


@pytest.mark.parametrize(
    "annotations",
    [
        {"autoscaling.keda.sh/paused-replicas": "0"},
        *({"autoscaling.keda.sh/paused": yes} for yes in ("1", "t", "T", "TRUE", "true", "True", "yes", "")),
    ],
    ids=["at so many pods", "1", "t", "T", "TRUE", "true", "True", "no boolean", "empty"],
)
def test_a_scaled_object_that_somebody_paused_is_left_alone(annotations: dict[str, str]) -> None:
    """Bug: pods came and went for ever. Cause: KEDA kept none, as it was told, and the operator woke it each time."""
    keda = {"serverAddress": "http://prometheus.monitoring:9090"}
    cluster = running(replicas=2, autoscaling={**AUTOSCALING, "keda": keda})
    ref = Ref("ScaledObject", "voice-ai", "shop-agent")
    paused = cluster.observed.children[ref]
    metadata = {**paused["metadata"], "annotations": annotations}
    rests = {"conditions": [{"type": "Ready", "status": "False"}, {"type": "Active", "status": "False"}]}
    paused = {**paused, "metadata": metadata, "status": rests}
    cluster.see(children={**cluster.observed.children, ref: paused})
    assert cluster.deployment is not None
    cluster.deployment["spec"]["replicas"] = 0
    cluster.roll_out()
    made = cluster.plan()
    assert made.hand_over is None
    assert "replicas" not in only(made.objects, "Deployment")["spec"]
    assert reasons(made.status)["Ready"] == "True"
    wanted = stamped(only(made.objects, "ScaledObject"))
    applied = {**wanted["metadata"]["annotations"], **annotations}
    ours = {"manager": "parley-operator", "operation": "Apply", "fieldsV1": fields_of(wanted)}
    live = {**wanted, "metadata": {**wanted["metadata"], "annotations": applied, "managedFields": [ours]}}
    assert holds(live, wanted), "what somebody annotates is no reason to write"
    assert not annotations.keys() & wanted["metadata"]["annotations"].keys(), "and stays theirs"


@pytest.mark.parametrize(
    "annotations",
    [{}, *({"autoscaling.keda.sh/paused": no} for no in ("0", "f", "F", "FALSE", "false", "False"))],
    ids=["no word of a pause", "0", "f", "F", "FALSE", "false", "False"],
)
def test_a_scaled_object_that_nobody_paused_is_woken(annotations: dict[str, str]) -> None:
    keda = {"serverAddress": "http://prometheus.monitoring:9090"}
    cluster = running(replicas=2, autoscaling={**AUTOSCALING, "keda": keda})
    ref = Ref("ScaledObject", "voice-ai", "shop-agent")
    cluster.observed.children[ref]["metadata"]["annotations"] = annotations
    assert cluster.deployment is not None
    cluster.deployment["spec"]["replicas"] = 0
    made = cluster.plan()
    assert made.hand_over is not None
    assert made.hand_over["spec"] == {"replicas": 2}


def test_one_autoscaler_takes_the_place_of_the_other() -> None:
    cluster = running(autoscaling=AUTOSCALING)
    assert "HorizontalPodAutoscaler" in kinds(cluster)
    keda = {"serverAddress": "http://prometheus.monitoring:9090"}
    cluster.agent = changed(cluster.agent, autoscaling={**AUTOSCALING, "keda": keda})
    assert cluster.step().prune == [Ref("HorizontalPodAutoscaler", "voice-ai", "shop-agent")]
    assert "ScaledObject" in kinds(cluster)


def files(cluster: SmallCluster) -> list[str]:
    return sorted(ref.name for ref in cluster.observed.children if ref.kind == "ConfigMap")


def test_an_old_file_stays_while_a_pod_runs_it_or_a_rollout_could_go_back_to_it() -> None:
    cluster = running()
    [old] = files(cluster)
    draining = cluster.observed.pods["pod-1-0"]
    cluster.agent = changed(cluster.agent, turnTaking={"bargeIn": False})
    cluster.step()
    assert old in files(cluster)
    cluster.see(pods={})
    cluster.step()
    assert old in files(cluster), "its ReplicaSet is still there, and would make pods that name it"
    cluster.roll_out()
    cluster.see(pods={**cluster.observed.pods, draining.name: replace(draining, terminating=True)})
    cluster.step()
    assert old in files(cluster), "a pod that drains still runs it"
    cluster.see(pods={name: pod for name, pod in cluster.observed.pods.items() if name != draining.name})
    cluster.step()
    assert old not in files(cluster)
    assert len(files(cluster)) == 1


def policies(cluster: SmallCluster) -> list[str]:
    return sorted(ref.name for ref in cluster.observed.children if ref.kind == "NetworkPolicy")


@pytest.mark.parametrize(
    "change",
    [
        {"media": {"udp": {"port": 5_000}}},
        {"engines": {"llm": {"openai": {"url": "http://llm:8000/v1", "model": "m"}}}},
        {"pods": {"proxy": {"https": "http://proxy:3128"}}},
    ],
    ids=["the port of its media", "a server that it asks", "a proxy"],
)
def test_calls_of_pods_that_end_keep_what_their_network_allowed(change: dict[str, Any]) -> None:
    """Bug: they lost their media, or their engines, in the middle of a sentence. Cause: one NetworkPolicy, which
    changed at once, for all pods.
    """
    cluster = running()
    [old] = policies(cluster)
    draining = cluster.observed.pods["pod-1-0"]
    cluster.agent = changed(cluster.agent, **change)
    cluster.step()
    [new] = set(policies(cluster)) - {old}
    cluster.roll_out()
    cluster.see(pods={**cluster.observed.pods, draining.name: replace(draining, terminating=True)})
    cluster.step()
    assert policies(cluster) == sorted([old, new])
    cluster.see(pods={name: pod for name, pod in cluster.observed.pods.items() if name != draining.name})
    cluster.step()
    assert policies(cluster) == [new]


def test_calls_of_pods_that_an_older_operator_made_keep_what_their_network_allowed() -> None:
    """Bug: they lost their media at the first rollout after an upgrade. Cause: such pods do not tell their policy."""
    cluster = running()
    before = cluster.observed.pods["pod-1-0"]
    annotations = {name: told for name, told in before.annotations.items() if name != names.NETWORK_DIGEST}
    old = Ref("NetworkPolicy", "voice-ai", "shop-agent")
    [ours] = [obj for ref, obj in cluster.observed.children.items() if ref.kind == old.kind]
    policy = {**ours, "metadata": {**ours["metadata"], "name": old.name}}
    draining = replace(before, name="old", terminating=True, annotations=annotations)
    cluster.see(
        children={**cluster.observed.children, old: policy},
        pods={**cluster.observed.pods, draining.name: draining},
    )
    assert cluster.plan().prune == []
    cluster.see(pods={name: pod for name, pod in cluster.observed.pods.items() if name != draining.name})
    assert cluster.plan().prune == [old]


def test_a_change_that_opens_no_other_port_makes_no_other_network_policy() -> None:
    cluster = running()
    before = policies(cluster)
    cluster.agent = changed(cluster.agent, turnTaking={"bargeIn": False})
    cluster.step()
    assert policies(cluster) == before


def test_what_is_not_the_operators_is_not_pruned() -> None:
    """A ConfigMap that somebody else lets go with the agent."""
    cluster = running()
    theirs = Ref("ConfigMap", "voice-ai", "theirs")
    metadata = {"name": "theirs", "namespace": "voice-ai", "labels": {"app": "shop"}}
    cluster.see(children={**cluster.observed.children, theirs: {"kind": "ConfigMap", "metadata": metadata}})
    assert cluster.plan().prune == []


def test_calls_are_told_rounded_those_of_draining_pods_as_well() -> None:
    cluster = running()
    cluster.answer("pod-1-0", 30)
    cluster.answer("pod-1-1", 33)
    cluster.pod("pod-1-1", terminating=True)
    status = cluster.plan().status
    assert status is not None
    assert status["calls"] == 50


def test_a_status_says_what_scale_and_the_columns_need() -> None:
    status = running(replicas=2).agent["status"]
    assert {name: value for name, value in status.items() if name != "conditions"} == {
        "observedGeneration": 1,
        "replicas": 2,
        "readyReplicas": 2,
        "calls": 0,
        "selector": "parley.dev/agent=shop",
        "image": "example.com/parley:1",
    }


def test_a_host_port_is_kept_also_when_the_status_is_lost() -> None:
    cluster = running(media={"reach": {"hostPort": {}}})
    port = cluster.agent["status"]["hostPort"]
    assert cluster.settings.host_port_first <= port <= cluster.settings.host_port_last
    del cluster.agent["status"]
    cluster.settle()
    assert (cluster.agent["status"]["hostPort"], cluster.templates) == (port, 1)


def test_an_agent_that_leaves_its_host_port_gives_it_back() -> None:
    cluster = running(media={"reach": {"hostPort": {}}})
    cluster.agent = changed(cluster.agent, media={})
    cluster.settle()
    assert "hostPort" not in cluster.agent["status"]


def test_two_agents_with_the_same_port_part_at_once() -> None:
    cluster = running(media={"reach": {"hostPort": {}}})
    port = cluster.agent["status"]["hostPort"]
    cluster.see(host_ports={port: "voice-ai/another"})
    cluster.step()
    assert cluster.agent["status"]["hostPort"] != port
    assert cluster.templates == 2


def test_nothing_is_made_for_an_agent_that_is_being_deleted() -> None:
    cluster = running(deletion="Cut")
    cluster.pod("pod-1-0", terminating=True)
    cluster.agent["metadata"]["deletionTimestamp"] = "2026-03-04T12:00:00Z"
    made = cluster.plan()
    assert (made.objects, made.prune, made.status) == ([], [], None)
    assert [cut.ref.name for cut in made.cut] == ["pod-1-0"]


@pytest.mark.parametrize(("deletion", "expected"), [("Cut", ["pod-1-0"]), ("Drain", [])])
def test_of_an_agent_that_is_gone_the_pods_are_cut_where_it_said_so(
    deletion: str, expected: list[str]
) -> None:
    cluster = running(deletion=deletion)
    cluster.pod("pod-1-0", terminating=True)
    assert [cut.ref.name for cut in plan_gone("voice-ai", cluster.observed).cut] == expected


def test_a_rollout_of_an_agent_that_says_cut_cuts_nobody() -> None:
    cluster = running(deletion="Cut")
    cluster.pod("pod-1-0", terminating=True)
    assert cluster.plan().cut == []


def test_pods_of_the_last_agent_of_that_name_are_cut() -> None:
    cluster = running(deletion="Cut")
    cluster.pod("pod-1-0", terminating=True)
    cluster.agent["metadata"]["uid"] = "uid-of-the-next"
    assert [cut.ref.name for cut in cluster.plan().cut] == ["pod-1-0"]


def test_a_plan_says_why_in_sentences() -> None:
    cluster = SmallCluster(voice_agent())
    assert cluster.plan().why.splitlines()[0] == "there is no Deployment yet"
    cluster.settle()
    assert cluster.plan().why == "the template is as it was rendered last"
