"""MAX_SESSIONS_PER_POD and SESSION_TIMEOUT hold at every door together, whatever the file says."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import pytest
from websockets.asyncio.client import connect

from tests.clients import plain_http
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

IDLE_SECS = 3
LATE_SECS = 3.0
"""A goodbye may come first."""

OPENING = {
    "/ws": [],
    "/api/v1/rtc/stream": [{"type": "start_session"}],
    "/ws/v2/another": [{"type": "offer", "sdp": "v=0"}],
}
"""What a client of each WebSocket says to begin."""


@pytest.fixture(scope="module")
def server() -> Iterator[ParleyServer]:
    environment = {"MAX_SESSIONS_PER_POD": "1", "SESSION_TIMEOUT": str(IDLE_SECS)}
    with ParleyServer("examples/bench.yaml", environment) as server:
        yield server


def test_the_one_session_that_may_be_is_in_the_way_of_all_others_until_it_has_been_idle(
    server: ParleyServer,
) -> None:
    async def scenario() -> None:
        health = (await plain_http.request("GET", f"{server.url}/health")).json()
        assert health["max_sessions"] == 1
        created = await plain_http.request("POST", f"{server.url}/v2/sessions")
        began, session = time.monotonic(), f"{server.url}/v1/sessions/{created.json()['session_id']}"
        for path, says in OPENING.items():
            async with connect(server.url.replace("http", "ws") + path) as socket:
                for message in says:
                    await socket.send(json.dumps(message))
                told = json.loads(await socket.recv())
            assert (told["type"], told["code"]) == ("error", "too-many-sessions"), path
            assert "1 of 1 sessions are in use" in told["message"]
        offer = {"type": "offer", "sdp": "v=0"}
        refused = await plain_http.request("POST", f"{server.url}/api/webrtc/offer", offer)
        assert (refused.status, refused.json()["type"]) == (503, "urn:parley:problem:too-many-sessions")
        while (status := (await plain_http.request("GET", session)).status) == 200:
            assert time.monotonic() - began < IDLE_SECS + LATE_SECS
            await asyncio.sleep(0.1)
        assert status == 410
        assert time.monotonic() - began > IDLE_SECS - 0.5

    asyncio.run(scenario())
