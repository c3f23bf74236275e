"""Events: one for each change that people ask about, with the reason, and never two for one change."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from parley_operator.events import changes, event

NOW = datetime(2026, 11, 30, 12, 0, tzinfo=UTC)
AGENT = {
    "apiVersion": "parley.dev/v1alpha1",
    "kind": "VoiceAgent",
    "metadata": {"name": "reception", "namespace": "tenant", "uid": "u"},
}


def condition(what: str, status: str, reason: str = "Because", since: str = "t1") -> dict[str, str]:
    return {"type": what, "status": status, "reason": reason, "message": "why", "lastTransitionTime": since}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ([], [condition("Accepted", "True"), condition("Ready", "False")], []),
        ([], [condition("Accepted", "False")], ["Accepted"]),
        ([], [condition("Ready", "Unknown")], []),
        ([condition("Ready", "False")], [condition("Ready", "True")], ["Ready"]),
        ([condition("Ready", "True")], [condition("Ready", "False")], ["Ready"]),
        ([condition("Ready", "False", "A")], [condition("Ready", "False", "B")], ["Ready"]),
        ([condition("Ready", "False", "A")], [condition("Ready", "False", "A")], []),
        ([condition("Ready", "True", "A")], [condition("Ready", "True", "B")], []),
        ([condition("Available", "True")], [condition("Available", "False")], []),
    ],
    ids=[
        "a new agent that is accepted and not ready yet is no news",
        "a new agent that is refused is",
        "nothing is known yet",
        "it has become ready",
        "it is ready no longer",
        "it is not ready for another reason",
        "nothing changed",
        "ready is ready",
        "Ready says it too",
    ],
)
def test_what_is_told(before: list[dict[str, str]], after: list[dict[str, str]], told: list[str]) -> None:
    assert [one["type"] for one in changes(before, after)] == told


def test_an_event_says_why_and_about_whom() -> None:
    made = event(AGENT, condition("Ready", "False", "NotUpToDate"), NOW, "replica-1")
    assert (made["reason"], made["note"], made["type"]) == ("NotUpToDate", "why", "Warning")
    assert made["regarding"]["name"] == "reception"
    assert made["eventTime"] == "2026-11-30T12:00:00.000000Z"


def test_telling_the_same_change_twice_is_one_event_and_another_change_is_another() -> None:
    first = event(AGENT, condition("Ready", "True"), NOW, "replica-1")
    again = event(AGENT, condition("Ready", "True"), NOW.replace(hour=13), "replica-2")
    later = event(AGENT, condition("Ready", "True", since="t2"), NOW, "replica-1")
    assert first["metadata"]["name"] == again["metadata"]["name"] != later["metadata"]["name"]


def test_an_event_is_within_what_the_api_server_takes() -> None:
    long = {**condition("Ready", "False", "R" * 300), "message": "m" * 5000}
    agent = {**AGENT, "metadata": {**AGENT["metadata"], "name": "n" * 253}}  # type: ignore[dict-item]
    made = event(agent, long, NOW, "i" * 300)
    assert len(made["metadata"]["name"]) <= 253
    assert len(made["reason"]) <= 128
    assert len(made["reportingInstance"]) <= 128
    assert len(made["note"]) <= 1024
