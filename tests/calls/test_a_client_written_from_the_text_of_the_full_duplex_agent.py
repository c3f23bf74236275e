"""Users of the full-duplex agent connect unchanged: a client written from its README asks, hears, interrupts, ends."""

from __future__ import annotations

import asyncio
import time

import pytest
from websockets.asyncio.client import connect
from websockets.typing import Origin

from tests.server import ROOT, ParleyServer
from tests.speech import resampled
from tests.strangers import ear
from tests.strangers.caller import PARKING, STORY, asked
from tests.strangers.duplex import DOWN_RATE, UP_RATE, Duplex

pytestmark = pytest.mark.calls

ANSWER = "You can park behind the building. The first two hours are free for patients."
STOPPED_SECS = 1.0
"""The client's detector hears a voice within a few of its own buffers."""
FRONTEND = Origin("http://localhost:3000")


def url(server: ParleyServer) -> str:
    return server.url.replace("http", "ws", 1) + "/ws"


def test_a_voice_stops_the_story_and_its_question_is_answered_in_text_and_audio(
    reception: ParleyServer,
) -> None:
    story, parking = asked(STORY, UP_RATE, reception), asked(PARKING, UP_RATE, reception)

    async def call() -> None:
        async with Duplex(url(reception)) as agent:
            await agent.ask(story)
            await asyncio.sleep(2.0)
            assert agent.playing, agent.messages
            begun = time.monotonic()
            await agent.ask(parking)
            assert begun < agent.interrupted_at < begun + STOPPED_SECS
            await agent.quiet(1.5, within=30)
            assert agent.shown().count(ANSWER) == 1, agent.messages
            heard = resampled(agent.take(), DOWN_RATE, ear.RATE)
            assert ear.Ear(ROOT / "examples/reception.yaml").recognise(heard) == "parking"

    asyncio.run(call())


def test_a_filler_comes_before_the_answer(reception: ParleyServer) -> None:
    parking = asked(PARKING, UP_RATE, reception)

    async def call() -> None:
        async with Duplex(url(reception)) as agent:
            await agent.ask(parking)
            async with asyncio.timeout(5):
                while ANSWER not in agent.shown():
                    await asyncio.sleep(0.01)
            before = agent.shown().partition(ANSWER)[0]
            assert "Hmm" in before or "Let me think" in before, agent.messages

    asyncio.run(call())


def test_a_client_that_streams_no_silence_is_answered(reception: ParleyServer) -> None:
    """The README's first way to save costs: dead air is clipped exactly when speech stops."""
    parking = asked(PARKING, UP_RATE, reception)

    async def call() -> None:
        async with Duplex(url(reception), silence=False) as agent:
            await agent.ask(parking)
            async with asyncio.timeout(5):
                while ANSWER not in agent.shown():
                    await asyncio.sleep(0.01)

    asyncio.run(call())


def test_no_audio_comes_after_an_interrupt(reception: ParleyServer) -> None:
    story = asked(STORY, UP_RATE, reception)

    async def call() -> None:
        async with Duplex(url(reception)) as agent:
            await agent.ask(story)
            await asyncio.sleep(1.0)
            await agent.interrupt()
            await asyncio.sleep(0.3)
            agent.take()
            agent.messages.clear()
            await asyncio.sleep(1.5)
            assert agent.take().size == 0
            assert agent.shown() == ""

    asyncio.run(call())


def test_the_frontend_on_its_own_port_may_connect(reception: ParleyServer) -> None:
    async def open_and_close() -> None:
        async with connect(url(reception), origin=FRONTEND):
            pass

    asyncio.run(open_and_close())
