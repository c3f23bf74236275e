"""The door of a WebRTC call, with sessions that note what it calls."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from parley_dataplane.doors import WEBRTC_OFFER
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
