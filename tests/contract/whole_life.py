"""Owns the whole life of an operator, all that it ever does: each kind of child is made, changed, pruned and found in
somebody else's hands; agents come, are refused, and go.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from parley_operator import names
from parley_operator.kinds import AGENTS, KINDS, Kind
from tests.contract.others import foreign, stray
from tests.contract.replica import until
from tests.contract.small_models import model_server
from tests.contract.tenants import agent
from tests.contract.tenants import tenant as written
from tests.controlplane.control_plane import ControlPlane
from tests.controlplane.kubectl import Manifest

TENANT = "tenant"
OWNED = AGENTS.owns
BY_CONTENT = ("ConfigMap", "NetworkPolicy")
"""Of these the name is made from what they hold."""

AUTOSCALING = {"maxReplicas": 3, "targetSessions": 10}
BY_KEDA = {**AUTOSCALING, "keda": {"serverAddress": "http://prometheus.monitoring:9090"}}


def asks_for(kind: Kind) -> dict[str, Any]:
    """The part of a spec that makes a child of this kind."""
    return {
        "HorizontalPodAutoscaler": {"autoscaling": AUTOSCALING},
        "ScaledObject": {"autoscaling": BY_KEDA},
    }.get(kind.name, {})


class Tenant:
    """What people do, and how they see what became of it."""

    def __init__(self, plane: ControlPlane, namespace: str = TENANT) -> None:
        self.plane = plane
        self.kubectl = plane.kubectl.inside(namespace)
        self.kubelets = plane.part("kwok")

    def apply(self, *manifests: Manifest) -> None:
        self.kubectl.apply(*manifests, options=["--server-side", "--force-conflicts"])

    def accepted(self, name: str) -> str:
        """The reason of its condition, "" while it has none."""
        found = self.kubectl.json("get", "voiceagent", name).get("status", {}).get("conditions", [])
        return next((str(one["reason"]) for one in found if one["type"] == "Accepted"), "")

    def there(self, wanted: Mapping[Kind, str]) -> list[Manifest]:
        """Those of these names, by kind, that are there."""
        objects = [f"{kind.plural}/{name}" for kind, name in wanted.items()]
        said = self.kubectl("get", *objects, "--ignore-not-found", "--output=json")
        found = json.loads(said) if said else {"items": []}
        return list(found["items"]) if "items" in found else [found]

    def pods(self, agent: str) -> list[dict[str, Any]]:
        found = self.kubectl.json("get", "pods", f"--selector={names.PARLEY_AGENT}={agent}")["items"]
        assert isinstance(found, list)
        return found


def live(tenant: Tenant) -> None:
    """Everything that an operator ever does; it looks for what it missed half a minute later."""
    what_is_named_is_missed(tenant)
    children_are_made_and_changed(tenant)
    what_is_not_asked_for_is_pruned(tenant)
    what_is_somebody_elses_stays(tenant)
    an_agent_is_cut(tenant)
    a_model_server_is_held_by_an_agent(tenant)
    nodes_are_tuned_and_let_go(tenant)
    a_tenant_comes_and_goes_with_its_agent(tenant)
    what_is_named_is_found(tenant)


def nodes_are_tuned_and_let_go(tenant: Tenant) -> None:
    """Of a node that vanishes there is nothing to restore: nobody answers for tuners here."""
    tuning = {
        "apiVersion": "parley.dev/v1alpha1",
        "kind": "NodeTuning",
        "metadata": {"name": "quiet"},
        "spec": {"placement": {"nodeSelector": {"tuned": "yes"}}},
    }
    tenant.apply(tuning)
    label = names.tuning_label("quiet")
    until(
        "its node is labelled",
        lambda: tenant.kubectl("get", "nodes", f"--selector={label}", "--output=name") != "",
    )
    tenant.kubectl("delete", "node", "tuned-0")
    tenant.kubectl("delete", "nodetuning", "quiet", "--timeout=60s")
    home = tenant.kubectl.inside("parley-nodes")
    left = ("get", "daemonsets,configmaps", "--selector=app=sysctl-tuning", "--output=name")
    until("nothing is left", lambda: home(*left) == "")


def children_are_made_and_changed(tenant: Tenant) -> None:
    tenant.apply(
        agent("plain", TENANT),
        agent("scaled", TENANT, autoscaling=AUTOSCALING),
        agent("keda", TENANT, autoscaling=BY_KEDA),
    )
    agents = {"HorizontalPodAutoscaler": "scaled", "ScaledObject": "keda"}
    wanted = {
        kind: names.child(agents.get(kind.name, "plain")) for kind in OWNED if kind.name not in BY_CONTENT
    }
    until("one of each kind", lambda: len(tenant.there(wanted)) == len(wanted))
    for kind in named_by_content():
        until(f"its {kind.name}", lambda kind=kind: len(names_of(tenant, kind, "plain")) == 1)  # type: ignore[misc]
    tenant.apply(agent("plain", TENANT, sessions={"limit": 7}))
    until("its second file", lambda: len(config_maps(tenant, "plain")) >= 1 and old_file_is_gone(tenant))


def named_by_content() -> list[Kind]:
    return [kind for kind in OWNED if kind.name in BY_CONTENT]


def names_of(tenant: Tenant, kind: Kind, agent: str) -> list[str]:
    selector = f"--selector={names.PARLEY_AGENT}={agent}"
    found = tenant.kubectl("get", kind.plural, selector, "--output=name").split()
    return [name.partition("/")[2] for name in found]


def config_maps(tenant: Tenant, agent: str) -> list[str]:
    return names_of(tenant, KINDS["ConfigMap"], agent)


def old_file_is_gone(tenant: Tenant) -> bool:
    return (
        "limit: 7" in str(tenant.kubectl.json("get", "configmaps")) and len(config_maps(tenant, "plain")) == 1
    )


def what_is_not_asked_for_is_pruned(tenant: Tenant) -> None:
    owner = tenant.kubectl.json("get", "voiceagent", "plain")
    tenant.apply(*(stray(kind, owner) for kind in OWNED))
    strays = {kind: f"stray-{kind.plural}" for kind in OWNED}
    until("no stray is left", lambda: tenant.there(strays) == [])


def what_is_somebody_elses_stays(tenant: Tenant) -> None:
    agents = {kind: f"taken-{kind.plural}"[:40] for kind in OWNED}
    wanted = {kind: agent(name, TENANT, **asks_for(kind)) for kind, name in agents.items()}
    held = {kind: names.child(name) for kind, name in agents.items()}
    for kind in named_by_content():
        held[kind] = name_of_its_own(tenant, kind, wanted[kind])
    tenant.apply(*(foreign(kind, name, TENANT) for kind, name in held.items()))
    tenant.apply(*wanted.values())
    until("each agent is told of somebody else's", lambda: told_of_names(tenant) >= set(agents.values()))
    left = tenant.there(held)
    assert {one["kind"] for one in left} == {kind.name for kind in OWNED}
    for one in left:
        assert one["metadata"]["labels"]["app.kubernetes.io/name"] == "somebody-elses"


def name_of_its_own(tenant: Tenant, kind: Kind, wanted: Manifest) -> str:
    """Known only from an agent that has had it, and is gone again."""
    agent = wanted["metadata"]["name"]
    tenant.apply(wanted)
    until("it is there", lambda: len(names_of(tenant, kind, agent)) == 1)
    [name] = names_of(tenant, kind, agent)
    tenant.kubectl("delete", "voiceagent", agent)
    until("it is gone", lambda: tenant.there({kind: name}) == [])
    return name


def told_of_names(tenant: Tenant) -> set[str]:
    """The agents that are told of an object whose name they need and somebody else has."""
    return {
        agent["metadata"]["name"]
        for agent in tenant.kubectl.json("get", "voiceagents")["items"]
        for condition in agent.get("status", {}).get("conditions", [])
        if "is there already" in condition["message"]
    }


def what_is_named_is_missed(tenant: Tenant) -> None:
    tenant.apply(agent("keys", TENANT, pods={"environmentFrom": ["keys"], "caConfigMap": "authorities"}))
    until("the Secret is missed", lambda: tenant.accepted("keys") == "SecretMissing")
    tenant.kubectl("create", "secret", "generic", "keys", "--from-literal=KEY=x")
    tenant.kubectl("create", "configmap", "authorities", "--from-literal=ca.crt=x")


def what_is_named_is_found(tenant: Tenant) -> None:
    until("both are found", lambda: tenant.accepted("keys") == "AsWritten", secs=90)


def a_model_server_is_held_by_an_agent(tenant: Tenant) -> None:
    """One with a claim of its own, and one that names somebody's."""
    tenant.apply(
        model_server("llm", TENANT, cache={"volume": {"size": "1Gi"}}),
        model_server("other", TENANT, cache={"persistentVolumeClaim": {"claimName": "weights"}}),
        agent("asks", TENANT, engines={"llm": {"modelServer": {"name": "llm"}}}),
    )

    def holds() -> bool:
        return names.MODEL_SERVER_FINALIZER in tenant.kubectl.json("get", "modelserver", "llm")[
            "metadata"
        ].get("finalizers", [])

    until("its claim is there", lambda: "llm" in names_of_claims(tenant))
    until("it is held", holds)
    tenant.kubectl("delete", "voiceagent", "asks")
    until("it is let go", lambda: not holds())


