"""The full-duplex door: a session from connect to disconnect, samples both ways."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np

from parley_dataplane.errors import Draining
from parley_dataplane.events import AgentClause, AgentHeard
from parley_dataplane.media.speaker import Chunk


def test_connecting_begins_a_session_and_leaving_ends_it(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket("/ws") as peer:
            assert await peer.hear() == {"type": "session", "session_id": "s0"}
            assert server.session.calls == ["start"]
        assert server.session.ended == "peer-left"

    asyncio.run(scenario())


def test_samples_words_and_interruptions_reach_the_session(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket("/ws") as peer:
            peer.say(np.array([1, -2], "<i2").tobytes())
            peer.say({"type": "text", "text": "Hello"})
            peer.say({"type": "interrupt"})
            await peer.settled()
            assert server.session.calls == ["start", "hear", ("type_text", "Hello"), "interrupt"]
            assert server.session.pcm().tolist() == [1, -2]

    asyncio.run(scenario())


def test_who_is_wrong_again_and_again_is_let_go(server: Any) -> None:
    """Each wrong message was answered and logged, however many: one connection wrote 4 MB of log in four seconds. Fails
    when errors of one connection have no limit.
    """

    async def scenario() -> None:
        async with server.socket("/ws") as peer:
            await peer.hear()
            for _ in range(300):
                peer.say("nonsense")
            for _ in range(200):
                assert (await peer.hear())["code"] == "bad-message"
            assert await peer.hear() == ("close", 1007)
        assert len(server.parley.errors) == 200

    asyncio.run(scenario())


def test_an_odd_message_is_an_error_and_shifts_nothing_that_follows(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket("/ws") as peer:
            await peer.hear()
            peer.say(b"\1\0\2")
            peer.say(b"\3\0")
            assert (await peer.hear())["code"] == "bad-audio"
            await peer.settled()
            assert server.session.pcm().tolist() == [1, 3]
            assert server.parley.errors == ["bad-audio"]

    asyncio.run(scenario())


def test_an_answer_comes_as_text_and_samples_and_stops_with_an_interruption(server: Any) -> None:
    async def scenario() -> None:
        async with server.socket("/ws") as peer:
            await peer.hear()
            door = server.session.door
            door.send_event(AgentClause(0, 0, "Once."))
            door.send_audio(Chunk(np.array([5, 6], np.int16), 0, 0, False))
            assert await peer.hear() == {"type": "text", "turn": 0, "index": 0, "text": "Once. "}
            assert await peer.hear() == b"\5\0\6\0"
            door.send_audio(Chunk(np.array([7], np.int16), 0, 0, True))
            door.send_event(AgentHeard(0, "On", "ce.", True, 0.1))
            assert await peer.hear() == {"type": "interrupted"}
            heard = await peer.hear()
            assert (heard["type"], heard["heard"], heard["unheard"]) == ("heard", "On", "ce.")

    asyncio.run(scenario())


def test_a_server_that_stops_takes_nobody(server: Any) -> None:
    async def scenario() -> None:
        server.parley.sessions.refuse = Draining("stopping")
        async with server.socket("/ws") as peer:
            assert (await peer.hear())["code"] == "draining"
            assert await peer.hear() == ("close", 1013)
        assert server.parley.errors == ["draining"]

    asyncio.run(scenario())
