"""`--also-listen`: the ports of older systems lead to the same sessions, and all of them close together."""

from __future__ import annotations

import asyncio

import pytest
from websockets.asyncio.client import connect

from tests.clients import plain_http
from tests.clients.sockets import DuplexClient
from tests.server import ParleyServer, free_port

pytestmark = pytest.mark.calls


def test_every_port_leads_to_the_same_sessions_and_all_close_together() -> None:
    ports = [free_port(), free_port()]
    urls = [f"http://127.0.0.1:{port}" for port in ports]
    arguments = ["--also-listen", ",".join(map(str, ports))]
    with ParleyServer("examples/bench.yaml", {"BENCH_TONE_SECS": "0.1"}, arguments) as server:
        asyncio.run(_use(server, [server.url, *urls]))
        assert server.exit_code == 0
        asyncio.run(_gone([server.url, *urls]))


async def _use(server: ParleyServer, urls: list[str]) -> None:
    callers = [DuplexClient(url) for url in urls]
    for caller in callers:
        await caller.__aenter__()
    for url in urls:
        health = (await plain_http.request("GET", f"{url}/health")).json()
        assert health["active_sessions"] == len(callers)
        for caller in callers:
            told = await plain_http.request("GET", f"{url}/v1/sessions/{caller.session_id}")
            assert told.status == 200
    page = {"Accept": "text/html", "Origin": urls[1]}
    assert (await plain_http.request("GET", urls[1], headers=page)).status == 200
    own = await plain_http.request("POST", f"{urls[1]}/v2/sessions", headers={"Origin": urls[1]})
    assert own.status == 200, "a page that came from a port is that port's own"
    assert await asyncio.to_thread(server.stop) == []
    assert [await caller.closed() for caller in callers] == [1001] * len(callers)
    for caller in callers:
        await caller.hang_up()


async def _gone(urls: list[str]) -> None:
    for url in urls:
        with pytest.raises(OSError, match="Connect"):
            await connect(url.replace("http", "ws") + "/ws", open_timeout=2)
