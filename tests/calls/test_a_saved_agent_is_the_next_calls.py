"""`parley run --reload`: the next call has what was saved, one in progress keeps what it began with, and twenty
versions leave no process and no descriptor behind.
"""

from __future__ import annotations

import asyncio
import shutil
import time
from pathlib import Path
from typing import Any

import pytest

from tests.clients import plain_http
from tests.clients.sockets import DuplexClient
from tests.server import ROOT, ParleyServer, descendants

pytestmark = pytest.mark.calls

VERSIONS = 20
TAKEN_WITHIN = 60.0
"""Seconds, on a machine that does much else: by itself it is one."""

BAKERY = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: bakery}
spec:
  conversation:
    instructions: You answer the telephone of a small bakery.
    greeting: Version %s.
    fillers: {when: never}
    intents:
      - name: hours
        phrases: [when are you open]
        answer: We open at %s.
  engines: {stt: {%s: {}}}
"""
HOURS = "one two three four five six seven eight nine ten eleven twelve".split()


def bakery(version: int, hour: str) -> str:
    """Every version has a voice of its own, a process; every fifth has another that hears: they take longer."""
    return BAKERY % (version, hour, "instant" if version % 5 else "pocketsphinx")


class Asking:
    """Makes a session every 50 ms: none may be refused while agents change."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/api/v1/rtc/session"
        self.statuses: list[int] = []

    async def go_on(self) -> None:
        while True:
            made = await plain_http.request("POST", self._url)
            self.statuses.append(made.status)
            await plain_http.request("DELETE", f"{self._url}/{made.json()['session_id']}")
            await asyncio.sleep(0.05)


def test_a_call_keeps_its_agent_and_twenty_versions_leave_nothing(tmp_path: Path) -> None:
    file = tmp_path / "bakery.yaml"
    file.write_text(bakery(0, "noon"))
    with ParleyServer(file, arguments=["--reload"]) as server:
        asyncio.run(_versions(server, file))
        assert server.log().count("What was served before goes on.") == 1
        assert "spec.conversation.greetin: saw an unknown field; did you mean greeting?" in server.log()


async def _versions(server: ParleyServer, file: Path) -> None:
    at_start = _held(server)
    assert at_start["processes"] == 3, "one that hears, one that means, one that speaks"
    asking = Asking(server.url)
    meanwhile = asyncio.create_task(asking.go_on())
    async with DuplexClient(server.url, streaming=False) as old:
        assert "noon" in await _asked(old)
        for version in range(1, VERSIONS + 1):
            if version == 2:
                await _wrong(server, file)
            hour = HOURS[version % len(HOURS)]
            file.write_text(bakery(version, hour))
            await _taken(server, version)
            if version in (1, VERSIONS):
                async with DuplexClient(server.url, streaming=False) as new:
                    assert hour in await _asked(new)
        assert "noon" in await _asked(old), "it goes on with what it began with"
        await _settled(server, processes=6)  # its own three, and those of the last version
    assert not meanwhile.done(), f"a request was refused: {meanwhile}"
    meanwhile.cancel()
    await asyncio.wait((meanwhile,))
    print(f"{len(asking.statuses)} sessions were made meanwhile")
    assert set(asking.statuses) == {200}
    await _settled(server, **at_start)


async def _wrong(server: ParleyServer, file: Path) -> None:
    file.write_text(bakery(2, "no time").replace("greeting", "greetin"))
    await _told(server)
    assert (await _agent(server))["greeting"] == "Version 1."


async def _told(server: ParleyServer) -> None:
    """What was saved has mistakes."""
    deadline = time.monotonic() + TAKEN_WITHIN
    while "goes on" not in server.log():
        assert time.monotonic() < deadline, server.log()
        await asyncio.sleep(0.05)


async def _taken(server: ParleyServer, version: int) -> None:
    deadline = time.monotonic() + TAKEN_WITHIN
    while (await _agent(server))["greeting"] != f"Version {version}.":
        assert time.monotonic() < deadline, f"version {version} was not taken:\n{server.log()}"
        await asyncio.sleep(0.05)


async def _agent(server: ParleyServer) -> Any:
    return (await plain_http.request("GET", f"{server.url}/v1/agent")).json()


async def _asked(call: DuplexClient) -> str:
    """What the agent answers to one question."""
    asked_at = time.monotonic()
    await call.send({"type": "text", "text": "When are you open?"})
    return str((await call.events.wait("text", asked_at))["text"])


def _held(server: ParleyServer) -> dict[str, float]:
    return {
        "processes": len(descendants(server.pid)),
        "tasks": server.metric("parley_asyncio_tasks"),
        "descriptors": server.descriptors(),
    }


async def _settled(server: ParleyServer, **wanted: float) -> None:
    deadline = time.monotonic() + 10.0
    while not wanted.items() <= (held := await asyncio.to_thread(_held, server)).items():
        assert time.monotonic() < deadline, f"wanted {wanted}, now {held}"
        await asyncio.sleep(0.1)


def test_source_that_loads_begins_the_server_anew_after_a_goodbye(tmp_path: Path) -> None:
    """The same process, so that a container or a terminal notices nothing; source with a mistake changes nothing."""
    for folder in ("crds", "dataplane", "cli"):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    paths = ":".join(str(tmp_path / folder) for folder in ("crds", "dataplane", "cli"))
    environment = {"PYTHONPATH": paths, "PYTHONDONTWRITEBYTECODE": "1", "BENCH_TONE_SECS": "0.1"}
    with ParleyServer("examples/bench.yaml", environment, ["--reload"]) as server:
        asyncio.run(_source(server, tmp_path / "crds/parley_api/__init__.py"))
        assert "SyntaxError" in server.log()


async def _source(server: ParleyServer, file: Path) -> None:
    source, pid, version = file.read_text(), server.pid, await _version(server)
    async with DuplexClient(server.url) as call:
        file.write_text(source + "\nwrong = (\n")
        await _told(server)
        assert await _version(server) == version
        file.write_text(source.replace(f'"{version}"', '"9.9.9"'))
        assert await call.closed(within=TAKEN_WITHIN) == 1001
        assert call.events.of("ended")[0]["reason"] == "server-stopping"
        assert call.heard.pcm().any(), "it heard the goodbye"
    deadline = time.monotonic() + TAKEN_WITHIN
    while await _version(server) != "9.9.9":
        assert time.monotonic() < deadline, server.log()
        await asyncio.sleep(0.1)
    assert server.pid == pid


async def _version(server: ParleyServer) -> str:
    try:
        return str((await plain_http.request("GET", f"{server.url}/health")).json()["version"])
    except OSError:
        return "none yet"
