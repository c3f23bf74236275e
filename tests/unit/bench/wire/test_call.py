"""A call of the load generator against aiortc's own peer connection: what it says arrives, what it hears is heard."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack

from tests.bench.wire import call as wire
from tests.bench.wire.call import RefusedError, Target, WireCall
from tests.bench.wire.microphone import Microphone, room
from tests.bench.wire.switchboard import Switchboard
from tests.clients.plain_http import Response


class Answerer:
    """aiortc behind the one request that a call makes."""

    def __init__(self) -> None:
        self.peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.heard = asyncio.Event()
        self.peer.addTrack(AudioStreamTrack())
        self.peer.on("track", lambda track: asyncio.ensure_future(self._listen(track)))

    async def _listen(self, track: Any) -> None:
        await track.recv()
        self.heard.set()

    async def request(self, _method: str, _url: str, body: Any, **_: Any) -> Response:
        await self.peer.setRemoteDescription(RTCSessionDescription(body["sdp"], body["type"]))
        await self.peer.setLocalDescription(await self.peer.createAnswer())
        answer = {"sdp": self.peer.localDescription.sdp, "type": "answer"}
        response = Response(200, {}, b"")
        object.__setattr__(response, "json", lambda: answer)
        return response


def test_audio_goes_both_ways_with_aiortc_and_goodbye_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        answerer, board = Answerer(), Switchboard()
        monkeypatch.setattr(wire.plain_http, "request", answerer.request)
        async with WireCall(board, Target("http://unused"), Microphone(room())) as call:
            assert 0 < call.offered_at <= call.answered_at <= call.connected_at
            await asyncio.wait_for(answerer.heard.wait(), 5)
            async with asyncio.timeout(5):
                while len(call.heard.at) < 5:
                    await asyncio.sleep(0.02)
            assert not any(call.heard.audible)  # AudioStreamTrack is digital silence
            assert call.lost_packets == 0
        async with asyncio.timeout(5):
            while answerer.peer.connectionState != "closed":
                await asyncio.sleep(0.02)
        await answerer.peer.close()
        board.close()

    asyncio.run(scenario())


def test_a_refusal_is_told_with_its_status(monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: Any, **__: Any) -> Response:
        return Response(503, {}, b"full")

    async def scenario() -> None:
        board = Switchboard()
        monkeypatch.setattr(wire.plain_http, "request", refuse)
        with pytest.raises(RefusedError, match="503: full"):
            async with WireCall(board, Target("http://unused"), Microphone(room())):
                pass
        board.close()

    asyncio.run(scenario())
