"""A real server at its port: pages of foreign origins get 403 at every door, the others and who is no page get in."""

from __future__ import annotations

import asyncio
import json

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus
from websockets.typing import Origin

from tests.clients import plain_http
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

FOREIGN, LISTED = "https://evil.example", "http://localhost:3000"
SOCKETS = ("/ws", "/api/v1/rtc/stream", "/ws/v2/someone")


@pytest.mark.parametrize("path", SOCKETS)
def test_a_websocket(bench: ParleyServer, path: str) -> None:
    address = f"ws{bench.url.removeprefix('http')}{path}"

    async def shake_hands(origin: str | None) -> None:
        async with connect(address, origin=None if origin is None else Origin(origin)):
            pass

    before = bench.metric("parley_errors_total", code="foreign-origin")
    with pytest.raises(InvalidStatus) as refused:
        asyncio.run(shake_hands(FOREIGN))
    assert refused.value.response.status_code == 403
    assert refused.value.response.body is not None
    assert json.loads(refused.value.response.body)["type"] == "urn:parley:problem:foreign-origin"
    assert bench.metric("parley_errors_total", code="foreign-origin") == before + 1
    assert "evil.example" not in bench.log()
    for origin in (None, bench.url, LISTED):
        asyncio.run(shake_hands(origin))


def test_a_request(bench: ParleyServer) -> None:
    def status(method: str, path: str, origin: str) -> int:
        answer = asyncio.run(plain_http.request(method, bench.url + path, b"", headers={"Origin": origin}))
        return answer.status

    assert status("POST", "/v2/sessions", FOREIGN) == 403
    assert status("POST", "/v2/sessions", bench.url) == status("POST", "/v2/sessions", LISTED) == 200
    for path in ("/metrics", "/healthz", "/readyz"):
        assert status("GET", path, FOREIGN) == 200
