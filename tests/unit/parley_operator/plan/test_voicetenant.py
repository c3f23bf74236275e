"""What is to be done about a tenant: whose a namespace is, what its quota leaves, what stays and what goes."""

from __future__ import annotations

from typing import Any

import pytest

from parley_api.voicetenant_status import VoiceTenantStatus
from parley_operator import names
from parley_operator.plan.plan import Failure, Object, Ref
from parley_operator.plan.tenant import Surge
from parley_operator.plan.voicetenant import AGAIN_SECONDS, READ_BACK_SECONDS
from tests.small_cluster import condition, reasons
from tests.small_tenant import SmallTenant, ask, live_namespace, voice_tenant

PEOPLE = [{"kind": "User", "name": "ada", "role": "edit"}, {"kind": "Group", "name": "auditors"}]


def kinds(objects: list[Object], namespace: str) -> list[str]:
    return [
        obj["kind"]
        for obj in objects
        if namespace
        == (obj["metadata"]["name"] if obj["kind"] == "Namespace" else obj["metadata"].get("namespace"))
    ]


def states(cluster: SmallTenant) -> dict[str, str]:
    return {one["name"]: one["state"] for one in cluster.tenant["status"]["namespaces"]}


def use(cluster: SmallTenant) -> dict[str, Any]:
    return {one["resource"]: one for one in cluster.tenant["status"]["use"]}


def test_a_new_tenant_becomes_its_namespaces_and_is_ready_once_all_was_read_back() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a", "b", people=PEOPLE, quota={"cpu": 64}))
    first = cluster.plan()
    for name in ("a", "b"):
        assert kinds(first.objects, name) == [
            *("Namespace", "NetworkPolicy", "LimitRange", "ResourceQuota"),
            *("RoleBinding", "RoleBinding"),
        ]
    assert reasons(first.status) == {
        "Accepted": "True",
        "Isolated": "Unknown NotYetSeen",
        "WithinQuota": "Unknown NotYetCounted",
        "Ready": "Unknown NotYetSeen",
    }
    assert first.again_after == READ_BACK_SECONDS
    made = cluster.settle()
    assert set(reasons(made.status).values()) == {"True"}
    assert states(cluster) == {"a": "Ready", "b": "Ready"}
    assert cluster.tenant["status"]["readyNamespaces"] == 2
    assert made.again_after is None


def test_people_are_let_in_where_all_else_is_there() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a", "b", people=PEOPLE))
    order = [obj["kind"] for obj in cluster.plan().objects]
    assert order.index("RoleBinding") > max(at for at, kind in enumerate(order) if kind != "RoleBinding")


def test_what_is_not_limited_has_no_quota_and_nobody_has_no_binding() -> None:
    cluster = SmallTenant(voice_tenant())
    assert kinds(cluster.plan().objects, "clinic") == ["Namespace", "NetworkPolicy", "LimitRange"]
    made = cluster.settle()
    assert condition(made.status, "WithinQuota")["status"] == "True"
    assert list(use(cluster)) == ["agents", "sessions"], "what the operator knows by itself"


def test_a_namespace_that_was_there_is_left_alone_and_the_message_says_how_to_hand_it_over() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "old", "new"))
    cluster.there(live_namespace("old"))
    cluster.see(found={"old": ("Deployment web", "Pod web-1")})
    made = cluster.settle()
    assert kinds(made.objects, "old") == []
    assert states(cluster) == {"old": "InUse", "new": "Ready"}
    accepted = condition(made.status, "Accepted")
    assert accepted["reason"] == "NamespaceInUse"
    assert "Deployment web, Pod web-1 in it" in accepted["message"]
    assert f"kubectl label --overwrite namespace old {names.PARLEY_TENANT}=clinic" in accepted["message"]
    assert made.again_after == AGAIN_SECONDS
    cluster.there(live_namespace("old", "clinic"))
    cluster.settle()
    assert states(cluster) == {"old": "Ready", "new": "Ready"}


