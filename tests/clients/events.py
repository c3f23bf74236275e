"""Owns the JSON messages that a client received, in order, with their time of arrival."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Event:
    at: float
    body: dict[str, Any]


class Events:
    """All messages of one call; `kind` is the message's "type"."""

    def __init__(self) -> None:
        self.all: list[Event] = []
        self._changed = asyncio.Event()

    def add(self, body: dict[str, Any], at: float | None = None) -> None:
        self.all.append(Event(time.monotonic() if at is None else at, body))
        self._changed.set()

    def of(self, kind: str, start: float = 0.0, **fields: Any) -> list[dict[str, Any]]:
        """Messages of this kind since `start` whose fields have these values."""
        return [
            e.body
            for e in self.all
            if e.at >= start
            and e.body.get("type") == kind
            and all(e.body.get(name) == value for name, value in fields.items())
        ]

    async def wait(
        self, kind: str, start: float = 0.0, within: float = 15.0, **fields: Any
    ) -> dict[str, Any]:
        """Return the first such message since `start`; raises TimeoutError that lists the kinds that did
        come.
        """
        deadline = time.monotonic() + within
        while not (found := self.of(kind, start, **fields)):
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), max(0.0, deadline - time.monotonic()))
            except TimeoutError:
                came = [e.body.get("type") for e in self.all if e.at >= start]
                raise TimeoutError(f"no {kind} {fields or ''} within {within} s; there came {came}") from None
        return found[0]
