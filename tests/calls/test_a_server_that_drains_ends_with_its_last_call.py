"""SIGTERM to a server that gives calls time: they go on at every door, nobody new comes in, the last one ends it."""

from __future__ import annotations

import asyncio
import datetime
import hashlib
import json
import os
import signal
import time
from collections.abc import Sequence
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from parley_dataplane.server import GOODBYE_SECS
from tests.calls.doors import DOORS, Client, answer_begins, ask, in_callers_voice
from tests.clients import plain_http
from tests.clients.sockets import UP_RATE, DuplexClient
from tests.clients.webrtc import OPUS_RATE, RefusedError, SignalingClient, WebRtcClient
from tests.server import ROOT, ParleyServer, alive, descendants

pytestmark = pytest.mark.calls

BENCH, QUESTION = "examples/bench.yaml", "How long is a tone?"
KEEP_ALIVE = {"Connection": "keep-alive"}


def test_calls_go_on_while_nobody_new_comes_in_and_the_last_one_ends_it() -> None:
    for rate in (UP_RATE, OPUS_RATE):
        in_callers_voice(QUESTION, rate)
    with ParleyServer(BENCH, {"BENCH_TONE_SECS": "0.3", "PARLEY_DRAIN_SECONDS": "120"}) as server:
        family = descendants(server.pid)
        asyncio.run(_go_on(server))
        server.wait(5.0)
        ended_at = datetime.datetime.now(datetime.UTC)
        assert server.exit_code == 0
        assert [pid for pid in family if alive(pid)] == []
        (began,), (ended,) = logged(server, "drain-began"), logged(server, "drain-ended")
        assert (began["calls"], began["seconds"]) == (len(DOORS) + 1, 120.0)
        assert (ended["outcome"], ended["calls"]) == ("last-call-ended", 0)
        last = datetime.datetime.fromisoformat(logged(server, "call-finished")[-1]["timestamp"])
        took = (ended_at - last).total_seconds()
        assert took < 1.0, f"{took:.2f} s after the last call's end"


def test_who_is_still_there_when_the_time_is_over_is_told_goodbye() -> None:
    with ParleyServer(BENCH, {"BENCH_TONE_SECS": "0.5", "PARLEY_DRAIN_SECONDS": "2"}) as server:
        asyncio.run(_told_goodbye(server, signals=1, after=2.0))
        assert [ended["outcome"] for ended in logged(server, "drain-ended")] == ["time-over"]


def test_a_second_sigterm_does_not_wait_for_the_calls() -> None:
    with ParleyServer(BENCH, {"BENCH_TONE_SECS": "0.5", "PARLEY_DRAIN_SECONDS": "120"}) as server:
        asyncio.run(_told_goodbye(server, signals=2, after=0.0))
        assert [ended["outcome"] for ended in logged(server, "drain-ended")] == ["cut-short"]


def test_an_answer_that_is_still_being_read_is_read_to_its_end() -> None:
    """The session of a recording ends before its answer, of megabytes, has left. Fails where the connections get no
    more time than after a goodbye.
    """
    with ParleyServer(BENCH, {"BENCH_TONE_SECS": "120", "PARLEY_DRAIN_SECONDS": "120"}) as server:
        answer = asyncio.run(_read_slowly(server))
        assert answer["response"] == "As long as it sounds."
        assert len(answer["audio"]) > 120 * 24_000 * 2
        server.wait(5.0)
        assert server.exit_code == 0


def logged(server: ParleyServer, event: str) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


async def _go_on(server: ParleyServer) -> None:
    clients = [door.call(server.url) for door in DOORS]
    made = await plain_http.request("POST", f"{server.url}/v2/sessions")
    try:
        for client in clients:
            await client.__aenter__()
        assert await _status(server) == (len(DOORS) + 1, False)
        os.kill(server.pid, signal.SIGTERM)
        await _turns_unready(server)
        await _is_alive_and_says_so(server)
        assert await _status(server) == (len(DOORS) + 1, True)
        await _refuses_everyone_new(server)
        await _are_answered(server, clients)
        await _can_be_asked_about(server, clients)
        await _come_back(server, clients)
        await _keeps_the_place_of(server, made.json()["session_id"], clients)
        await _are_answered(server, clients)
        *others, last = clients
        await asyncio.gather(*(client.hang_up() for client in others))
        async with asyncio.timeout(5.0):
            while await _status(server) != (1, True):
                await asyncio.sleep(0.05)
        await _are_answered(server, [last])
    finally:
        await asyncio.gather(*(client.hang_up() for client in clients))


async def _turns_unready(server: ParleyServer) -> None:
    """At once."""
    asked_at = time.monotonic()
    while (ready := await plain_http.request("GET", f"{server.url}/readyz")).status == 200:
        assert time.monotonic() < asked_at + 0.5
    assert (ready.status, ready.body) == (503, b"draining")


async def _is_alive_and_says_so(server: ParleyServer) -> None:
    for path in ("/health", "/api/v1/rtc/health"):
        health = await plain_http.request("GET", server.url + path)
        assert (health.status, health.json()["status"]) == (200, "draining")
    assert (await plain_http.request("GET", f"{server.url}/healthz")).status == 200
    assert await asyncio.to_thread(server.metric, "parley_draining") == 1
    assert 100 < await asyncio.to_thread(server.metric, "parley_drain_seconds_left") <= 120


