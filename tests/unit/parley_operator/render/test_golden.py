"""What a few agents become, whole, as files that a reader can look at; and what is true of each object in them."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from parley_api.document import documents
from parley_operator import names
from tests.small_cluster import only
from tests.unit.parley_operator.golden.__main__ import AGENTS, text

Object = dict[str, Any]

ALL = [pytest.param(obj, id=f"{name} {obj['kind']}") for name in AGENTS.names for obj in AGENTS.objects(name)]
TEMPLATES = [
    pytest.param(only(AGENTS.objects(name), "Deployment")["spec"]["template"], id=name)
    for name in AGENTS.names
]


@pytest.mark.parametrize("name", AGENTS.names)
def test_it_becomes_what_its_golden_file_shows(name: str) -> None:
    assert AGENTS.file(name).read_text() == text(AGENTS.objects(name)), (
        "look at the difference, then: python -m tests.unit.parley_operator.golden"
    )


def test_there_is_a_golden_file_for_each_agent_and_no_other() -> None:
    assert len(AGENTS.names) >= 3
    assert AGENTS.shown == AGENTS.names


@pytest.mark.parametrize("name", AGENTS.names)
def test_what_is_rendered_again_is_the_same_byte_for_byte(name: str) -> None:
    assert json.dumps(AGENTS.objects(name)) == json.dumps(AGENTS.objects(name))


@pytest.mark.parametrize("obj", ALL)
def test_every_object_goes_with_its_agent_and_is_found_by_its_label(obj: Object) -> None:
    metadata = obj["metadata"]
    [owner] = metadata["ownerReferences"]
    assert owner["controller"]
    assert owner["blockOwnerDeletion"]
    name = owner["name"]
    assert metadata["labels"].items() >= names.selector(name).items()
    assert metadata["name"].startswith(names.child(name))
    assert metadata["namespace"] == "voice-ai"
    assert "finalizers" not in metadata


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_container_is_guaranteed(template: Object) -> None:
    """By the rule of Kubernetes: each container's requests of CPU and memory equal its limits, and none is zero."""
    containers = [*template["spec"]["containers"], *template["spec"].get("initContainers", ())]
    for container in containers:
        limits, requests = container["resources"]["limits"], container["resources"]["requests"]
        assert limits == requests
        assert limits.keys() >= {"cpu", "memory"}
        assert not [value for value in limits.values() if value in ("0", "")]


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_pod_may_do_nothing_that_it_does_not_need(template: Object) -> None:
    """Pod Security restricted, and more: nothing of the API server's, nothing to write but files that pass."""
    spec = template["spec"]
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"]
    assert spec["securityContext"]["runAsUser"] == 1000
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"]
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}
        writable = {mount["mountPath"] for mount in container["volumeMounts"] if not mount.get("readOnly")}
        assert writable == {"/tmp", "/var/log/parley"}
    assert not spec.keys() & {"hostNetwork", "hostPID", "hostIPC"}


@pytest.mark.parametrize("template", TEMPLATES)
def test_every_volume_is_mounted_and_every_mount_has_its_volume(template: Object) -> None:
    [container] = template["spec"]["containers"]
    volumes = [volume["name"] for volume in template["spec"]["volumes"]]
    assert sorted(volumes) == sorted(mount["name"] for mount in container["volumeMounts"])
    assert len(volumes) == len(set(volumes))


@pytest.mark.parametrize("name", AGENTS.names)
def test_a_call_ends_before_its_pod_is_killed(name: str) -> None:
    template = only(AGENTS.objects(name), "Deployment")["spec"]["template"]
    [container] = template["spec"]["containers"]
    drain = next(one["value"] for one in container["env"] if one["name"] == "PARLEY_DRAIN_SECONDS")
    longest = AGENTS.manifest(name)["spec"].get("sessions", {}).get("longestCallSeconds", 3_600)
    assert int(drain) == longest
    still_served = container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert template["spec"]["terminationGracePeriodSeconds"] == longest + 30 >= still_served + longest + 10


@pytest.mark.parametrize("name", AGENTS.names)
def test_no_service_carries_media(name: str) -> None:
    """kube-proxy drops what it knows of a UDP flow when its pod begins to end."""
    services = [obj for obj in AGENTS.objects(name) if obj["kind"] == "Service"]
    assert [port["protocol"] for one in services for port in one["spec"]["ports"]] == ["TCP"]


@pytest.mark.parametrize("name", AGENTS.names)
def test_the_file_in_the_config_map_is_the_one_that_the_pods_are_started_with(name: str) -> None:
    made = AGENTS.objects(name)
    file, template = only(made, "ConfigMap"), only(made, "Deployment")["spec"]["template"]
    digest = file["metadata"]["annotations"][names.AGENT_DIGEST]
    assert template["metadata"]["annotations"][names.AGENT_DIGEST] == digest
    [volume] = [one for one in template["spec"]["volumes"] if one["name"] == "agent"]
    assert volume["configMap"]["name"] == file["metadata"]["name"]
    assert file["immutable"]
    [read] = documents(file["data"]["agent.yaml"])
    assert read.problems == []


def test_the_golden_files_are_what_kubectl_would_apply() -> None:
    for name in AGENTS.names:
        assert list(yaml.safe_load_all(AGENTS.file(name).read_text())) == AGENTS.objects(name)
