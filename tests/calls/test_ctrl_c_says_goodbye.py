"""Ctrl-C while calls are in progress: each hears the agent's goodbye, is told, and the server exits with 0."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from tests import agent_file
from tests.calls.doors import DOORS
from tests.clients.listening import SAME, resemblance
from tests.clients.webrtc import WebRtcClient
from tests.server import ParleyServer

pytestmark = pytest.mark.calls


def test_ctrl_c_says_goodbye_to_the_calls_in_progress() -> None:
    with ParleyServer("examples/reception.yaml") as server:
        asyncio.run(_goodbye(server))


async def _goodbye(server: ParleyServer) -> None:
    goodbye = agent_file.plain(agent_file.spec()["conversation"]["goodbye"])
    clients = [door.call(server.url) for door in DOORS]
    try:
        for client in clients:
            await client.__aenter__()
        await asyncio.gather(*(c.heard.first_audible(0.0) for c in clients if isinstance(c, WebRtcClient)))
        await asyncio.gather(*(c.heard.quiet(1.0) for c in clients if isinstance(c, WebRtcClient)))
        pressed_at = asyncio.get_running_loop().time()
        left = await asyncio.to_thread(server.stop)
        assert left == []
        for door, client in zip(DOORS, clients, strict=True):
            likeness = resemblance(client.heard.pcm(pressed_at), client.heard.rate, goodbye)
            assert likeness >= SAME, f"{door.route} heard no goodbye"
    finally:
        await asyncio.gather(*(client.hang_up() for client in clients))


def test_a_second_ctrl_c_does_not_wait_for_the_goodbye() -> None:
    """Bug: it ended in a traceback, and sometimes in death by the signal instead of exit code 0. Cause: uvicorn raises
    the signals that it caught again, all of them, while the engines are being closed.
    """
    with ParleyServer("examples/reception.yaml") as server:
        asyncio.run(_impatient(server))
        assert "Traceback" not in server.log()


async def _impatient(server: ParleyServer) -> None:
    async with WebRtcClient(server.url) as client:
        await client.heard.first_audible(0.0)
        pressed_at = time.monotonic()
        os.kill(server.pid, signal.SIGINT)
        await asyncio.sleep(0.5)
        assert await asyncio.to_thread(server.stop) == []
        assert time.monotonic() - pressed_at < 3.0, "the goodbye alone takes 3.6 s"
