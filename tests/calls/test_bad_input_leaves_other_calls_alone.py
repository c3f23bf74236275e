"""Whatever a stranger sends gets its typed error and is counted, while a call beside goes on without a gap.

The call beside is a process of its own that hears one long tone; after each case it says what arrived meanwhile.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket as udp
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests import speech
from tests.calls.doors import DOORS
from tests.clients import plain_http
from tests.clients.beside import Report
from tests.clients.webrtc import WebRtcClient
from tests.server import ROOT, ParleyServer

pytestmark = pytest.mark.calls

LONGEST_GAP_SECS = 0.12
"""Between two packets of the call beside: 20 ms, and what two busy cores add to the server's; its own is known."""
HUGE = 100 * 2**20
SESSIONS = 200
"""What examples/bench.yaml allows at a time."""
VANISHED_SECS = 45.0
"""Consent to send is lost 30 s after the last answer (RFC 7675, 5.1)."""


class Beside:
    """The call beside."""

    def __init__(self, url: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.clients.beside", url, "How long is a tone?"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line(), "the call beside got no answer"

    def report(self) -> Report:
        """Return how its audio arrived since the last report."""
        assert self._process.stdin is not None
        self._process.stdin.write("report\n")
        self._process.stdin.flush()
        return Report(**json.loads(self._line()))

    def hang_up(self) -> None:
        self._process.communicate(timeout=20)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()


@pytest.fixture(scope="module")
def server() -> Iterator[ParleyServer]:
    with ParleyServer("examples/bench.yaml", {"BENCH_TONE_SECS": "600"}) as server:
        yield server


@pytest.fixture(scope="module")
def beside(server: ParleyServer) -> Iterator[Beside]:
    call = Beside(server.url)
    yield call
    call.hang_up()


def assert_alone(beside: Beside) -> None:
    """Listen for half a second more, then judge what has arrived since the last report."""
    time.sleep(0.5)
    report = beside.report()
    assert report.packets >= 20
    assert (report.lost, report.silent) == (0, 0)
    assert report.longest_gap <= LONGEST_GAP_SECS + report.late


# What is sent to a door, and the error that it gets


@dataclass(frozen=True)
class Case:
    """Send it; return the code of the error that came back."""

    name: str
    codes: tuple[str, ...]
    send: Callable[[str], Coroutine[Any, Any, str]]


def http(path: str, body: object, status: int) -> Callable[[str], Coroutine[Any, Any, str]]:
    """The problem JSON of RFC 9457 has the code at the end of its type."""

    async def send(url: str) -> str:
        response = await plain_http.request("POST", url + path, body, within=30.0)
        assert response.status == status, response.body
        assert response.headers["content-type"].startswith("application/problem+json")
        problem = response.json()
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        return str(problem["type"]).rstrip("/").rpartition("/")[2].rpartition(":")[2].rpartition("#")[2]

    return send


def socket(path: str, *messages: str | bytes) -> Callable[[str], Coroutine[Any, Any, str]]:
    """An error message has the code; a close code of the table stands for one where there is no message."""

    async def send(url: str) -> str:
        async with connect(f"ws{url.removeprefix('http')}{path}", max_size=None, compression=None) as ws:
            try:
                for message in messages:
                    await ws.send(message)
                return await asyncio.wait_for(_error(ws), 15.0)
            except ConnectionClosed:
                return f"close-{ws.close_code}"

    return send


async def _error(ws: ClientConnection) -> str:
    async for message in ws:
        if isinstance(message, str) and (body := json.loads(message)).get("type") == "error":
            assert body["message"]
            return str(body["code"])
    return f"close-{ws.close_code}"


START = json.dumps({"type": "start_session", "user_id": "stranger"})
FASTRTC, DUPLEX, SIGNALING, OFFER = "/api/v1/rtc/stream", "/ws", "/ws/v2/stranger", "/api/webrtc/offer"
NO_SDP = {"type": "offer", "sdp": "v=0\r\nnonsense"}

CASES = [
    Case("malformed SDP by HTTP", ("bad-sdp",), http(OFFER, NO_SDP, 400)),
    Case("an empty SDP by HTTP", ("bad-sdp", "bad-message"), http(OFFER, {"type": "offer", "sdp": ""}, 400)),
    Case("malformed JSON by HTTP", ("bad-message",), http(OFFER, b"{nonsense", 400)),
    Case("JSON of a wrong shape by HTTP", ("bad-message",), http(OFFER, [1, 2], 400)),
    Case("100 MB by HTTP", ("too-big",), http(OFFER, b" " * HUGE, 413)),
    Case("malformed SDP by signaling", ("bad-sdp",), socket(SIGNALING, json.dumps(NO_SDP))),
    Case("malformed JSON by signaling", ("bad-message", "close-1007"), socket(SIGNALING, "{nonsense")),
    Case("100 MB by signaling", ("too-big", "close-1009"), socket(SIGNALING, "x" * HUGE)),
    Case("malformed JSON by FastRTC", ("bad-message", "close-1007"), socket(FASTRTC, START, "{nonsense")),
    Case(
        "malformed base64 by FastRTC",
        ("bad-message", "bad-audio"),
        socket(FASTRTC, START, json.dumps({"type": "audio_base64", "data": "not base64!"})),
    ),
    Case(
        "a broken WAV by FastRTC",
        ("bad-audio",),
        socket(FASTRTC, START, b"RIFF\x04\0\0\0WAVEfmt \x02\0\0\0\xff\xff"),
    ),
    Case("100 MB by FastRTC", ("too-big", "close-1009"), socket(FASTRTC, START, b"\0" * HUGE)),
    Case("malformed JSON by /ws", ("bad-message", "close-1007"), socket(DUPLEX, "{nonsense")),
    Case("audio of odd length by /ws", ("bad-audio", "close-1003"), socket(DUPLEX, b"\0" * 321)),
    Case("100 MB by /ws", ("too-big", "close-1009"), socket(DUPLEX, b"\0" * HUGE)),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_bad_input_gets_its_typed_error_and_is_counted(
    case: Case, server: ParleyServer, beside: Beside
) -> None:
    beside.report()
    before = server.metric("parley_errors_total")
    code = asyncio.run(case.send(server.url))
    assert code in case.codes
    assert server.metric("parley_errors_total") == before + 1
    assert_alone(beside)


def test_peers_that_vanish_are_noticed_and_their_sessions_end(server: ParleyServer, beside: Beside) -> None:
    """One client of each door is killed outright, and one posts an offer and is never seen again; all at once."""
    beside.report()
    before = _active(server)
    peers = [_peer(door.route, server.url) for door in DOORS]
    for peer in peers:
        assert peer.stdout is not None
        assert peer.stdout.readline().strip(), "the peer did not get through"
    asyncio.run(_offer_and_go(server.url))
    assert sum(_active(server).values()) == sum(before.values()) + len(peers) + 1
    for peer in peers:
        os.kill(peer.pid, signal.SIGKILL)
        peer.communicate()
    eventually(lambda: _active(server) == before, VANISHED_SECS)
    assert_alone(beside)


def _peer(route: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.clients.vanishing", route, url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _active(server: ParleyServer) -> dict[str, float]:
    """Return the sessions by door, of the doors that have any."""
    return {labels["door"]: value for labels, value in server.metrics("parley_sessions_active") if value}


def test_a_call_whose_data_channel_never_opens_is_answered(server: ParleyServer, beside: Beside) -> None:
    beside.report()
    asyncio.run(_without_data_channel(server))
    assert_alone(beside)


async def _without_data_channel(server: ParleyServer) -> None:
    async with WebRtcClient(server.url, data_channel=False) as call:
        asked_at = await call.say(speech.say("How long is a tone?", call.rate)).ended()
        await call.heard.first_audible(asked_at)


def test_a_strangers_offers_and_datagrams_keep_nobody_out_and_disturb_nobody(
    server: ParleyServer, beside: Beside
) -> None:
    """More offers than there may be sessions, behind none of which there is anybody, and 10,000 datagrams."""
    beside.report()
    before, strangers = _active(server), server.metric("parley_udp_strangers_total")
    answer = asyncio.run(_offers(server.url, 220))
    assert sum(_active(server).values()) == SESSIONS
    port = re.search(r"m=audio (\d+)", answer)
    assert port is not None
    with udp.socket(udp.AF_INET, udp.SOCK_DGRAM) as stranger:
        for _ in range(200):
            for _ in range(50):
                stranger.sendto(b"\x80\x6f" + bytes(160), ("127.0.0.1", int(port[1])))
            time.sleep(0.005)
    assert_alone(beside)
    assert server.metric("parley_udp_strangers_total") == strangers + 10_000
    asyncio.run(_without_data_channel(server))
    gave_way = [
        value
        for labels, value in server.metrics("parley_sessions_ended_total")
        if labels["reason"] == "gave-way"
    ]
    assert sum(gave_way) >= 220 - SESSIONS
    eventually(lambda: _active(server) == before, 15.0)


async def _offers(url: str, number: int) -> str:
    """The last of the answers."""
    person = WebRtcClient(url)
    offer = await person.offer()
    answers = [await person.exchange(offer) for _ in range(number)]
    await person.hang_up()
    return answers[-1]


async def _offer_and_go(url: str) -> None:
    call = WebRtcClient(url)
    await call.exchange(await call.offer())
    await call.hang_up()


def eventually(holds: Callable[[], bool], within: float) -> None:
    """Wait until it holds; fails after `within` seconds."""
    deadline = time.monotonic() + within
    while not holds():
        assert time.monotonic() < deadline, f"not so within {within} s"
        time.sleep(0.2)
