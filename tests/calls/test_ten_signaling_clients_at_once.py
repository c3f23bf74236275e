"""Ten clients of `/ws/v2/{session_id}` on one process at the same time: each connects media and gets its own answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect

from tests import speech
from tests.bench.wire.call import Target, WireCall
from tests.bench.wire.microphone import Microphone, Sentence, room, sentence
from tests.bench.wire.opus import RATE
from tests.bench.wire.switchboard import Switchboard
from tests.clients import plain_http
from tests.server import ParleyServer

pytestmark = pytest.mark.calls

CLIENTS = 10
WITHIN = 60.0
"""Seconds: that each is answered is the claim, not how soon."""


class SignalingCall(WireCall[Microphone]):
    """A light client, so that ten leave the machine to the server."""

    def __init__(self, board: Switchboard, url: str, session_id: str, microphone: Microphone) -> None:
        super().__init__(board, Target(url), microphone)
        self.session_id = session_id
        self._signals = f"ws{url.removeprefix('http')}/ws/v2/{session_id}"
        self.socket: ClientConnection

    async def exchange(self, offer: Any, within: float) -> Any:
        self.socket = await connect(self._signals, open_timeout=within)
        await self.socket.send(json.dumps(offer))
        answer = json.loads(await asyncio.wait_for(self.socket.recv(), within))
        assert (answer["type"], answer["session_id"]) == ("answer", self.session_id)
        return answer


def test_ten_clients_signal_at_once_and_each_is_answered(bench: ParleyServer) -> None:
    asyncio.run(_talk(bench))


async def _talk(bench: ParleyServer) -> None:
    board, noise = Switchboard(), room()
    question = sentence(speech.say("How long is a tone?", RATE))
    calls = [
        SignalingCall(board, bench.url, f"ten-{number}", Microphone(noise, start=number * 37))
        for number in range(CLIENTS)
    ]
    try:
        await asyncio.gather(*(call.connect(WITHIN) for call in calls))
        listed = (await plain_http.request("GET", f"{bench.url}/v2/sessions")).json()
        assert {session["session_id"] for session in listed["sessions"]} == {c.session_id for c in calls}
        assert listed["count"] == CLIENTS
        await asyncio.gather(*(_ask(bench, call, question) for call in calls))
    finally:
        for call in calls:
            await call.hang_up()
            await call.socket.close()
        board.close()


async def _ask(bench: ParleyServer, call: SignalingCall, question: Sentence) -> None:
    asked_at = await call.microphone.say(question).ended
    await call.heard.first_audible(asked_at, WITHIN)
    told = (await plain_http.request("GET", f"{bench.url}/v1/sessions/{call.session_id}")).json()
    assert [message["role"] for message in told["history"]] == ["user", "assistant"]
    assert told["door"] == "signaling"
