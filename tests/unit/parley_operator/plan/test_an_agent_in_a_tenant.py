"""What an agent in a tenant's namespace is told, and what of it is otherwise than elsewhere."""

from __future__ import annotations

from parley_operator.plan.tenant import Membership
from tests.small_cluster import SmallCluster, changed, condition, only, voice_agent


def kinds(cluster: SmallCluster) -> set[str]:
    return {ref.kind for ref in cluster.observed.children}


def test_one_that_asks_for_more_than_is_left_is_refused_with_the_figures_and_what_runs_stays() -> None:
    cluster = SmallCluster(voice_agent(replicas=2, sessions={"limit": 10}))
    cluster.settle()
    cluster.see(membership=Membership("clinic", quota=100, left=20))
    cluster.agent = changed(cluster.agent, replicas=5)
    made = cluster.step()
    accepted = condition(made.status, "Accepted")
    assert (accepted["status"], accepted["reason"]) == ("False", "SessionQuota")
    assert "asks for 50 sessions" in accepted["message"]
    assert "of the 100 of tenant clinic its other agents leave 20" in accepted["message"]
    assert (made.objects, made.prune) == ([], [])
    assert only(list(cluster.observed.children.values()), "Deployment")["spec"]["replicas"] == 2
    cluster.see(membership=Membership("clinic", quota=100, left=50))
    cluster.settle()
    assert only(list(cluster.observed.children.values()), "Deployment")["spec"]["replicas"] == 5


def test_without_a_quota_of_sessions_it_has_as_many_as_it_asks_for() -> None:
    cluster = SmallCluster(voice_agent(replicas=900))
    cluster.see(membership=Membership("clinic"))
    assert condition(cluster.plan().status, "Accepted")["status"] == "True"


def test_it_has_no_policy_of_its_own_and_its_pods_stay_as_they_are() -> None:
    cluster = SmallCluster(voice_agent())
    cluster.settle()
    templates = cluster.templates
    cluster.see(membership=Membership("clinic", isolated=True))
    cluster.settle()
    assert "NetworkPolicy" not in kinds(cluster)
    assert cluster.templates == templates
    cluster.see(membership=None)
    cluster.settle()
    assert "NetworkPolicy" in kinds(cluster)


def test_a_refused_one_has_none_either() -> None:
    cluster = SmallCluster(voice_agent())
    cluster.settle()
    cluster.agent = changed(cluster.agent, pods={"environmentFrom": ["no-such-secret"]})
    cluster.see(membership=Membership("clinic", isolated=True))
    made = cluster.step()
    assert condition(made.status, "Accepted")["reason"] == "SecretMissing"
    assert "NetworkPolicy" not in kinds(cluster)
    assert "Deployment" in kinds(cluster)


def test_a_rollout_that_does_not_fit_says_how_much_lacks() -> None:
    cluster = SmallCluster(voice_agent(replicas=2))
    cluster.settle()
    said = (
        'pods "shop-agent-x" is forbidden: exceeded quota: parley-tenant, requested: limits.cpu=1,'
        " used: limits.cpu=3500m, limited: limits.cpu=4"
    )
    live = cluster.deployment
    assert live is not None
    live["status"]["updatedReplicas"] = 1
    live["status"]["conditions"].append(
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": said}
    )
    told = condition(cluster.plan().status, "UpToDate")
    assert (told["status"], told["reason"]) == ("False", "FailedCreate")
    assert told["message"].endswith("(the quota parley-tenant lacks limits.cpu 500m)")
