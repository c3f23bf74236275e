"""Through each door: at 2 s of a story of at least 15 s the caller speaks, or sends a message, and the story ends.

The tolerances, and why. STOP_SECS: the detector needs 75 to 135 ms of a voice (Silero crosses 0.5 there), the jitter
buffer up to 80 ms, a minimum of speech guards against coughs, and a tick is 20 ms. A WebSocket door may have sent
300 ms that are not heard yet: those bytes are received, and are not in the history. FastRTC has sent whole clauses, of
which what has been played counts as heard. A pause between clauses is in the history's seconds but is not audible.
"""

from __future__ import annotations

import asyncio
import time

import pytest

from tests import agent_file, speech
from tests.calls.doors import (
    DOORS,
    OTHER_QUESTION,
    STORY,
    Calls,
    Client,
    Door,
    Held,
    answer_begins,
    ask,
    at_every_door,
    held_at,
    history,
)
from tests.clients import plain_http
from tests.clients.sockets import SocketClient
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

INTERRUPTION = OTHER_QUESTION
HEARD_SECS = 2.0
STOP_SECS = 0.6
MESSAGE_SECS = 0.15
PAUSE_SECS = 0.6
TICK_SECS = 0.06


@pytest.fixture(scope="module")
def by_voice(reception_without_fillers: ParleyServer) -> Calls:
    return at_every_door(_interrupted_by_voice, reception_without_fillers)


async def _interrupted_by_voice(door: Door, server: ParleyServer) -> Held:
    async with door.call(server.url) as client:
        asked, begin = await _story_at_two_seconds(door, client, server)
        interruption = ask(client, server, INTERRUPTION)
        began, ended = await interruption.begun(), await interruption.ended()
        await client.heard.first_audible(ended + 0.1, within=15.0)
        await client.heard.quiet(1.5)
        return Held(door, client, await history(client, server), asked, begin, began, ended)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_an_interruption_by_voice_stops_bytes_and_history_near_there(door: Door, by_voice: Calls) -> None:
    held = held_at(door, by_voice)
    # The next answer can't begin before the silence that ends a turn: what comes before it is the story's.
    late = held.client.heard.audible(held.interrupted + STOP_SECS, held.interruption_ended + 0.25)
    assert late == [], f"{len(late)} audible arrivals of the story {STOP_SECS} s after the interruption"
    _assert_history_stops_near(held, STOP_SECS)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_what_interrupted_is_answered(door: Door, by_voice: Calls) -> None:
    assert held_at(door, by_voice).messages[-1]["text"] in agent_file.answers_to(INTERRUPTION)


@pytest.fixture(scope="module")
def by_message(reception_without_fillers: ParleyServer) -> Calls:
    return at_every_door(_interrupted_by_message, reception_without_fillers)


async def _interrupted_by_message(door: Door, server: ParleyServer) -> Held:
    async with door.call(server.url) as client:
        asked, begin = await _story_at_two_seconds(door, client, server)
        interrupted = time.monotonic()
        await _interrupt(client)
        await asyncio.sleep(1.5)
        return Held(door, client, await history(client, server), asked, begin, interrupted)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_an_interrupt_message_stops_bytes_and_history_near_there(door: Door, by_message: Calls) -> None:
    held = held_at(door, by_message)
    assert held.client.heard.audible(held.interrupted + MESSAGE_SECS) == []
    _assert_history_stops_near(held, MESSAGE_SECS)


def test_stop_tts_stops_the_speech_at_once(reception_without_fillers: ParleyServer) -> None:
    held = asyncio.run(_stopped_by_http(DOORS[0], reception_without_fillers))
    assert held.client.heard.audible(held.interrupted + MESSAGE_SECS) == []
    _assert_history_stops_near(held, MESSAGE_SECS)


async def _stopped_by_http(door: Door, server: ParleyServer) -> Held:
    async with door.call(server.url) as client:
        asked, begin = await _story_at_two_seconds(door, client, server)
        interrupted = time.monotonic()
        body = {"session_id": client.session_id}
        for stopped in (True, False):
            response = await plain_http.request("POST", f"{server.url}/api/voice/stop-tts", body)
            assert response.status == 200
            assert response.json() == {**body, "stopped": stopped}
            await asyncio.sleep(0.5)
        return Held(door, client, await history(client, server), asked, begin, interrupted)


async def _story_at_two_seconds(door: Door, client: Client, server: ParleyServer) -> tuple[float, float]:
    """Ask for the story and hear 2 s of it; return when it was asked for, and when it began to arrive."""
    if door.greets:
        await client.heard.first_audible(0.0)
        await client.events.wait("session")
        await _interrupt(client)
        await client.heard.quiet(0.5)
    asked = await ask(client, server, STORY).ended()
    begin = await answer_begins(client, asked)
    await asyncio.sleep(begin + HEARD_SECS - time.monotonic())
    return asked, begin


async def _interrupt(client: Client) -> None:
    if isinstance(client, SocketClient):
        await client.send({"type": "interrupt"})
    else:
        client.send({"type": "interrupt"})


def _assert_history_stops_near(held: Held, allowed: float) -> None:
    """The story in the history ends where its audio ended, and that is where the caller cut in."""
    story = next((message for message in held.messages if _is_story(message)), None)
    assert story is not None, f"no interrupted story in {held.messages}"
    heard, unheard, seconds = str(story["text"]), str(story["unheard"]), float(str(story["seconds"]))
    played = held.interrupted - held.begin
    assert played - TICK_SECS <= seconds <= played + allowed + TICK_SECS
    assert _voiced_secs(f"{heard} {unheard}") >= 15.0
    assert _voiced_secs(heard) <= seconds + PAUSE_SECS
    assert _voiced_secs(heard) >= seconds - 2 * PAUSE_SECS

    audio, end = held.client.heard, held.interrupted + allowed
    received = audio.seconds(held.begin, end)
    if held.door.clauses:
        assert audio.ahead(held.begin, end) <= held.door.ahead + TICK_SECS + held.client.pace.latest
        assert seconds <= received + TICK_SECS
    else:
        assert seconds - PAUSE_SECS <= received <= seconds + held.door.ahead + TICK_SECS


def _is_story(message: dict[str, object]) -> bool:
    return agent_file.plain(f"{message['text']} {message['unheard']}") in agent_file.answers_to(STORY)


def _voiced_secs(text: str) -> float:
    """Return how long the agent's voice takes for `text`, pauses included."""
    if not text.strip():
        return 0.0
    return speech.trimmed(speech.say(text, voice=speech.AGENT_VOICE, words_per_minute=165)).size / 16_000
