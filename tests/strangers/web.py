"""Plain HTTP for clients that wait for speech meanwhile: a status, headers in lower case, a text."""

from __future__ import annotations

import asyncio
import json
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TIMEOUT_SECS = 10.0


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    text: str

    def json(self) -> Any:
        """Raises ValueError with what came instead."""
        try:
            return json.loads(self.text)
        except ValueError:
            raise ValueError(f"no JSON, with status {self.status}: {self.text[:200]!r}") from None


async def request(
    method: str, url: str, body: object = None, headers: Mapping[str, str] | None = None
) -> Reply:
    """Send `body` as JSON, where there is one; an error status is a reply, too."""
    sent = urllib.request.Request(url, method=method, headers=dict(headers or {}))
    if body is not None:
        sent.data = json.dumps(body).encode()
        sent.add_header("Content-Type", "application/json")
    return await asyncio.to_thread(_exchange, sent)


async def get(url: str) -> Reply:
    return await request("GET", url)


async def post(url: str, body: object) -> Reply:
    return await request("POST", url, body)


def _exchange(sent: urllib.request.Request) -> Reply:
    try:
        with urllib.request.urlopen(sent, timeout=TIMEOUT_SECS) as got:
            return Reply(got.status, _lower(got.headers.items()), got.read().decode())
    except urllib.error.HTTPError as error:
        return Reply(error.code, _lower(error.headers.items()), error.read().decode())


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}
