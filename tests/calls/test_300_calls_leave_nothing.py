"""300 calls, opened and dropped in every way that callers have, many at once: nothing of them is left.

Tasks and descriptors are as at the start; the resident memory after call 300 is within 5 % of that after call 100,
which already holds what libraries load at first use.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from tests import speech
from tests.clients import plain_http
from tests.clients.containers import wav
from tests.clients.sockets import DuplexClient, FastRtcClient
from tests.clients.webrtc import SignalingClient, WebRtcClient
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

AT_ONCE = 12
CALLS = 300
SEED = 3
SETTLE_SECS = 50.0
"""A WebRTC peer that vanished is given up 30 s after its last answer (RFC 7675, 5.1)."""
GROWTH = 1.05

Way = Callable[[str], Coroutine[Any, Any, None]]


async def webrtc_that_hangs_up(url: str) -> None:
    async with WebRtcClient(url) as call:
        call.say(speech.say("How long is a tone?", call.rate))
        await asyncio.sleep(0.3)


async def webrtc_that_is_answered(url: str) -> None:
    async with WebRtcClient(url) as call:
        asked_at = await call.say(speech.say("How long is a tone?", call.rate)).ended()
        await call.heard.first_audible(asked_at, within=20.0)


async def webrtc_that_vanishes(url: str) -> None:
    """No bye, no DTLS alert: the sockets are closed under the connection."""
    call = WebRtcClient(url)
    await call.connect(within=30.0)
    for transport in {call._transceiver.sender.transport.transport}:
        await transport._connection.close()
    await call.hang_up()


async def webrtc_without_data_channel(url: str) -> None:
    async with WebRtcClient(url, data_channel=False):
        await asyncio.sleep(0.1)


async def offer_that_nobody_follows_up(url: str) -> None:
    call = WebRtcClient(url)
    await call.exchange(await call.offer())
    await call.hang_up()


async def malformed_offer(url: str) -> None:
    response = await plain_http.request(
        "POST", f"{url}/api/webrtc/offer", {"type": "offer", "sdp": "v=0\r\nno"}
    )
    assert response.status == 400


async def signaling_that_hangs_up(url: str) -> None:
    async with SignalingClient(url):
        await asyncio.sleep(0.1)


async def signaling_that_never_offers(url: str) -> None:
    async with connect(f"ws{url.removeprefix('http')}/ws/v2/idle-{random.randrange(10**9)}") as ws:
        await ws.send(json.dumps({"type": "ping"}))
        await ws.recv()


async def fastrtc_that_says_goodbye(url: str) -> None:
    async with FastRtcClient(url) as call:
        await call.send_bytes(wav(speech.say("How long is a tone?"), 16_000))
        await call.events.wait("response")
        await call.send({"type": "end_session"})


async def fastrtc_that_vanishes(url: str) -> None:
    async with FastRtcClient(url, streaming=True) as call:
        await asyncio.sleep(0.1)
        call.socket.transport.abort()


async def duplex_that_hangs_up(url: str) -> None:
    async with DuplexClient(url) as call:
        asked_at = await call.say(speech.say("How long is a tone?")).ended()
        await call.heard.first_audible(asked_at, within=20.0)


async def duplex_that_vanishes_while_spoken_to(url: str) -> None:
    async with DuplexClient(url) as call:
        asked_at = await call.say(speech.say("How long is a tone?")).ended()
        await call.heard.first_audible(asked_at, within=20.0)
        call.socket.transport.abort()


async def duplex_with_odd_audio(url: str) -> None:
    with contextlib.suppress(ConnectionClosed):
        async with DuplexClient(url, streaming=False) as call:
            await call.send_bytes(b"\0" * 321)
            await call.events.wait("error", within=5.0)


async def fastrtc_with_broken_json(url: str) -> None:
    async with FastRtcClient(url) as call:
        await call.socket.send("{nonsense")
        await call.events.wait("error", within=5.0)


WAYS: list[Way] = [
    webrtc_that_hangs_up,
    webrtc_that_is_answered,
    webrtc_that_vanishes,
    webrtc_without_data_channel,
    offer_that_nobody_follows_up,
    malformed_offer,
    signaling_that_hangs_up,
    signaling_that_never_offers,
    fastrtc_that_says_goodbye,
    fastrtc_that_vanishes,
    duplex_that_hangs_up,
    duplex_that_vanishes_while_spoken_to,
    duplex_with_odd_audio,
    fastrtc_with_broken_json,
]


def test_300_calls_leave_nothing() -> None:
    with ParleyServer("examples/bench.yaml", {"BENCH_TONE_SECS": "3"}) as server:
        at_start = _held(server)
        asyncio.run(_calls(server.url, 0, 100))
        _settle(server, at_start)
        after_100 = server.resident()
        asyncio.run(_calls(server.url, 100, CALLS))
        _settle(server, at_start)
        after_300 = server.resident()
    figures = f"{after_100 / 2**20:.1f} MiB after 100 calls, {after_300 / 2**20:.1f} MiB after {CALLS}"
    print(f"{at_start} as at the start; {figures}")
    assert after_300 <= after_100 * GROWTH, figures


async def _calls(url: str, first: int, last: int) -> None:
    """Make the calls numbered `first` to `last`, each way in turn, shuffled, AT_ONCE at a time."""
    ways = [WAYS[number % len(WAYS)] for number in range(first, last)]
    random.Random(SEED + first).shuffle(ways)
    room = asyncio.Semaphore(AT_ONCE)

    async def call(way: Way) -> None:
        async with room:
            try:
                await way(url)
            except Exception as error:
                raise AssertionError(f"{way.__name__}: {error!r}") from error

    async with asyncio.TaskGroup() as group:
        for way in ways:
            group.create_task(call(way))


def _held(server: ParleyServer) -> dict[str, float]:
    """Return what a call could leave behind."""
    # The scrape is itself a task and a descriptor: the same ones each time.
    return {
        "sessions": server.metric("parley_sessions_active"),
        "tasks": server.metric("parley_asyncio_tasks"),
        "descriptors": server.descriptors(),
    }


def _settle(server: ParleyServer, at_start: dict[str, float]) -> None:
    """Wait until the server holds what it held at the start, and no more. (Less, where the connection of who asked
    whether it was ready was still there then.)
    """
    deadline = time.monotonic() + SETTLE_SECS
    held = _held(server)
    while any(held[name] > count for name, count in at_start.items()):
        assert time.monotonic() < deadline, (
            f"at the start {at_start}, {SETTLE_SECS} s after the last call {held}"
        )
        time.sleep(0.5)
        held = _held(server)
