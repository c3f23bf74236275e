"""Probes: they fail where the work is stuck, and not where only the API server is gone."""

from __future__ import annotations

import asyncio
import socket

import aiohttp
import pytest

from parley_operator.metrics import Metrics, Reading
from parley_operator.probes import STUCK_SECONDS, Health, application, serve
from tests.virtual_time import run

LONG = STUCK_SECONDS + 1


@pytest.mark.parametrize(
    ("now", "idle", "well"),
    [
        (Reading(leader=True, synced=True), LONG, True),
        (Reading(leader=True, synced=True, depth=9000, age=LONG), 1, True),
        (Reading(leader=True, synced=True, depth=9000, age=LONG), LONG, False),
        (Reading(leader=True, synced=True, longest_at_work=LONG), 1, False),
        (Reading(leader=False, synced=True, depth=9000, age=LONG), LONG, True),
        (Reading(leader=True, synced=False, depth=9000, age=LONG), LONG, True),
        (Reading(leader=True, synced=True, failing=9000, delayed=9000), LONG, True),
    ],
    ids=[
        "nothing to do",
        "much to do, and it is being done",
        "much to do, and nothing is done",
        "a worker that is never done",
        "a standby waits",
        "not everything is listed yet: the API server is gone",
        "everything fails and is tried again: the API server is gone",
    ],
)
def test_stuck_is_what_a_restart_may_cure(now: Reading, idle: float, well: bool) -> None:
    async def main() -> None:
        finished = asyncio.get_running_loop().time() - idle
        assert bool(Health(lambda: now, lambda: finished).stuck()) != well

    run(main())


def test_ready_is_synced_in_a_standby_too() -> None:
    def health(synced: bool) -> Health:
        return Health(lambda: Reading(synced=synced), lambda: 0.0)

    assert health(True).unready() == ""
    assert health(False).unready() == "not every kind has been listed yet"


def test_the_three_answer_over_http_with_the_reason(unused_tcp_port: int) -> None:
    now = Reading(synced=False, longest_at_work=LONG)

    async def main() -> None:
        metrics = Metrics(lambda: now)
        runner = await serve(application(Health(lambda: now, lambda: 0.0), metrics), unused_tcp_port)
        found = {}
        async with aiohttp.ClientSession(f"http://127.0.0.1:{unused_tcp_port}") as session:
            for path in ("/healthz", "/readyz", "/metrics", "/other"):
                async with session.get(path) as response:
                    found[path] = response.status, await response.text()
        await runner.cleanup()
        assert found["/healthz"] == (503, f"a worker has been busy with one object for {LONG:.0f} s\n")
        assert found["/readyz"] == (503, "not every kind has been listed yet\n")
        assert found["/metrics"][0] == 200
        assert "parley_operator_longest_at_work_seconds 121.0" in found["/metrics"][1]
        assert found["/other"][0] == 404

    asyncio.run(main())


@pytest.fixture
def unused_tcp_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
