"""The audit log as values: who, what, when, and what counts as a write."""

from __future__ import annotations

import datetime
import json
import time
from pathlib import Path
from threading import Timer
from typing import Any

import pytest

from tests.controlplane.audit import AuditEvent, AuditLog


def line(verb: str = "patch", user: str = "operator", uri: str = "/apis", **about: str) -> str:
    event: dict[str, Any] = {
        "kind": "Event",
        "stage": "ResponseComplete",
        "verb": verb,
        "requestURI": uri,
        "user": {"username": user, "groups": ["system:authenticated"]},
        "userAgent": "kubectl/v1.34.4",
        "objectRef": about,
        "responseStatus": {"code": 200},
        "requestReceivedTimestamp": "2026-11-30T10:50:07.100000Z",
        "stageTimestamp": "2026-11-30T10:50:07.123456Z",
    }
    return json.dumps(event) + "\n"


def test_an_event_says_who_did_what_to_what_and_when() -> None:
    event = AuditEvent.parse(
        line(resource="deployments", apiGroup="apps", namespace="shop", name="web", subresource="status")
    )
    assert (event.user, event.groups, event.verb, event.code) == (
        "operator",
        ("system:authenticated",),
        "patch",
        200,
    )
    assert (event.api_group, event.resource, event.subresource) == ("apps", "deployments", "status")
    assert (event.namespace, event.name) == ("shop", "web")
    assert event.answered - event.received == datetime.timedelta(microseconds=23_456)
    assert event.received.tzinfo is not None


@pytest.mark.parametrize(
    ("verb", "uri", "is_write"),
    [
        ("create", "/api", True),
        ("update", "/api", True),
        ("patch", "/api?fieldManager=parley-operator", True),
        ("delete", "/api", True),
        ("deletecollection", "/api", True),
        ("patch", "/api?dryRun=All&fieldManager=kubectl", False),
        ("get", "/api", False),
        ("list", "/api", False),
        ("watch", "/api", False),
    ],
)
def test_a_write_is_what_meant_to_change_something(verb: str, uri: str, is_write: bool) -> None:
    assert AuditEvent.parse(line(verb, uri=uri)).is_write is is_write


def test_events_are_found_by_user_verb_resource_and_namespace(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    path.write_text(
        line("create", "ann", resource="pods", namespace="a")
        + line("get", "ann", resource="pods", namespace="b")
        + line("delete", "bob", resource="secrets", namespace="a")
    )
    log = AuditLog(path)
    assert [event.verb for event in log.events("ann")] == ["create", "get"]
    assert [event.user for event in log.events(verb={"get", "delete"})] == ["ann", "bob"]
    assert [event.verb for event in log.events(resource="pods", namespace="b")] == ["get"]
    assert [event.verb for event in log.writes()] == ["create", "delete"]
    assert [event.verb for event in log.writes("ann")] == ["create"]


def test_a_line_that_is_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    whole = line("create")
    path.write_text(whole + whole[:50])
    log = AuditLog(path)
    assert len(list(log.events())) == 1
    with path.open("a") as file:
        file.write(whole[50:])
    assert len(list(log.events())) == 2


def test_from_now_leaves_out_what_was_before(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    log = AuditLog(path).from_now()  # a log that is not there yet
    assert list(log.events()) == []
    path.write_text(line("create"))
    later = AuditLog(path).from_now()
    with path.open("a") as file:
        file.write(line("delete"))
    assert [event.verb for event in log.events()] == ["create", "delete"]
    assert [event.verb for event in later.events()] == ["delete"]


def test_it_waits_for_what_comes_and_says_when_nothing_does(tmp_path: Path) -> None:
    path = tmp_path / "audit.log"
    Timer(0.1, path.write_text, [line("create")]).start()
    before = time.monotonic()
    assert AuditLog(path).wait_for(lambda event: event.verb == "create").user == "operator"
    assert time.monotonic() - before < 4
    with pytest.raises(TimeoutError, match="among 1 others"):
        AuditLog(path).wait_for(lambda event: event.verb == "delete", 0.1)