def test_what_is_told_of_the_longest_names_is_as_short_as_the_kind_takes_it() -> None:
    """Bug: a message named five Deployments whole. The longest names made it longer than the schema's bound, each
    status was refused, and nothing that comes after one was done.
    """
    name, tenant, other = ("n" * 63, "t" * 63, "o" * 63)
    cluster = SmallTenant(voice_tenant(tenant, name, "new"))
    cluster.there(live_namespace(name, other))
    cluster.see(found={name: tuple(f"Deployment {'d' * 252}{at}" for at in range(9))})
    cluster.settle()
    told = cluster.tenant["status"]
    VoiceTenantStatus.model_validate(told)
    message = told["namespaces"][0]["message"]
    assert len(message) > 700, "the names are long"
    assert message.endswith(f"namespace {name} {names.PARLEY_TENANT}={tenant}; or name another"), (
        "what to do is told"
    )
    assert "… and 4 more in it" in message


def test_of_two_new_tenants_the_older_gets_the_namespace_and_both_names_are_told() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "common"))
    cluster.claim("bank", "2025-01-01T00:00:00Z", "common")
    made = cluster.plan()
    assert kinds(made.objects, "common") == []
    accepted = condition(made.status, "Accepted")
    assert accepted["reason"] == "NamespaceTaken"
    assert "namespace common is of tenant bank, and clinic names it too" in accepted["message"]


@pytest.mark.parametrize("created", ["2025-01-01T00:00:00Z", "2027-01-01T00:00:00Z"])
def test_who_has_a_namespace_keeps_it_also_from_an_older_tenant_that_names_it_later(created: str) -> None:
    cluster = SmallTenant(voice_tenant("clinic", "common"))
    cluster.settle()
    cluster.claim("bank", created, "common")
    assert cluster.writes(cluster.plan()) == []


def test_a_mark_of_a_tenant_that_does_not_name_it_is_told() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "old"))
    cluster.there(live_namespace("old", "gone"))
    message = condition(cluster.plan().status, "Accepted")["message"]
    assert "the mark of tenant gone, which does not name it" in message


def test_a_namespace_that_ends_is_waited_for_and_made_anew() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a", "b"))
    cluster.settle()
    cluster.there(live_namespace("a", "clinic", phase="Terminating"))
    made = cluster.plan()
    assert kinds(made.objects, "a") == []
    assert made.prune == [], "it takes all with it"
    assert condition(made.status, "Accepted")["reason"] == "NamespaceEnding"
    namespaces = {name: live for name, live in cluster.observed.namespaces.items() if name != "a"}
    cluster.see(namespaces=namespaces)
    assert kinds(cluster.plan().objects, "a")[0] == "Namespace"


def test_a_namespace_that_is_named_no_more_is_let_go_and_never_deleted() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a", "b", people=PEOPLE, quota={"pods": 4}))
    cluster.settle()
    cluster.change(namespaces=["a"])
    made = cluster.plan()
    assert {ref.namespace for ref in made.prune} == {"b"}
    assert {ref.kind for ref in made.prune} == {"NetworkPolicy", "LimitRange", "ResourceQuota", "RoleBinding"}
    assert [one.ref.name for one in made.let_go] == ["b"]
    cluster.settle()
    assert cluster.hard("a")["pods"] == "4", "what the other had is its own now"


def test_a_label_that_somebody_else_wrote_is_not_taken_away_again_and_again() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a"))
    cluster.there(live_namespace("theirs", "clinic"))
    assert [one.ref.name for one in cluster.settle().let_go] == []


def test_what_somebody_changed_is_not_isolated_until_it_is_put_right() -> None:
    cluster = SmallTenant(voice_tenant())
    cluster.settle()
    ref = Ref("NetworkPolicy", "clinic", names.IN_TENANT)
    cluster.see(children={key: obj for key, obj in cluster.observed.children.items() if key != ref})
    made = cluster.plan()
    assert (
        condition(made.status, "Isolated")["message"]
        == "clinic: its NetworkPolicy is not there yet as it is wanted"
    )
    assert made.again_after == READ_BACK_SECONDS


