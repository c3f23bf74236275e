"""Through each door, with the embedded engines: a question goes in as sound, the answer comes out as sound.

The answer is expected as the agent file has it. It is looked for in the door's own texts, in the history, and in
the audio that arrived, where another answer of the same file must not be found.
"""

from __future__ import annotations

import asyncio

import pytest

from tests.calls import agent_file
from tests.calls.doors import DOORS, Door, ask, history
from tests.clients.listening import SAME, resemblance
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

QUESTION = "What are your opening hours?"
OTHER_QUESTION = "What should I bring?"
TICK_SECS = 0.06
"""What a test's loop and the server's 20 ms tick may add to a time of arrival on a busy machine."""


@pytest.mark.parametrize("door", DOORS, ids=lambda door: door.route)
def test_a_spoken_question_gets_the_right_answer(door: Door, reception: ParleyServer) -> None:
    asyncio.run(_question(door, reception))


async def _question(door: Door, server: ParleyServer) -> None:
    expected, other = agent_file.answers_to(QUESTION), agent_file.answers_to(OTHER_QUESTION)
    async with door.call(server.url) as client:
        if door.greets:
            greeted = await client.heard.first_audible(0.0)
            await client.heard.quiet(1.0)
            assert resemblance(client.heard.pcm(greeted.at), client.heard.rate, agent_file.greeting()) >= SAME
        else:
            await asyncio.sleep(1.5)
            assert client.heard.arrivals == [], "a WebSocket door spoke before its caller"

        spoken = ask(client, server, QUESTION)
        asked_at = await spoken.begun()
        first = await client.heard.first_audible(await spoken.ended())
        await client.heard.quiet(1.5)

        *_, question, answer = await history(client, server)
        assert (question["role"], answer["role"]) == ("user", "assistant")
        assert answer["text"] in expected
        assert answer["unheard"] == ""
        assert door.transcripts(client, asked_at) == [question["text"]]
        assert door.answer(client, asked_at) == answer["text"]

        heard = client.heard.pcm(first.at)
        assert resemblance(heard, client.heard.rate, answer["text"]) >= SAME
        assert all(resemblance(heard, client.heard.rate, foreign) < SAME for foreign in other)
        assert client.heard.seconds(first.at) == pytest.approx(answer["seconds"], abs=0.5)
        if door.ahead:
            assert client.heard.ahead(first.at) <= door.ahead + TICK_SECS
