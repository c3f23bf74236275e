"""Through each door, with the embedded engines: a question goes in as sound, the answer comes out as sound.

The answer is expected as the agent file has it. It is looked for in the door's own texts, in the history, and in
the audio that arrived, where another answer of the same file must not be found.
"""

from __future__ import annotations

import asyncio

import pytest

from tests import agent_file
from tests.calls.doors import (
    DOORS,
    OTHER_QUESTION,
    QUESTION,
    Calls,
    Door,
    Held,
    answer_begins,
    ask,
    at_every_door,
    held_at,
    history,
)
from tests.clients.listening import SAME, resemblance
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

TICK_SECS = 0.06
"""What a test's loop and the server's 20 ms tick may add to a time of arrival on a busy machine."""


@pytest.fixture(scope="module")
def calls(reception_without_fillers: ParleyServer) -> Calls:
    return at_every_door(_question, reception_without_fillers)


async def _question(door: Door, server: ParleyServer) -> Held:
    async with door.call(server.url) as client:
        if door.greets:
            await client.heard.first_audible(0.0)
            await client.heard.quiet(1.0)
        else:
            await asyncio.sleep(1.5)
        spoken = ask(client, server, QUESTION)
        asked = await spoken.begun()
        begin = await answer_begins(client, await spoken.ended())
        await client.heard.quiet(1.5)
        return Held(door, client, await history(client, server), asked, begin)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_a_spoken_question_gets_the_right_answer_as_text_and_in_the_history(door: Door, calls: Calls) -> None:
    held = held_at(door, calls)
    *_, question, answer = held.messages
    assert (question["role"], answer["role"]) == ("user", "assistant")
    assert answer["text"] in agent_file.answers_to(QUESTION)
    assert answer["unheard"] == ""
    assert door.transcripts(held.client, held.asked) == [question["text"]]
    assert door.answer(held.client, held.asked) == answer["text"]


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_the_audio_that_arrives_is_the_right_answer_and_no_other(door: Door, calls: Calls) -> None:
    held = held_at(door, calls)
    heard, rate, answer = held.client.heard.pcm(held.begin), held.client.heard.rate, held.messages[-1]
    assert all(resemblance(heard, rate, foreign) < SAME for foreign in agent_file.answers_to(OTHER_QUESTION))
    assert any(resemblance(heard, rate, right) >= SAME for right in agent_file.answers_to(QUESTION))
    # What is said to have been heard has the pause after its last word too, 0.45 s.
    assert held.client.heard.seconds(held.begin) == pytest.approx(answer["seconds"], abs=0.65)


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_the_greeting_is_spoken_on_the_webrtc_doors_alone(door: Door, calls: Calls) -> None:
    held = held_at(door, calls)
    before = held.client.heard.pcm(0.0, held.asked)
    if door.greets:
        assert resemblance(before, held.client.heard.rate, agent_file.greeting()) >= SAME
        assert held.messages[0]["text"] == agent_file.greeting()
    else:
        assert before.size == 0, "a WebSocket door spoke before its caller"
        assert held.messages[0]["role"] == "user"


@pytest.mark.parametrize("door", [door for door in DOORS if door.ahead], ids=lambda door: door.route)
def test_audio_leaves_at_the_pace_of_speech(door: Door, calls: Calls) -> None:
    held = held_at(door, calls)
    assert held.client.heard.ahead(held.begin) <= door.ahead + TICK_SECS + held.client.pace.latest
