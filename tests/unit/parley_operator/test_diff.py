"""When nothing is written: the live object has the digest of what would be applied, and each of its fields is ours."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from parley_operator.diff import holds, stamped
from parley_operator.kinds import APPLIED
from tests.unit.parley_operator.fake_api import fields_of

WANTED: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "a-agent", "namespace": "tenant", "labels": {"app": "a"}, "annotations": {"x": "y"}},
    "spec": {
        "replicas": 3,
        "template": {
            "spec": {
                "nodeSelector": {"node-type": "low-latency"},
                "containers": [
                    {
                        "name": "agent",
                        "image": "parley:1",
                        "args": ["run"],
                        "ports": [{"containerPort": 9011, "name": "http"}],
                        "resources": {"limits": {"cpu": "1000m"}},
                        "volumeMounts": [],
                    }
                ],
            }
        },
    },
}


def live() -> dict[str, Any]:
    """As the API server has it once it was applied: with defaults, and quantities in its own words."""
    obj = copy.deepcopy(stamped(WANTED))
    fields = fields_of(obj)
    container = fields["f:spec"]["f:template"]["f:spec"]["f:containers"]['k:{"name": "agent"}']
    container["f:ports"] = {
        'k:{"containerPort":9011,"protocol":"TCP"}': {".": {}, "f:containerPort": {}, "f:name": {}}
    }
    container["f:args"] = {}
    obj["metadata"]["managedFields"] = [
        {"manager": "kubectl", "operation": "Update", "fieldsV1": {"f:metadata": {}}},
        {"manager": "parley-operator", "operation": "Apply", "fieldsV1": fields},
    ]
    spec = obj["spec"]["template"]["spec"]
    spec["restartPolicy"] = "Always"
    spec["containers"][0]["resources"]["limits"]["cpu"] = "1"
    spec["containers"][0]["imagePullPolicy"] = "IfNotPresent"
    obj["status"] = {"replicas": 3}
    return obj


def test_what_was_applied_holds_whatever_the_api_server_made_of_it() -> None:
    assert holds(live(), stamped(WANTED))


def test_the_digest_does_not_depend_on_the_order_of_fields() -> None:
    turned = {name: WANTED[name] for name in reversed(WANTED)}
    assert (
        stamped(turned)["metadata"]["annotations"][APPLIED]
        == stamped(WANTED)["metadata"]["annotations"][APPLIED]
    )


@pytest.mark.parametrize(
    "path",
    [
        "metadata.labels.app",
        "spec.replicas",
        "spec.template.spec.nodeSelector.node-type",
        "spec.template.spec.containers.0.image",
        "spec.template.spec.containers.0.args",
    ],
)
def test_another_value_or_a_field_less_is_written(path: str) -> None:
    for change in ("other", None):
        wanted = copy.deepcopy(WANTED)
        place: Any = wanted
        *way, last = path.split(".")
        for name in way:
            place = place[int(name)] if isinstance(place, list) else place[name]
        if change is None:
            del place[last]
        else:
            place[last] = change
        assert not holds(live(), stamped(wanted))


@pytest.mark.parametrize(
    "path",
    [
        ["f:spec", "f:replicas"],
        ["f:metadata", "f:labels", "f:app"],
        ["f:metadata", "f:annotations", f"f:{APPLIED}"],
        ["f:spec", "f:template", "f:spec", "f:nodeSelector", "f:node-type"],
        ["f:spec", "f:template", "f:spec", "f:containers", 'k:{"name": "agent"}', "f:image"],
        ["f:spec", "f:template", "f:spec", "f:containers", 'k:{"name": "agent"}'],
    ],
    ids=".".join,
)
def test_a_field_that_somebody_changed_is_theirs_and_is_written_again(path: list[str]) -> None:
    changed = live()
    place = changed["metadata"]["managedFields"][1]["fieldsV1"]
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    if not place:
        place["f:something-else"] = {}
    assert not holds(changed, stamped(WANTED))


def test_an_image_that_a_webhook_took_from_a_mirror_is_not_fought_over() -> None:
    changed = live()
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = "mirror/parley:1"
    assert holds(changed, stamped(WANTED))


def test_an_item_that_somebody_added_to_a_list_by_keys_is_theirs_and_stays() -> None:
    changed = live()
    changed["spec"]["template"]["spec"]["containers"].append({"name": "sidecar", "image": "theirs"})
    assert holds(changed, stamped(WANTED))


def test_an_object_without_managed_fields_is_written() -> None:
    changed = live()
    del changed["metadata"]["managedFields"]
    assert not holds(changed, stamped(WANTED))


def test_what_was_owned_by_an_update_or_of_the_status_does_not_count() -> None:
    for change in ({"operation": "Update"}, {"subresource": "status"}, {"manager": "another"}):
        changed = live()
        changed["metadata"]["managedFields"][1].update(change)
        assert not holds(changed, stamped(WANTED))


def test_values_of_a_set_are_owned_one_by_one() -> None:
    wanted = {"apiVersion": "v1", "kind": "Thing", "metadata": {"name": "x", "finalizers": ["a", "b"]}}
    one = {"manager": "parley-operator", "operation": "Apply"}
    annotations = {"f:annotations": {f"f:{APPLIED}": {}}}
    obj = copy.deepcopy(stamped(wanted))
    fields = {"f:metadata": {**annotations, "f:finalizers": {'v:"a"': {}, 'v:"b"': {}}}}
    obj["metadata"]["managedFields"] = [{**one, "fieldsV1": fields}]
    assert holds(obj, stamped(wanted))
    del fields["f:metadata"]["f:finalizers"]['v:"b"']
    assert not holds(obj, stamped(wanted))
