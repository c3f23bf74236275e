"""Each older system's client asks once on a real server: its dashboard shows that, under its own names, and its end."""

from __future__ import annotations

import asyncio
import time

import pytest

from tests import agent_file
from tests.calls.doors import DOORS, QUESTION, Door, ask, history, in_callers_voice
from tests.clients.sockets import SocketClient
from tests.clients.webrtc import WebRtcClient
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

LIVE = (
    "fastrtc_sessions_active",
    "webrtc_websocket_connections_total",
    "webrtc_active_sessions_total",
    "webrtc_peer_connections_total",
)
END_SECS = 5.0

Scrape = dict[str, float]


@pytest.fixture(scope="module")
def scrapes() -> tuple[Scrape, Scrape]:
    """While all four are in their calls, after each has had its answer; and once they have gone."""
    with ParleyServer(agent_file.RECEPTION) as server:
        for rate in (SocketClient.rate, WebRtcClient.rate):
            in_callers_voice(QUESTION, rate)
        during = asyncio.run(_talk(server))
        deadline = time.monotonic() + END_SECS
        while any((after := _scrape(server))[name] for name in LIVE) and time.monotonic() < deadline:
            time.sleep(0.1)
        return during, after


async def _talk(server: ParleyServer) -> Scrape:
    answered = asyncio.Barrier(len(DOORS) + 1)
    scraped = asyncio.Event()

    async def one(door: Door) -> None:
        async with door.call(server.url) as client:
            if door.greets:
                await client.heard.first_audible(0.0)
                await client.heard.quiet(1.0)
            asked = await ask(client, server, QUESTION).ended()
            await client.heard.first_audible(asked + 0.1, within=15.0)
            await client.heard.quiet(1.5)
            await history(client, server)
            await answered.wait()
            await scraped.wait()

    async with asyncio.TaskGroup() as group:
        for door in DOORS:
            group.create_task(one(door))
        await answered.wait()
        during = await asyncio.to_thread(_scrape, server)
        scraped.set()
    return during


def _scrape(server: ParleyServer) -> Scrape:
    names = (
        *LIVE,
        "fastrtc_requests_total",
        "fastrtc_latency_seconds_count",
        "fastrtc_audio_bytes_processed",
        "voice_first_partial_ms_count",
        "voice_first_partial_ms_sum",
        "voice_first_audio_ms_count",
        "voice_first_audio_ms_sum",
        "webrtc_signaling_messages_total",
        "webrtc_signaling_latency_seconds_count",
        "webrtc_audio_frames_processed_total",
        "webrtc_session_duration_seconds_count",
    )
    return {name: server.metric(name) for name in names}


@pytest.mark.parametrize("name", LIVE)
def test_a_live_count_goes_up_and_down_again(name: str, scrapes: tuple[Scrape, Scrape]) -> None:
    during, after = scrapes
    assert (during[name], after[name]) == (1, 0)


def test_fastrtc_shows_one_request_with_its_latency_and_its_bytes(scrapes: tuple[Scrape, Scrape]) -> None:
    during, after = scrapes
    assert during["fastrtc_requests_total"] == during["fastrtc_latency_seconds_count"] == 1
    assert during["fastrtc_audio_bytes_processed"] > 32_000, "the question is over a second long"
    assert after["fastrtc_audio_bytes_processed"] >= during["fastrtc_audio_bytes_processed"]


def test_alice_shows_the_first_words_of_the_question_and_the_first_audio_of_the_answer(
    scrapes: tuple[Scrape, Scrape],
) -> None:
    during, _ = scrapes
    assert during["voice_first_partial_ms_count"] == during["voice_first_audio_ms_count"] == 1
    assert 50 < during["voice_first_partial_ms_sum"] < 2_000
    assert 300 < during["voice_first_audio_ms_sum"] < 3_000, "the silence that ends a turn is 300 ms"


def test_webrtc_shows_its_signaling_its_frames_and_how_long_the_session_was(
    scrapes: tuple[Scrape, Scrape],
) -> None:
    during, after = scrapes
    assert during["webrtc_signaling_messages_total"] == during["webrtc_signaling_latency_seconds_count"] >= 1
    assert during["webrtc_audio_frames_processed_total"] > 50
    assert during["webrtc_session_duration_seconds_count"] == 0
    assert after["webrtc_session_duration_seconds_count"] == 1
