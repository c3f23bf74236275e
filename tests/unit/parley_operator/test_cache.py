"""What is known of objects: the newest version of each, what is gone stays gone, little memory."""

from __future__ import annotations

from typing import Any

from parley_operator.cache import Cache
from parley_operator.kinds import KINDS, PODS
from parley_operator.plan.plan import Object, Ref

AGENT = Ref("VoiceAgent", "tenant", "a")


def thing(version: int, uid: str = "u1", owner: str = "a", **spec: Any) -> Object:
    reference = {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "VoiceAgent",
        "name": owner,
        "uid": "agent",
        "controller": True,
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "x",
            "namespace": "tenant",
            "uid": uid,
            "resourceVersion": str(version),
            "ownerReferences": [reference],
        },
        "spec": spec,
    }


def cache() -> Cache:
    return Cache(KINDS["Deployment"])


def spec(of: Cache) -> Any:
    obj = of.get("tenant", "x")
    return None if obj is None else obj["spec"]


def test_an_older_version_never_replaces_a_newer_one() -> None:
    one = cache()
    assert one.put(thing(10, replicas=2))
    assert not one.put(thing(9, replicas=1), written=True)
    assert not one.put(thing(10, replicas=1))
    assert spec(one) == {"replicas": 2}


def test_what_a_write_returned_is_there_at_once_and_its_echo_is_no_change() -> None:
    one = cache()
    assert one.put(thing(10, replicas=2), written=True)
    assert not one.put(thing(10, replicas=2))


def test_what_the_watch_has_seen_go_does_not_come_back_by_an_answer_that_was_on_its_way() -> None:
    one = cache()
    one.put(thing(10))
    assert one.remove(thing(12))
    assert not one.put(thing(11), written=True)
    assert len(one) == 0
    assert one.put(thing(13, uid="u2"), written=True)


def test_a_deletion_of_an_older_object_does_not_remove_its_successor() -> None:
    one = cache()
    one.put(thing(20, uid="u2"), written=True)
    assert not one.remove(thing(12))
    assert one.uid("tenant", "x") == "u2"


def test_a_new_version_with_nothing_new_in_it_is_no_change_and_counts_as_newest() -> None:
    one = cache()
    one.put(thing(10, replicas=2))
    assert not one.put(thing(15, replicas=2))
    assert not one.put(thing(12, replicas=7))


def test_objects_are_found_by_their_owner_and_no_longer_once_they_changed_hands() -> None:
    one = cache()
    one.put(thing(10))
    assert [obj["metadata"]["name"] for obj in one.owned_by(AGENT)] == ["x"]
    one.put(thing(11, owner="b"))
    assert list(one.owned_by(AGENT)) == []
    assert one.owner("tenant", "x") == Ref("VoiceAgent", "tenant", "b")
    one.remove(thing(12, owner="b"))
    assert list(one.owners()) == []


def test_all_of_a_namespace_are_found_and_no_longer_once_they_are_gone() -> None:
    one = cache()
    one.put(thing(10))
    assert [obj["metadata"]["name"] for obj in one.within("tenant")] == ["x"]
    assert list(one.within("other")) == []
    one.remove(thing(12))
    assert list(one.within("tenant")) == []


def test_a_pod_belongs_to_the_agent_of_its_label() -> None:
    one = Cache(PODS)
    labels = {"parley.dev/agent": "a"}
    metadata = {"name": "p", "namespace": "tenant", "uid": "u", "resourceVersion": "3", "labels": labels}
    one.put(
        {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": {"nodeName": "n"}, "status": {}}
    )
    assert one.owner("tenant", "p") == AGENT


def owner_of_pod(namespace: str, api_version: str, kind: str) -> Ref | None:
    one = Cache(PODS, home="parley-nodes")
    reference = {"apiVersion": api_version, "kind": kind, "name": "a", "uid": "u", "controller": True}
    metadata = {"name": "p", "namespace": namespace, "uid": "u", "resourceVersion": "3"}
    one.put({"kind": "Pod", "metadata": {**metadata, "ownerReferences": [reference]}})
    return one.owner(namespace, "p")


def test_a_pod_that_somebody_gives_an_owner_of_the_whole_cluster_counts_where_tuners_are_alone() -> None:
    """Bug: such a pod in anybody's namespace was asked for a node's report, and believed."""
    ours = "parley.dev/v1alpha1"
    for kind in ("NodeTuning", "VoiceTenant"):
        assert owner_of_pod("tenant", ours, kind) is None
        assert owner_of_pod("parley-nodes", ours, kind) == Ref(kind, "", "a")
    assert owner_of_pod("tenant", ours, "VoiceAgent") == AGENT


def test_a_kind_of_the_same_name_in_another_group_owns_nothing_of_ours() -> None:
    assert owner_of_pod("tenant", "example.com/v1alpha1", "VoiceAgent") is None
    assert owner_of_pod("tenant", "v1", "VoiceAgent") is None
    assert owner_of_pod("tenant", "parley.dev/v1beta1", "VoiceAgent") == AGENT


def test_of_managed_fields_only_our_own_are_kept_and_items_of_a_list_get_their_kind() -> None:
    one = cache()
    obj = thing(10)
    del obj["kind"], obj["apiVersion"]
    obj["metadata"]["managedFields"] = [
        {"manager": "kubectl"},
        {"manager": "parley-operator", "fieldsV1": {}},
    ]
    one.put(obj)
    kept = one.get("tenant", "x")
    assert kept is not None
    assert kept["metadata"]["managedFields"] == [{"manager": "parley-operator", "fieldsV1": {}}]
    assert (kept["apiVersion"], kept["kind"]) == ("apps/v1", "Deployment")


def test_an_object_takes_little_memory() -> None:
    """10,000 agents are some 100,000 objects."""
    one = cache()
    containers = [
        {"name": f"c{number}", "image": "registry/parley:1", "args": ["run"]} for number in range(40)
    ]
    one.put(thing(10, template={"spec": {"containers": containers}}))
    entry = one._entries["tenant", "x"]
    assert len(entry.packed) < 700


def test_what_conditions_say_is_counted_as_objects_change_and_go() -> None:
    def agent(version: int, ready: str) -> Object:
        metadata = {"name": "a", "namespace": "tenant", "uid": "u1", "resourceVersion": str(version)}
        conditions = [
            {"type": "Accepted", "status": "True"},
            {"type": "Ready", "status": ready, "message": "as far as is known"},
        ]
        return {"metadata": metadata, "spec": {}, "status": {"conditions": conditions}}

    agents = Cache(KINDS["VoiceAgent"])
    agents.put(agent(1, "False"))
    assert +agents.said == {("Accepted", "True"): 1, ("Ready", "False"): 1}
    agents.put(agent(2, "True"))
    assert +agents.said == {("Accepted", "True"): 1, ("Ready", "True"): 1}
    agents.put(agent(1, "False"))
    assert agents.said[("Ready", "True")] == 1
    agents.remove(agent(3, "True"))
    assert not +agents.said
