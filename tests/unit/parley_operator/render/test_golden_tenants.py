"""What a few tenants become, whole, as files that a reader can look at; and what is true of each object in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley_operator import names
from parley_operator.render.role_binding import EDIT, VIEW
from tests.small_cluster import only
from tests.small_tenant import SmallTenant, voice_tenant
from tests.unit.parley_operator.golden.__main__ import TENANTS, text

Object = dict[str, Any]

ALL = [
    pytest.param(obj, id=f"{name} {obj['kind']}") for name in TENANTS.names for obj in TENANTS.objects(name)
]


@pytest.mark.parametrize("name", TENANTS.names)
def test_it_becomes_what_its_golden_file_shows(name: str) -> None:
    assert TENANTS.file(name).read_text() == text(TENANTS.objects(name)), (
        "look at the difference, then: python -m tests.unit.parley_operator.golden"
    )


def test_there_is_a_golden_file_for_each_tenant_and_no_other() -> None:
    assert TENANTS.shown == TENANTS.names == ["everything", "smallest"]


@pytest.mark.parametrize("name", TENANTS.names)
def test_what_is_rendered_again_is_the_same_byte_for_byte(name: str) -> None:
    assert json.dumps(TENANTS.objects(name)) == json.dumps(TENANTS.objects(name))


@pytest.mark.parametrize("obj", ALL)
def test_every_object_goes_with_its_tenant_but_a_namespace_and_is_found_by_its_label(obj: Object) -> None:
    metadata = obj["metadata"]
    assert metadata["labels"][names.PARLEY_TENANT]
    owners = metadata.get("ownerReferences", [])
    assert len(owners) == (0 if obj["kind"] == "Namespace" else 1), "it would take all with it that is in it"
    assert "finalizers" not in metadata


def made(kind: str, **spec: Any) -> Object:
    return only(SmallTenant(voice_tenant(**spec)).plan().objects, kind)


def test_a_namespace_is_restricted_by_the_rules_of_one_version() -> None:
    labels = made("Namespace")["metadata"]["labels"]
    for mode in ("enforce", "audit", "warn"):
        assert labels[f"pod-security.kubernetes.io/{mode}"] == "restricted"
        assert labels[f"pod-security.kubernetes.io/{mode}-version"].startswith("v1.")


def test_who_says_nothing_is_guaranteed() -> None:
    [limits] = made("LimitRange")["spec"]["limits"]
    assert limits["default"] == limits["defaultRequest"] == {"cpu": "500m", "memory": "512Mi"}
    assert "max" not in limits
    [limits] = made("LimitRange", limits={"maxCpu": "2"})["spec"]["limits"]
    assert limits["max"] == {"cpu": "2"}


def test_a_policy_is_for_all_pods_and_both_ways() -> None:
    spec = made("NetworkPolicy")["spec"]
    assert spec["podSelector"] == {}
    assert spec["policyTypes"] == ["Egress", "Ingress"]


def test_without_doors_and_media_only_its_own_the_operator_and_names_are_left() -> None:
    network = {"allowFrom": [], "allowTo": [], "media": False}
    spec = made("NetworkPolicy", network=network)["spec"]
    [inward] = spec["ingress"]
    own, operator = inward["from"]
    assert own["namespaceSelector"]["matchExpressions"][0]["values"] == ["clinic"]
    assert operator["podSelector"]["matchLabels"] == {"app.kubernetes.io/name": "parley-operator"}
    [outward, ask] = spec["egress"]
    assert outward["to"] == [own]
    assert {(port["port"], port["protocol"]) for port in ask["ports"]} == {(53, "TCP"), (53, "UDP")}


def test_no_rule_is_open_to_all_but_udp_for_media_and_names() -> None:
    """A rule without peers is for anybody."""
    spec = made("NetworkPolicy")["spec"]
    anybody = [
        rule["ports"]
        for side in ("egress", "ingress")
        for rule in spec[side]
        if not {"to", "from"} & rule.keys()
    ]
    assert anybody == [
        [{"port": 53, "protocol": "TCP"}, {"port": 53, "protocol": "UDP"}],
        [{"protocol": "UDP"}],
        [{"protocol": "UDP"}],
    ]


def test_a_door_is_to_a_namespace_by_its_name_or_to_a_network_and_has_its_ports() -> None:
    network = {
        "allowTo": [{"namespace": "models", "ports": [8000]}, {"network": "203.0.113.0/24"}],
        "media": False,
    }
    _, _, models, outside = made("NetworkPolicy", network=network)["spec"]["egress"]
    assert models["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "models"}}}]
    assert models["ports"] == [{"port": 8000, "protocol": "TCP"}, {"port": 8000, "protocol": "UDP"}]
    assert outside == {"to": [{"ipBlock": {"cidr": "203.0.113.0/24"}}]}


def test_people_are_bound_to_two_roles_each_once() -> None:
    people = [
        {"kind": "User", "name": "ada", "role": "edit"},
        {"kind": "User", "name": "ada", "role": "view"},
        {"kind": "ServiceAccount", "name": "ci", "namespace": "ops", "role": "view"},
    ]
    bindings = [
        obj for obj in SmallTenant(voice_tenant(people=people)).plan().objects if obj["kind"] == "RoleBinding"
    ]
    found = {obj["roleRef"]["name"]: [subject["name"] for subject in obj["subjects"]] for obj in bindings}
    assert found == {VIEW: ["ci", "ada"], EDIT: ["ada"]}
    assert {obj["roleRef"]["kind"] for obj in bindings} == {"ClusterRole"}
