"""Through each door: at 2 s of a story of at least 15 s the caller speaks, or sends a message, and the story ends.

The tolerances, and why. STOP_SECS: the detector needs 75 to 135 ms of a voice (Silero crosses 0.5 there), the jitter
buffer up to 80 ms, a minimum of speech guards against coughs, and a tick is 20 ms. A WebSocket door may have sent
300 ms that are not heard yet: those bytes are received, and are not in the history. FastRTC has sent whole clauses, of
which what has been played counts as heard. A pause between clauses is in the history's seconds but is not audible.
"""

from __future__ import annotations

import asyncio

import pytest

from tests import speech
from tests.calls import agent_file
from tests.calls.doors import DOORS, Client, Door, ask, history
from tests.clients import plain_http
from tests.clients.sockets import SocketClient
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

STORY = "Please tell me a story about the sea."
INTERRUPTION = "What are your opening hours?"
HEARD_SECS = 2.0
STOP_SECS = 0.6
MESSAGE_SECS = 0.15
PAUSE_SECS = 0.6
TICK_SECS = 0.06


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_an_interruption_by_voice_stops_bytes_and_history_near_there(
    door: Door, reception: ParleyServer
) -> None:
    asyncio.run(_interrupted_by_voice(door, reception))


async def _interrupted_by_voice(door: Door, server: ParleyServer) -> None:
    async with door.call(server.url) as client:
        begin = await _story_at_two_seconds(door, client, server)
        speech_out = ask(client, server, INTERRUPTION)
        interrupted_at = await speech_out.begun()
        speech_ended = await speech_out.ended()

        # The next answer can't begin before the silence that ends a turn: what comes before it is the story's.
        await client.heard.first_audible(speech_ended + 0.1, within=15.0)
        messages = await _after_quiet(client, server)

        late = client.heard.audible(interrupted_at + STOP_SECS, speech_ended + 0.25)
        assert late == [], f"{len(late)} audible arrivals of the story {STOP_SECS} s after the interruption"
        _assert_history_stops_near(door, client, messages, begin, interrupted_at, STOP_SECS)
        assert messages[-1]["text"] in agent_file.answers_to(INTERRUPTION)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_an_interrupt_message_stops_bytes_and_history_near_there(door: Door, reception: ParleyServer) -> None:
    asyncio.run(_interrupted_by_message(door, reception))


async def _interrupted_by_message(door: Door, server: ParleyServer) -> None:
    async with door.call(server.url) as client:
        begin = await _story_at_two_seconds(door, client, server)
        interrupted_at = asyncio.get_running_loop().time()
        await _interrupt(client)
        await asyncio.sleep(1.5)
        messages = await history(client, server)

        assert client.heard.audible(interrupted_at + MESSAGE_SECS) == []
        _assert_history_stops_near(door, client, messages, begin, interrupted_at, MESSAGE_SECS)


def test_stop_tts_stops_the_speech_at_once(reception: ParleyServer) -> None:
    asyncio.run(_stopped_by_http(reception))


async def _stopped_by_http(server: ParleyServer) -> None:
    door = DOORS[0]
    async with door.call(server.url) as client:
        begin = await _story_at_two_seconds(door, client, server)
        interrupted_at = asyncio.get_running_loop().time()
        body = {"session_id": client.session_id}
        response = await plain_http.request("POST", f"{server.url}/api/voice/stop-tts", body)
        assert response.status == 200
        assert response.json() == {**body, "stopped": True}
        await asyncio.sleep(1.0)
        again = await plain_http.request("POST", f"{server.url}/api/voice/stop-tts", body)
        assert again.json() == {**body, "stopped": False}

        assert client.heard.audible(interrupted_at + MESSAGE_SECS) == []
        messages = await history(client, server)
        _assert_history_stops_near(door, client, messages, begin, interrupted_at, MESSAGE_SECS)


async def _story_at_two_seconds(door: Door, client: Client, server: ParleyServer) -> float:
    """Ask for the story and hear 2 s of it; return when its first audible packet arrived."""
    if door.greets:
        await client.heard.first_audible(0.0)
        await _interrupt(client)
        await client.heard.quiet(0.5)
    asked = await ask(client, server, STORY).ended()
    begin = (await client.heard.first_audible(asked, within=15.0)).at
    await asyncio.sleep(begin + HEARD_SECS - asyncio.get_running_loop().time())
    return begin


async def _interrupt(client: Client) -> None:
    if isinstance(client, SocketClient):
        await client.send({"type": "interrupt"})
    else:
        client.send({"type": "interrupt"})


async def _after_quiet(client: Client, server: ParleyServer) -> list[dict[str, object]]:
    await client.heard.quiet(1.5)
    return await history(client, server)


def _assert_history_stops_near(
    door: Door,
    client: Client,
    messages: list[dict[str, object]],
    begin: float,
    interrupted_at: float,
    allowed: float,
) -> None:
    """The story in the history ends where its audio ended, and that is where the caller cut in."""
    story = next(m for m in messages if m["role"] == "assistant" and _is_story(m))
    heard, unheard, seconds = str(story["text"]), str(story["unheard"]), float(str(story["seconds"]))
    played = interrupted_at - begin
    assert played - TICK_SECS <= seconds <= played + allowed + TICK_SECS
    assert _voiced_secs(f"{heard} {unheard}") >= 15.0
    assert _voiced_secs(heard) <= seconds + PAUSE_SECS
    assert _voiced_secs(heard) >= seconds - 2 * PAUSE_SECS

    received = client.heard.seconds(begin, interrupted_at + allowed)
    if door.clauses:
        assert client.heard.ahead(begin) <= door.ahead + TICK_SECS
        assert seconds <= received + TICK_SECS
    else:
        assert seconds - PAUSE_SECS <= received <= seconds + door.ahead + TICK_SECS


def _is_story(message: dict[str, object]) -> bool:
    whole = agent_file.plain(f"{message['text']} {message['unheard']}")
    return bool(message["unheard"]) and _voiced_secs(whole) > 10.0


def _voiced_secs(text: str) -> float:
    """Return how long the agent's voice takes for `text`, pauses included."""
    if not text.strip():
        return 0.0
    return speech.trimmed(speech.say(text, voice=speech.AGENT_VOICE, words_per_minute=165)).size / 16_000
