"""Alice's users connect unchanged: a client written from that system's status page asks, hears, interrupts and ends."""

from __future__ import annotations

import asyncio
import re

import pytest

from tests.server import ROOT, ParleyServer
from tests.strangers.alice import Alice
from tests.strangers.caller import HOURS, PARKING, asked
from tests.strangers.ear import Ear
from tests.strangers.handset import MICROPHONE_RATE
from tests.strangers.web import get, request

pytestmark = pytest.mark.calls

TOLD_SECS = 3.0
"""Of an answer: enough to know it by."""
PAUSE_SECS = 0.7
"""No sentence has one as long in it."""
STOPPED_SECS = 2.0
"""Long before the sentence's end. How soon exactly is for benchmarks to say."""
FRONTEND = "http://localhost:3000"


def test_a_spoken_question_is_answered_and_a_voice_stops_the_answer(reception: ParleyServer) -> None:
    ear = Ear(ROOT / "examples/reception.yaml")
    hours, parking = (asked(question, MICROPHONE_RATE, reception) for question in (HOURS, PARKING))

    async def call() -> None:
        async with Alice(reception.url) as alice:
            line = alice.loudspeaker
            # The gateway speaks first here, and stop-tts ends that.
            await line.voice(after=0, within=10)
            stopped = await alice.stop_speaking()
            assert stopped.status == 200, stopped.text
            told = line.now
            assert await line.pause(PAUSE_SECS, told, within=10) - told < STOPPED_SECS

            begun = await alice.ask(hours)
            await line.until(begun + TOLD_SECS, within=10)
            assert ear.recognise(line.since(begun)) == "opening-hours"

            told = line.now
            await alice.microphone.say(parking)
            stopped = await line.pause(PAUSE_SECS, told, within=10)
            assert stopped - told < STOPPED_SECS
            begun = await line.voice(stopped, within=10)
            await line.until(begun + TOLD_SECS, within=10)
            assert ear.recognise(line.since(begun)) == "parking"

            session = await alice.session()
            assert session.status == 200
            assert alice.session_id in str(session.json())
            names = await alice.metrics()
            for name in ("voice_first_partial_ms", "voice_first_audio_ms"):
                assert re.search(rf"^{name}_count(\{{.*\}})? [1-9]", names, re.MULTILINE), name

    asyncio.run(call())


def test_a_session_that_was_never_opened_is_not_found(reception: ParleyServer) -> None:
    async def look() -> None:
        assert (await get(f"{reception.url}/api/voice/sessions/nobody")).status == 404

    asyncio.run(look())


def test_health_and_the_test_page_are_where_the_text_has_them(reception: ParleyServer) -> None:
    async def look() -> None:
        alice = Alice(reception.url)
        assert (await alice.health()).status == 200
        page = await alice.test_page()
        assert page.status == 200
        assert page.headers["content-type"].startswith("text/html")

    asyncio.run(look())


def test_the_frontend_on_its_own_port_may_offer_and_stop(reception: ParleyServer) -> None:
    async def preflight() -> None:
        for path in ("/api/webrtc/offer", "/api/voice/stop-tts"):
            reply = await request(
                "OPTIONS",
                reception.url + path,
                headers={
                    "Origin": FRONTEND,
                    "Access-Control-Request-Method": "POST",
                    "Access-Control-Request-Headers": "content-type",
                },
            )
            assert reply.status in (200, 204), reply.text
            assert reply.headers["access-control-allow-origin"] == FRONTEND

    asyncio.run(preflight())
