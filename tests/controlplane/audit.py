"""Owns the API server's audit log: what is written there, and who asked for what and when, as values.

Every request that changes something is there, and every read but those of Kubernetes's own parts. An event is written
when its request has been answered, so a moment after the client knows: `wait_for` waits for that.
"""

from __future__ import annotations

import datetime
import json
import time
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WRITES = frozenset({"create", "update", "patch", "delete", "deletecollection"})

POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [
        {
            "level": "None",
            "verbs": ["get", "list", "watch"],
            "users": [
                "system:apiserver",
                "system:kube-controller-manager",
                "system:kube-scheduler",
                "system:kwok",
            ],
        },
        {
            "level": "None",
            "verbs": ["get", "list", "watch"],
            "userGroups": ["system:serviceaccounts:kube-system"],
        },
        {"level": "None", "nonResourceURLs": ["/readyz*", "/livez*", "/healthz*"]},
        {"level": "Metadata"},
    ],
}


@dataclass(frozen=True)
class AuditEvent:
    """One request, answered."""

    user: str
    groups: tuple[str, ...]
    verb: str
    api_group: str
    resource: str
    subresource: str
    namespace: str
    name: str
    uri: str
    code: int
    received: datetime.datetime
    answered: datetime.datetime
    user_agent: str

    @property
    def is_write(self) -> bool:
        """Whether it meant to change something; a dry run does not."""
        return self.verb in WRITES and "dryRun=All" not in self.uri

    @classmethod
    def parse(cls, line: str) -> AuditEvent:
        event: dict[str, Any] = json.loads(line)
        about = event.get("objectRef", {})
        return cls(
            user=event["user"].get("username", ""),
            groups=tuple(event["user"].get("groups", ())),
            verb=event["verb"],
            api_group=about.get("apiGroup", ""),
            resource=about.get("resource", ""),
            subresource=about.get("subresource", ""),
            namespace=about.get("namespace", ""),
            name=about.get("name", ""),
            uri=event["requestURI"],
            code=event.get("responseStatus", {}).get("code", 0),
            received=_time(event["requestReceivedTimestamp"]),
            answered=_time(event["stageTimestamp"]),
            user_agent=event.get("userAgent", ""),
        )


class AuditLog:
    """Reads the file from `start` (bytes) on, as often as asked; each line is parsed once."""

    def __init__(self, path: Path, start: int = 0) -> None:
        self.path = path
        self._offset = start
        self._events: list[AuditEvent] = []

    def from_now(self) -> AuditLog:
        """A reader of what comes after this moment."""
        return AuditLog(self.path, self.path.stat().st_size if self.path.exists() else 0)

    def events(
        self,
        user: str | None = None,
        verb: str | Collection[str] | None = None,
        resource: str | None = None,
        namespace: str | None = None,
    ) -> Iterator[AuditEvent]:
        """In the order in which they were answered; None is any."""
        self._read()
        verbs = {verb} if isinstance(verb, str) else verb
        for event in self._events:
            if (
                (user is None or event.user == user)
                and (verbs is None or event.verb in verbs)
                and (resource is None or event.resource == resource)
                and (namespace is None or event.namespace == namespace)
            ):
                yield event

    def writes(self, user: str | None = None, resource: str | None = None) -> list[AuditEvent]:
        """What changed something, or was refused when it tried to."""
        return [event for event in self.events(user, WRITES, resource) if event.is_write]

    def wait_for(self, wanted: Callable[[AuditEvent], bool], secs: float = 5.0) -> AuditEvent:
        """The first event of that kind; TimeoutError where none comes."""
        deadline, seen = time.monotonic() + secs, 0
        while True:
            self._read()
            for event in self._events[seen:]:
                if wanted(event):
                    return event
            seen = len(self._events)
            if time.monotonic() > deadline:
                raise TimeoutError(f"no such event in {secs:.0f} s, among {len(self._events)} others")
            time.sleep(0.02)

    def _read(self) -> None:
        if not self.path.exists():
            return
        with self.path.open("rb") as file:
            file.seek(self._offset)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]  # the last line may be half written
        self._offset += len(whole)
        self._events += [AuditEvent.parse(line) for line in whole.decode().splitlines()]


def _time(text: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(text)
