"""The door of a WebRTC call, with sessions that note what it calls."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import numpy as np

from parley_dataplane.doors import WEBRTC_OFFER
from parley_dataplane.media import SPEAKING_FRAME, Pcm
from parley_dataplane.media.speaker import Chunk
from parley_dataplane.process import Parley
from parley_dataplane.routes.sockets import MOST_ERRORS
from parley_dataplane.routes.webrtc_door import WebRtcDoor
from tests.unit.parley_dataplane.routes.conftest import NotedParley


def test_a_data_channel_of_nothing_but_mistakes_ends_the_call_after_as_many_as_a_socket_may_make() -> None:
    """Each is a line in the log: without an end, one peer could fill the disk."""

    async def talk() -> None:
        noted = NotedParley()
        door = WebRtcDoor(cast(Parley, noted), WEBRTC_OFFER)
        read: Any = door._read
        for _ in range(MOST_ERRORS - 1):
            read("no JSON")
        assert noted.sessions.last.ended is None
        read("no JSON")
        assert noted.sessions.last.ended == "too-many-errors"
        assert len(noted.errors) == MOST_ERRORS

    asyncio.run(talk())


class NotedCall:
    """A connected call that notes what leaves."""

    rests = False
    answer_sdp = "v=0"

    def __init__(self) -> None:
        self.sent: list[Pcm | None] = []

    def send_pcm(self, pcm: Pcm | None) -> None:
        self.sent.append(pcm)


def test_no_silence_leaves_before_a_test_tone_and_all_of_it_after() -> None:
    """A tick between the connection and the tone's first frame sent a packet of silence first. Fails when the door does
    not hold it back.
    """

    async def talk(test_tone: bool) -> tuple[list[Any], list[Pcm | None]]:
        noted, call = NotedParley(), NotedCall()
        door = WebRtcDoor(cast(Parley, noted), WEBRTC_OFFER, test_tone=test_tone)
        door._call = cast(Any, call)
        cast(Any, door)._connected()
        assert door.rests == test_tone
        door.send_silence()
        door.send_audio(Chunk(np.ones(SPEAKING_FRAME, np.int16), 0, 0, False))
        door.send_silence()
        return noted.sessions.last.calls, call.sent

    calls, (first, after) = asyncio.run(talk(test_tone=True))
    assert calls == ["start with a test tone"]
    assert first is not None
    assert after is None
    calls, sent = asyncio.run(talk(test_tone=False))
    assert calls == ["start"]
    assert [pcm is None for pcm in sent] == [True, False, True]