def names_of_claims(tenant: Tenant) -> list[str]:
    items = tenant.kubectl.json("get", "persistentvolumeclaims")["items"]
    return [one["metadata"]["name"] for one in items]


def an_agent_is_cut(tenant: Tenant) -> None:
    """Its pod takes its time to end, as one with calls does: kwok would be done before anybody sees it."""
    tenant.apply(agent("cut", TENANT, deletion="Cut"))
    until("its pod is marked", lambda: any(marked(pod) for pod in tenant.pods("cut")))
    [pod] = tenant.pods("cut")
    tenant.kubelets.pause()
    try:
        tenant.kubectl("delete", "voiceagent", "cut")
        until("it has little time left", lambda: little_time(tenant, pod["metadata"]["name"]))
    finally:
        tenant.kubelets.resume()


def a_tenant_comes_and_goes_with_its_agent(tenant: Tenant) -> None:
    """With all that there is of one: it needs namespaces, so that its own is made."""
    people = [{"kind": "User", "name": "ada", "role": "edit"}]
    tenant.apply(written("comes", "of-its-own", people=people, quota={"pods": 9}, deletion="Drain"))
    inside = Tenant(tenant.plane, "of-its-own")
    until("it is isolated", lambda: "Isolated True" in told_of(tenant, "comes"))
    inside.apply(agent("shop", "of-its-own"))
    until("it is seen", lambda: inside.accepted("shop") == "AsWritten")
    tenant.kubectl("delete", "voicetenant", "comes", "--wait=false")
    until("it is gone", lambda: tenant.kubectl.run("get", "voicetenant", "comes").returncode != 0)


def told_of(tenant: Tenant, name: str) -> list[str]:
    found = tenant.kubectl.json("get", "voicetenant", name).get("status", {}).get("conditions", [])
    return [f"{one['type']} {one['status']}" for one in found]


def marked(pod: Manifest) -> bool:
    return names.CUT_WITH in pod["metadata"].get("annotations", {})


def little_time(tenant: Tenant, name: str) -> bool:
    metadata = tenant.kubectl.json("get", "pod", name)["metadata"]
    return "deletionTimestamp" in metadata and metadata["deletionGracePeriodSeconds"] < 60