def test_a_refusal_of_the_api_server_is_told() -> None:
    cluster = SmallTenant(voice_tenant())
    cluster.see(failures=(Failure(Ref("RoleBinding", "clinic", "x"), "Forbidden", "may not bind"),))
    accepted = condition(cluster.plan().status, "Accepted")
    assert (accepted["status"], accepted["reason"]) == ("False", "Forbidden")


def test_a_spec_that_cannot_be_read_leaves_all_as_it_is() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "kube-system"))
    made = cluster.plan()
    assert (made.objects, made.prune, made.let_go) == ([], [], [])
    assert condition(made.status, "Accepted")["reason"] == "Invalid"
    assert condition(made.status, "Isolated")["status"] == "Unknown"


def test_a_field_of_a_newer_version_is_passed_over_and_told() -> None:
    cluster = SmallTenant(voice_tenant(colour="blue"))
    made = cluster.settle()
    assert condition(made.status, "Accepted")["reason"] == "InPart"


# Its quota.


def counted(used: int, whole: int, **asked: Any) -> SmallTenant:
    """A tenant whose pods are so many."""
    cluster = SmallTenant(voice_tenant(quota={"pods": whole}))
    cluster.agents(clinic__shop=ask(**asked))
    cluster.settle()
    cluster.use("clinic", pods=str(used))
    cluster.settle()
    return cluster


def test_use_is_summed_over_the_namespaces_against_the_quota() -> None:
    quota = {"cpu": 64, "memory": "128Gi", "gpus": {"count": 4}, "pods": 60, "agents": 9, "sessions": 2000}
    cluster = SmallTenant(voice_tenant("clinic", "a", "b", quota=quota))
    cluster.settle()
    cluster.agents(a__shop=ask(sessions=300, surge=0), b__desk=ask(sessions=50, surge=0))
    for name, memory in (("a", "3Gi"), ("b", "1536Mi")):
        gpus = {"requests.nvidia.com/gpu": "1"}
        cluster.use(name, requests_cpu="1500m", limits_cpu="2", requests_memory=memory, pods="3", **gpus)
    cluster.settle()
    assert {name: (one["used"], one.get("quota")) for name, one in use(cluster).items()} == {
        "cpu": ("4", "64"),
        "memory": ("4608Mi", "128Gi"),
        "gpus": ("2", "4"),
        "pods": ("6", "60"),
        "agents": ("2", "9"),
        "sessions": ("350", "2000"),
    }


def test_the_quotas_of_the_namespaces_sum_up_to_the_tenants() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a", "b", quota={"cpu": 64, "agents": 9}))
    cluster.settle()
    cluster.use("a", requests_cpu="31", limits_cpu="31")
    cluster.settle()
    hards = [cluster.hard(name) for name in ("a", "b")]
    assert [hard["requests.cpu"] for hard in hards] == ["47500m", "16500m"]
    assert [hard["limits.cpu"] for hard in hards] == ["47500m", "16500m"]
    assert [hard["count/voiceagents.parley.dev"] for hard in hards] == ["5", "4"]


def test_a_division_that_moves_is_no_lack_of_isolation_and_another_resource_is() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a", "b", quota={"pods": 10}))
    cluster.settle()
    cluster.use("a", pods="5")
    made = cluster.plan()
    assert "apply ResourceQuota b/parley-tenant" in cluster.writes(made)
    assert set(reasons(made.status).values()) == {"True"}
    cluster.change(quota={"pods": 10, "cpu": 4})
    assert condition(cluster.plan().status, "Isolated")["reason"] == "NotYetSeen"


def test_a_rollout_that_fits_is_fine_and_one_that_does_not_is_told_with_what_lacks() -> None:
    assert condition(counted(3, 5, surge=2).tenant["status"], "WithinQuota")["status"] == "True"
    lacking = counted(4, 5, surge=2)
    told = condition(lacking.tenant["status"], "WithinQuota")
    assert (told["status"], told["reason"]) == ("False", "RolloutLacks")
    assert "1 pods lack" in told["message"]
    assert use(lacking)["pods"]["missing"] == "1"