async def _status(server: ParleyServer) -> tuple[int, bool]:
    told = (await plain_http.request("GET", f"{server.url}/v1/status")).json()
    assert set(told) == {"calls", "draining", "agent_digest", "version"}
    assert told["agent_digest"] == hashlib.sha256((ROOT / BENCH).read_bytes()).hexdigest()
    return told["calls"], told["draining"]


async def _refuses_everyone_new(server: ParleyServer) -> None:
    requests: dict[str, tuple[object, dict[str, str]]] = {
        "/api/webrtc/offer": ({"type": "offer", "sdp": "v=0"}, {}),
        "/v2/sessions": (None, {}),
        "/api/v1/rtc/session": (None, {}),
        "/api/v1/rtc/process": (bytes(32_000), {"Content-Type": "audio/l16"}),
    }
    for path, (body, headers) in requests.items():
        answer = await plain_http.request("POST", server.url + path, body, {**KEEP_ALIVE, **headers})
        assert (answer.status, answer.json()["type"]) == (503, "urn:parley:problem:draining"), path
        assert (answer.headers["retry-after"], answer.headers["connection"]) == ("1", "close"), path
    with pytest.raises(RefusedError, match="urn:parley:problem:draining"):
        async with WebRtcClient(server.url):
            pass
    sockets: dict[str, dict[str, str] | None] = {
        "/ws": None,
        "/api/v1/rtc/stream": {"type": "start_session"},
        "/api/v1/rtc/stream/full": {"type": "start_session"},
        "/ws/v2/somebody-new": {"type": "offer", "sdp": "v=0"},
    }
    for path, first in sockets.items():
        async with connect(f"ws{server.url.removeprefix('http')}{path}") as socket:
            if first is not None:
                await socket.send(json.dumps(first))
            told = json.loads(await socket.recv())
            assert (told["type"], told["code"], told["retry_after"]) == ("error", "draining", 1), path
            with pytest.raises(ConnectionClosed):
                await socket.recv()
            assert socket.close_code == 1013, path


async def _are_answered(server: ParleyServer, clients: Sequence[Client]) -> None:
    async def is_answered(client: Client) -> None:
        await client.heard.quiet(0.5)
        since = time.monotonic()
        await ask(client, server, QUESTION).ended()
        await answer_begins(client, since)

    await asyncio.gather(*(is_answered(client) for client in clients))


async def _can_be_asked_about(server: ParleyServer, clients: Sequence[Client]) -> None:
    """By connections that are kept: a new one may lead to another process."""
    for client in clients:
        for path in ("/v1/sessions/", "/api/voice/sessions/"):
            told = await plain_http.request("GET", server.url + path + client.session_id, headers=KEEP_ALIVE)
            assert (told.status, told.json()["id"]) == (200, client.session_id)
            assert "connection" not in told.headers
        stopped = await plain_http.request(
            "POST", f"{server.url}/api/voice/stop-tts", {"session_id": client.session_id}
        )
        assert stopped.status == 200


async def _come_back(server: ParleyServer, clients: list[Client]) -> None:
    """Those of WebRTC, by new offers for the conversations that they have: one whole, one with trickled candidates."""
    for number, client in enumerate(clients):
        if not isinstance(client, WebRtcClient):
            continue
        again: WebRtcClient
        if isinstance(client, SignalingClient):
            again = SignalingClient(server.url, session_id=client.session_id)
        else:
            again = WebRtcClient(server.url)
            again.resume(client.session_id)
        await again.connect()
        assert again.session_id == client.session_id
        clients[number] = again
        await client.hang_up()


async def _keeps_the_place_of(server: ParleyServer, session_id: str, clients: list[Client]) -> None:
    """Of who was promised a session before."""
    client = SignalingClient(server.url, session_id=session_id)
    await client.connect()
    clients.append(client)


async def _told_goodbye(server: ParleyServer, signals: int, after: float) -> None:
    """Within some seconds `after` the first of so many signals: a tone for a goodbye, then the reason, then the end."""
    async with WebRtcClient(server.url) as caller, DuplexClient(server.url) as other:
        await caller.events.wait("session")
        began = time.monotonic()
        for _ in range(signals):
            os.kill(server.pid, signal.SIGTERM)
            await _turns_unready(server)
        said = await caller.heard.first_audible(began)
        assert after <= said.at - began < after + 1.0
        assert (await caller.events.wait("ended"))["reason"] == "server-stopping"
        assert await other.closed() == 1001
        await asyncio.to_thread(server.wait, 5.0)
    assert server.exit_code == 0
    assert time.monotonic() - began < after + 5.0


async def _read_slowly(server: ParleyServer) -> Any:
    """What /api/v1/rtc/process answers to one who reads nothing for longer than a goodbye may take."""
    recording = in_callers_voice(QUESTION, UP_RATE).tobytes()
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, limit=4096)
    writer.write(
        f"POST /api/v1/rtc/process HTTP/1.1\r\nHost: 127.0.0.1:{server.port}\r\nContent-Type: audio/l16\r\n"
        f"Content-Length: {len(recording)}\r\n\r\n".encode()
    )
    writer.write(recording)
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    assert head.startswith("http/1.1 200")
    os.kill(server.pid, signal.SIGTERM)
    await asyncio.sleep(GOODBYE_SECS + 2.0)
    body = await reader.readexactly(int(head.partition("content-length: ")[2].split()[0]))
    writer.close()
    return json.loads(body)
