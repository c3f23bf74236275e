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
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests import speech
from tests.beside import Beside
from tests.calls.doors import DOORS
from tests.clients import plain_http
from tests.clients.webrtc import WebRtcClient
from tests.server import ROOT, ParleyServer

pytestmark = pytest.mark.calls

HUGE = 100 * 2**20
SESSIONS = 200
"""What examples/bench.yaml allows at a time."""
OFFERS, CONNECTIONS = 1_000, 400
OFFERS_A_SECOND, OFFERS_AT_ONCE = 50, 250
"""What the server answers (docs/doors.md)."""
VANISHED_SECS = 45.0
"""Consent to send is lost 30 s after the last answer (RFC 7675, 5.1)."""


@pytest.fixture(scope="module")
def server() -> Iterator[ParleyServer]:
    with ParleyServer("examples/bench.yaml", {"BENCH_TONE_SECS": "600"}) as server:
        yield server


@pytest.fixture(scope="module")
def beside(server: ParleyServer) -> Iterator[Beside]:
    with Beside(server) as call:
        yield call


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
    beside.noticed_nothing()


def test_who_sends_a_byte_a_second_is_read_or_given_up_and_disturbs_nobody(
    server: ParleyServer, beside: Beside
) -> None:
    """A message comes through; the head of a request and a body are waited for, but not for ever."""
    beside.report()
    asyncio.run(_drip_everywhere(server))
    beside.noticed_nothing()


async def _drip_everywhere(server: ParleyServer) -> None:
    body = f"POST {OFFER} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n".encode()
    head, told, answered = await asyncio.gather(
        _drip(server, b"", b"GET /healthz HTTP/1.1\r\nX-Slow: "),
        _drip(server, body, b"{" * 20),
        _drip_message(server.url),
    )
    assert head == b""
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"urn:parley:problem:bad-message" in told
    assert answered == "bad-message"


async def _drip(server: ParleyServer, at_once: bytes, slowly: bytes) -> bytes:
    """What came back until the server hung up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(at_once)
    answer = asyncio.create_task(reader.read(4_096))
    for byte in slowly:
        await asyncio.wait((answer,), timeout=1.0)
        if answer.done():
            break
        writer.write(bytes((byte,)))
    assert answer.done(), f"still waited for after {len(slowly)} s"
    told = answer.result()
    if told.endswith(b"\r\n\r\n"):  # the head came by itself
        told += await asyncio.wait_for(reader.read(4_096), 5.0)
    writer.close()
    return told


async def _drip_message(url: str) -> str:
    """The error that a message of eight bytes gets, its frame included."""
    async with connect(f"ws{url.removeprefix('http')}{DUPLEX}", compression=None) as ws:
        for byte in b"\x81\x82\0\0\0\0{}":  # RFC 6455, 5.2: masked with zeros
            ws.transport.write(bytes((byte,)))
            await asyncio.sleep(1.0)
        return await asyncio.wait_for(_error(ws), 5.0)


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
    beside.noticed_nothing()


def _peer(route: str, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.clients.vanishing", route, url]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def _active(server: ParleyServer) -> dict[str, float]:
    """Return the sessions by door, of the doors that have any."""
    return {labels["door"]: value for labels, value in server.metrics("parley_sessions_active") if value}


def test_a_call_whose_data_channel_never_opens_is_answered(server: ParleyServer, beside: Beside) -> None:
    beside.report()
    asyncio.run(_without_data_channel(server))
    beside.noticed_nothing()


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
    beside.noticed_nothing()
    assert server.metric("parley_udp_strangers_total") == strangers + 10_000
    asyncio.run(_without_data_channel(server))
    gave_way = [
        value
        for labels, value in server.metrics("parley_sessions_ended_total")
        if labels["reason"] == "gave-way"
    ]
    assert sum(gave_way) >= 220 - SESSIONS
    eventually(lambda: _active(server) == before, 15.0)


def test_a_thousand_offers_in_a_second_are_bounded_and_counted_and_disturb_nobody(
    server: ParleyServer, beside: Beside
) -> None:
    """Those over the limit are refused with when to come back; each refusal is counted."""
    beside.report()
    errors = server.metric("parley_errors_total")
    answers, seconds = asyncio.run(_flood(server))
    print(f"{dict(answers)} in {seconds:.1f} s")
    beside.noticed_nothing()
    assert answers.keys() <= {200, 503}
    assert sum(answers.values()) == OFFERS
    assert answers[200] <= OFFERS_AT_ONCE + OFFERS_A_SECOND * (seconds + 1)
    assert server.metric("parley_errors_total") == errors + answers[503]
    assert sum(_active(server).values()) <= SESSIONS


async def _flood(server: ParleyServer) -> tuple[Counter[int], float]:
    """Post OFFERS as fast as they can be written; return how many got which status, and after how many seconds the last
    answer was there.
    """
    person = WebRtcClient(server.url)
    body = json.dumps({"type": "offer", "sdp": await person.offer()}).encode()
    places = asyncio.Semaphore(CONNECTIONS)

    async def post() -> int:
        async with places:
            return (await plain_http.request("POST", server.url + OFFER, body, within=60.0)).status

    began = time.monotonic()
    statuses = await asyncio.gather(*(post() for _ in range(OFFERS)))
    seconds = time.monotonic() - began
    await person.hang_up()
    return Counter(statuses), seconds


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
