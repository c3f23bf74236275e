"""Users of Voice AI Backend v2 connect unchanged: a client written from its README asks, hears, interrupts, ends."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.server import ROOT, ParleyServer
from tests.strangers.backend_v2 import Backend
from tests.strangers.caller import HOURS, PARKING, asked
from tests.strangers.ear import Ear
from tests.strangers.handset import MICROPHONE_RATE

pytestmark = pytest.mark.calls

TOLD_SECS = 3.0
"""Of an answer: enough to know it by."""
PAUSE_SECS = 0.7
"""No sentence has one as long in it."""
STOPPED_SECS = 2.0
"""Long before the sentence's end. How soon exactly is for benchmarks to say."""
METRICS = """
    webrtc_websocket_connections_total webrtc_active_sessions_total webrtc_peer_connections_total
    webrtc_signaling_messages_total webrtc_signaling_latency_seconds webrtc_session_duration_seconds
    webrtc_audio_frames_processed_total webrtc_errors_total
""".split()


def host(server: ParleyServer) -> str:
    return server.url.removeprefix("http://")


def total(metrics: str, name: str) -> float:
    return sum(map(float, re.findall(rf"^{name}(?:\{{.*\}})? (\S+)$", metrics, re.MULTILINE)))


def test_a_spoken_question_is_answered_and_a_voice_stops_the_answer(reception: ParleyServer) -> None:
    ear = Ear(ROOT / "examples/reception.yaml")
    hours, parking = (asked(question, MICROPHONE_RATE, reception) for question in (HOURS, PARKING))

    async def call() -> None:
        async with Backend(host(reception)) as backend:
            line = backend.loudspeaker
            # The backend speaks first here, and is talked over at once.
            await line.voice(after=0, within=10)
            for question, intent in ((hours, "opening-hours"), (parking, "parking")):
                told = line.now
                await backend.microphone.say(question)
                stopped = await line.pause(PAUSE_SECS, told, within=10)
                assert stopped - told < STOPPED_SECS
                begun = await line.voice(stopped, within=10)
                await line.until(begun + TOLD_SECS, within=10)
                assert ear.recognise(line.since(begun)) == intent

            listed = await backend.sessions()
            assert listed.status == 200
            assert str(backend.session_id) in listed.text
            during = await backend.metrics()
            assert total(during, "webrtc_active_sessions_total") == 1
            assert total(during, "webrtc_peer_connections_total") == 1
            assert total(during, "webrtc_audio_frames_processed_total") > 100
        # Ending takes a moment on the other side.
        async with asyncio.timeout(5):
            while str(backend.session_id) in (await backend.sessions()).text:
                await asyncio.sleep(0.1)
        after = await backend.metrics()
        assert total(after, "webrtc_active_sessions_total") == 0
        assert total(after, "webrtc_session_duration_seconds_count") >= 1

    asyncio.run(call())


def test_a_client_may_name_its_session_itself(reception: ParleyServer) -> None:
    async def call() -> None:
        async with Backend(host(reception), session_id="test-session-1") as backend:
            await backend.loudspeaker.voice(after=0, within=10)

    asyncio.run(call())


def test_ten_clients_signal_at_once(reception: ParleyServer) -> None:
    """The README's load test: ten times test_webrtc_signaling.py in the background, then wait."""

    async def signal() -> str:
        async with Backend(host(reception)) as backend:
            return str(backend.session_id)

    async def ten() -> list[str]:
        return await asyncio.gather(*(signal() for _ in range(10)))

    assert len(set(asyncio.run(ten()))) == 10


def test_every_metric_of_the_text_is_there(reception: ParleyServer) -> None:
    async def look() -> None:
        metrics = await Backend(host(reception)).metrics()
        for name in METRICS:
            kind = "histogram" if name.endswith("_seconds") else r"(counter|gauge)"
            assert re.search(rf"^# TYPE {name} {kind}$", metrics, re.MULTILINE), name

    asyncio.run(look())


def test_root_and_health_tell_of_the_service_in_json(reception: ParleyServer) -> None:
    async def look() -> None:
        backend = Backend(host(reception))
        for reply in (await backend.information(), await backend.health()):
            assert reply.status == 200
            assert isinstance(reply.json(), dict)

    asyncio.run(look())