@pytest.mark.parametrize(
    ("gpu", "status", "missing"),
    [("nvidia.com/gpu", "False", "1"), ("amd.com/gpu", "True", None)],
    ids=["of the name that is limited", "of another, which nothing limits"],
)
def test_a_model_servers_rollout_has_to_fit_too_with_its_gpus(
    gpu: str, status: str, missing: str | None
) -> None:
    cluster = SmallTenant(voice_tenant(quota={"gpus": {"count": 3}}))
    cluster.settle()
    cluster.see(model_servers={Ref("ModelServer", "clinic", "llm"): Surge(1, 4_000, 1024**3, 2, gpu)})
    cluster.use("clinic", **{"requests.nvidia.com/gpu": "2"})
    made = cluster.settle()
    assert condition(made.status, "WithinQuota")["status"] == status
    assert use(cluster)["gpus"].get("missing") == missing
    assert use(cluster)["modelServers"]["used"] == "1"


def test_what_a_rollout_needs_is_where_it_is_needed() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a", "b", quota={"pods": 10}))
    cluster.agents(b__shop=ask(surge=3))
    cluster.settle()
    cluster.use("a", pods="4")
    cluster.use("b", pods="3")
    made = cluster.settle()
    assert cluster.hard("b")["pods"] == "6"
    assert condition(made.status, "WithinQuota")["status"] == "True"


def test_a_quota_below_present_use_is_told_and_nothing_new_gets_in() -> None:
    cluster = counted(6, 10)
    cluster.change(quota={"pods": 4})
    made = cluster.settle()
    told = condition(made.status, "WithinQuota")
    assert (told["status"], told["reason"]) == ("False", "OverQuota")
    assert "6 of 4 pods" in told["message"]
    assert cluster.hard("clinic")["pods"] == "4"
    assert made.drain == []


def test_a_quota_that_is_taken_away_is_pruned() -> None:
    cluster = counted(1, 5)
    cluster.change(quota={})
    assert Ref("ResourceQuota", "clinic", names.IN_TENANT) in cluster.plan().prune


def test_a_quota_of_sessions_alone_needs_no_resource_quota() -> None:
    cluster = SmallTenant(voice_tenant(quota={"sessions": 100}))
    cluster.agents(clinic__shop=ask(sessions=120))
    made = cluster.settle()
    assert "ResourceQuota" not in kinds(made.objects, "clinic")
    assert "120 of 100 sessions" in condition(made.status, "WithinQuota")["message"]


# Its end.


def test_a_tenant_with_agents_waits_says_which_and_stays_isolated() -> None:
    cluster = SmallTenant(voice_tenant())
    cluster.agents(clinic__shop=ask(), clinic__desk=ask())
    cluster.settle()
    cluster.delete()
    made = cluster.plan()
    accepted = condition(made.status, "Accepted")
    assert accepted["reason"] == "Deleting"
    assert "its 2 agents (clinic/desk, clinic/shop): delete them" in accepted["message"]
    assert (made.prune, made.let_go, made.drain, made.held) == ([], [], [], True)
    assert "NetworkPolicy" in kinds(made.objects, "clinic")


def test_a_tenant_without_agents_takes_all_of_its_own_away_leaves_its_namespaces_and_may_go() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "a", "b"))
    cluster.settle()
    cluster.delete()
    made = cluster.plan()
    assert made.objects == []
    assert {ref.kind for ref in made.prune} == {"NetworkPolicy", "LimitRange"}
    assert [one.ref for one in made.let_go] == [Ref("Namespace", "", "a"), Ref("Namespace", "", "b")]
    assert made.held is False


def test_one_that_drains_deletes_its_agents_each_once() -> None:
    cluster = SmallTenant(voice_tenant(deletion="Drain"))
    cluster.agents(clinic__shop=ask(uid="u-1"), clinic__desk=ask(ending=True))
    cluster.settle()
    cluster.delete()
    made = cluster.plan()
    assert [(one.ref.name, one.uid) for one in made.drain] == [("shop", "u-1")]
    assert made.let_go == []
    assert made.held


def test_one_that_cannot_be_read_may_go_as_well() -> None:
    cluster = SmallTenant(voice_tenant("clinic", "kube-system"))
    cluster.delete()
    assert cluster.plan().held is False
