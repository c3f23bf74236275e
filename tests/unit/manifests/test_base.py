"""manifests/base against itself and the operator: labels, selectors, ports, images, settings, security."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from parley_api import __version__
from parley_api.kinds import KINDS
from parley_operator import names, settings
from parley_operator.render import agent_file, model_subject
from tests.unit.manifests.objects import (
    BASE,
    CONTAINER,
    DEPLOYMENT,
    ENVIRONMENT,
    MANIFESTS,
    POD,
    Object,
    documents,
    kustomization,
    listed,
    one,
    selects,
)

OURS = [found for found in BASE if found["kind"] != "CustomResourceDefinition"]
CLUSTER_WIDE = {"Namespace", "CustomResourceDefinition", "ClusterRole", "ClusterRoleBinding"}
SETTINGS = {variable.name: variable for variable in settings.VARIABLES}


def test_every_file_of_the_base_is_in_it_and_the_kinds_are_those_of_crds() -> None:
    files = {path.resolve() for path in listed(MANIFESTS / "base")}
    beside = set((MANIFESTS / "base").glob("*.yaml")) - {MANIFESTS / "base/kustomization.yaml"}
    crds = {(MANIFESTS.parent / f"crds/{kind.singular}.yaml").resolve() for kind in KINDS.values()}
    assert crds < files
    assert {path.resolve() for path in beside} == files - crds


@pytest.mark.parametrize(
    "path", sorted(MANIFESTS.rglob("*.yaml")), ids=lambda path: str(path.relative_to(MANIFESTS))
)
def test_every_document_is_an_object_and_no_key_is_there_twice(path: Path) -> None:
    if "compose" in path.parts:
        return
    for found in documents(path):
        assert found.get("apiVersion")
        assert found.get("kind")
    for text in path.read_text().split("\n---\n"):
        tops = Counter(line.split(":")[0] for line in text.splitlines() if line[:1].isalpha())
        assert [key for key, times in tops.items() if times > 1] == []


def test_every_object_is_there_once() -> None:
    names = Counter((found["kind"], found["metadata"]["name"]) for found in BASE)
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("found", OURS, ids=lambda found: f"{found['kind']} {found['metadata']['name']}")
def test_every_object_has_the_labels_by_which_uninstall_finds_it(found: Object) -> None:
    labels = found["metadata"]["labels"]
    assert labels["app.kubernetes.io/name"] == "parley-operator"
    assert labels["app.kubernetes.io/part-of"] == "parley"


@pytest.mark.parametrize("found", BASE, ids=lambda found: f"{found['kind']} {found['metadata']['name']}")
def test_what_is_not_of_the_whole_cluster_is_in_the_namespace_of_the_base(found: Object) -> None:
    expected = (
        None if found["kind"] in CLUSTER_WIDE else one("Namespace", "parley-system")["metadata"]["name"]
    )
    assert found["metadata"].get("namespace") == expected


def test_every_selector_finds_the_operators_pods() -> None:
    labels = POD["metadata"]["labels"]
    assert selects(DEPLOYMENT["spec"]["selector"]["matchLabels"], labels)
    assert selects(one("PodDisruptionBudget")["spec"]["selector"]["matchLabels"], labels)
    assert selects(one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"], labels)
    [spread] = POD["spec"]["topologySpreadConstraints"]
    assert selects(spread["labelSelector"]["matchLabels"], labels)
    [monitor] = documents(MANIFESTS / "monitoring/pod-monitor.yaml")
    assert selects(monitor["spec"]["selector"]["matchLabels"], labels)
    assert monitor["metadata"]["namespace"] == DEPLOYMENT["metadata"]["namespace"]


def test_no_selector_finds_a_pod_of_an_agent() -> None:
    """Else an agent's calls would count as the operator's disruptions, and its policy would cut them off."""
    agent = names.labels("any-agent")
    assert not selects(one("NetworkPolicy")["spec"]["podSelector"]["matchLabels"], agent)
    assert not selects(DEPLOYMENT["spec"]["selector"]["matchLabels"], agent)


def test_all_images_are_of_the_version_that_the_code_has() -> None:
    assert CONTAINER["image"] == f"parley-operator:{__version__}"
    assert ENVIRONMENT["DATAPLANE_IMAGE"]["value"] == f"parley:{__version__}"
    assert ENVIRONMENT["TUNER_IMAGE"]["value"] == f"parley-tuner:{__version__}"


def test_every_variable_is_a_setting_of_the_operator_and_has_a_value_that_it_takes() -> None:
    assert set(ENVIRONMENT) <= set(SETTINGS)
    plain = {name: entry["value"] for name, entry in ENVIRONMENT.items() if "value" in entry}
    assert settings.read(plain).dataplane_image == plain["DATAPLANE_IMAGE"]
    assert ENVIRONMENT["OPERATOR_NAMESPACE"]["valueFrom"]["fieldRef"]["fieldPath"] == "metadata.namespace"


def test_probes_and_policy_and_monitor_use_the_port_on_which_the_operator_answers() -> None:
    [port] = CONTAINER["ports"]
    assert port["containerPort"] == settings.Settings().probe_port
    for probe, path in (
        ("startupProbe", "/healthz"),
        ("livenessProbe", "/healthz"),
        ("readinessProbe", "/readyz"),
    ):
        assert CONTAINER[probe]["httpGet"] == {"path": path, "port": port["name"]}
    [rule] = one("NetworkPolicy")["spec"]["ingress"]
    assert [entry["port"] for entry in rule["ports"]] == [port["name"]]
    [monitor] = documents(MANIFESTS / "monitoring/pod-monitor.yaml")
    [endpoint] = monitor["spec"]["podMetricsEndpoints"]
    assert (endpoint["port"], endpoint["path"]) == (port["name"], "/metrics")


def test_a_replica_that_is_stuck_is_restarted_only_after_it_has_lost_the_lease() -> None:
    """One that is slow for less must not be killed for it."""
    probe = CONTAINER["livenessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] > settings.Settings().lease_seconds


def test_there_are_two_replicas_and_one_may_be_evicted_at_a_time_also_of_one() -> None:
    assert DEPLOYMENT["spec"]["replicas"] == 2
    assert DEPLOYMENT["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    budget = one("PodDisruptionBudget")["spec"]
    assert budget["maxUnavailable"] == 1
    assert "minAvailable" not in budget


def test_the_pod_keeps_to_pod_security_restricted_which_its_namespace_enforces() -> None:
    labels = one("Namespace", "parley-system")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    pod = POD["spec"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["runAsUser"] > 0
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert CONTAINER["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {"hostNetwork", "hostPID", "hostIPC", "initContainers"} & set(pod) == set()
    assert {kind for volume in pod["volumes"] for kind in volume if kind != "name"} == {"emptyDir"}


def test_only_the_operators_own_pod_has_its_token() -> None:
    account = one("ServiceAccount")
    assert account["automountServiceAccountToken"] is False
    assert POD["spec"]["automountServiceAccountToken"] is True
    assert POD["spec"]["serviceAccountName"] == account["metadata"]["name"]


def test_a_cpu_limit_cannot_throttle_the_leader_and_memory_has_one() -> None:
    assert set(CONTAINER["resources"]["requests"]) == {"cpu", "memory"}
    assert set(CONTAINER["resources"]["limits"]) == {"memory"}


def ports_out() -> list[tuple[Any, ...]]:
    rules = one("NetworkPolicy")["spec"]["egress"]
    return [(entry["protocol"], entry["port"], "to" in rule) for rule in rules for entry in rule["ports"]]


def test_out_go_questions_to_the_api_server_to_dns_to_pods_of_ours_and_to_tuners_alone() -> None:
    chosen = settings.Settings()
    assert sorted(ports_out()) == [
        ("TCP", 53, False),
        ("TCP", 443, False),
        ("TCP", 6443, False),
        ("TCP", model_subject.PORT, True),
        ("TCP", agent_file.PORT, True),
        ("TCP", chosen.tuner_port_first, False),
        ("UDP", 53, False),
    ]
    [last] = [
        entry["endPort"]
        for rule in one("NetworkPolicy")["spec"]["egress"]
        for entry in rule["ports"]
        if "endPort" in entry
    ]
    assert last == chosen.tuner_port_last
    [rule] = [rule for rule in one("NetworkPolicy")["spec"]["egress"] if "to" in rule]
    [peer] = rule["to"]
    assert peer["namespaceSelector"] == {}
    for labels in (names.labels("any-agent"), names.model_labels("any-model-server")):
        assert selects(peer["podSelector"]["matchLabels"], labels)


def test_the_component_is_one_so_that_a_cluster_without_its_kind_goes_without_it() -> None:
    assert kustomization(MANIFESTS / "monitoring")["kind"] == "Component"
    assert not any(found["apiVersion"].startswith("monitoring.") for found in BASE)
