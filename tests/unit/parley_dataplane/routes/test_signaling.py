"""The two WebRTC doors, over a call that only notes: offers, candidates, the talk protocol, and who outlives whom."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from parley_dataplane.doors import DUPLEX
from parley_dataplane.errors import BadSdp, Draining
from parley_dataplane.events import AgentClause, StateChanged
from parley_dataplane.media.speaker import Chunk
from parley_dataplane.records import SignalHandled, SocketClosed, SocketOpened
from parley_dataplane.routes import webrtc_door
from tests.unit.parley_dataplane.routes.conftest import Server

SDP = "v=0\r\n"
PATH = "/ws/v2/abc"
OFFER = {"type": "offer", "sdp": SDP}


class NotedCall:
    """A call whose peer is the test."""

    made: list[NotedCall]

    def __init__(self, callbacks: dict[str, Callable[..., None]]) -> None:
        self.on = callbacks
        self.answer_sdp = f"answer {len(self.made)}"
        self.connected = False
        self.closed = False
        self.texts: list[Any] = []
        self.frames: list[Any] = []
        self.candidates: list[Any] = []
        self.made.append(self)

    @classmethod
    async def answer(cls, sdp: str, **callbacks: Callable[..., None]) -> NotedCall:
        if sdp != SDP:
            raise BadSdp("nonsense")
        return cls(callbacks)

    def send_pcm(self, frame: Any) -> None:
        self.frames.append(frame)

    def send_text(self, text: str) -> None:
        self.texts.append(json.loads(text))

    def add_candidate(self, candidate: Any) -> None:
        self.candidates.append(candidate)

    async def close(self) -> None:
        self.closed = True


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch, server: Server) -> list[NotedCall]:
    NotedCall.made = []
    monkeypatch.setattr(server.parley, "calls", NotedCall)
    monkeypatch.setattr(webrtc_door, "GOODBYE_SECS", 0.0)
    return NotedCall.made


async def offered(server: Any) -> Any:
    return await server.http("POST", "/api/webrtc/offer", json.dumps(OFFER).encode())


def test_an_offer_is_answered_and_the_session_starts_once_media_is_connected(
    server: Any, calls: list[NotedCall]
) -> None:
    async def scenario() -> None:
        answer = await offered(server)
        assert answer.json() == {"sdp": "answer 0", "type": "answer", "session_id": server.session.id}
        assert server.session.calls == []
        calls[0].on["on_connected"]()
        calls[0].on["on_connected"]()
        assert server.session.calls == ["start"]

    asyncio.run(scenario())


def test_every_tick_is_a_packet_whether_there_is_speech_or_not(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        await offered(server)
        frame = np.ones(480, np.int16)
        server.session.door.send_audio(Chunk(frame, 0, 0, False))
        server.session.door.send_silence()
        assert calls[0].frames[0] is frame
        assert calls[0].frames[1] is None

    asyncio.run(scenario())


def test_what_is_said_before_the_channel_opens_is_told_then(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        await offered(server)
        server.session.door.send_event(AgentClause(0, 0, "Hello."))
        assert calls[0].texts == []
        calls[0].on["on_channel_open"]()
        server.session.door.send_event(StateChanged("speaking"))
        assert [message["type"] for message in calls[0].texts] == ["session", "reply", "state", "state"]
        assert calls[0].texts[0] == {
            "type": "session", "session_id": server.session.id, "agent": "bench", "greeting": True
        }  # fmt: skip

    asyncio.run(scenario())


def test_a_channel_that_never_opens_costs_a_bounded_backlog(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        await offered(server)
        for number in range(500):
            server.session.door.send_event(AgentClause(0, number, "on and on"))
        calls[0].on["on_channel_open"]()
        told = [message["index"] for message in calls[0].texts if message["type"] == "reply"]
        assert told == list(range(500 - webrtc_door.MAX_EARLY_MESSAGES, 500))

    asyncio.run(scenario())


def test_the_channel_interrupts_types_and_says_goodbye(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        await offered(server)
        say = calls[0].on["on_message"]
        say('{"type": "interrupt"}')
        say('{"type": "text", "text": "Hi"}')
        assert server.session.calls == ["interrupt", ("type_text", "Hi")]
        say('{"type": "bye"}')
        assert server.session.ended == "peer-left"
        await asyncio.sleep(0.01)
        assert calls[0].closed

    asyncio.run(scenario())


def test_a_wrong_message_is_a_problem_and_the_call_goes_on(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        await offered(server)
        calls[0].on["on_channel_open"]()
        calls[0].on["on_message"]("{nonsense")
        assert calls[0].texts[-1]["type"] == "problem"
        assert calls[0].texts[-1]["code"] == "bad-message"
        assert server.parley.errors == ["bad-message"]
        assert server.session.ended is None

    asyncio.run(scenario())


def test_a_lost_call_ends_its_session(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        await offered(server)
        calls[0].on["on_closed"]("connect timeout")
        assert server.session.ended == "connect-timeout"

    asyncio.run(scenario())


def test_nothing_is_said_and_no_session_made_before_the_client_speaks(
    server: Any, calls: list[NotedCall]
) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            await peer.settled()
            assert peer.silent()
            assert not server.parley.sessions.all

    asyncio.run(scenario())


def test_signaling_answers_takes_candidates_and_pings(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say({"type": "candidate", "candidate": {"candidate": "too early"}})
            peer.say(OFFER)
            assert await peer.hear() == {"sdp": "answer 0", "type": "answer", "session_id": "abc"}
            peer.say({"type": "ice-candidate", "candidate": {"candidate": "c", "sdpMid": "0"}})
            peer.say({"type": "candidate", "candidate": None})
            peer.say({"type": "ping"})
            assert await peer.hear() == {"type": "pong"}
            assert calls[0].candidates == [{"candidate": "c", "sdpMid": "0", "sdpMLineIndex": None}, None]

    asyncio.run(scenario())


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("{nonsense", "bad-message"),
        ({"type": "join"}, "bad-message"),
        ({"type": "offer", "sdp": "v=0 but nonsense"}, "bad-sdp"),
    ],
)
def test_a_wrong_signal_is_an_error_and_the_next_offer_is_answered(
    server: Any, calls: list[NotedCall], message: Any, code: str
) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(message)
            error = await peer.hear()
            assert (error["type"], error["code"]) == ("error", code)
            assert server.parley.errors == [code]
            peer.say(OFFER)
            assert (await peer.hear())["type"] == "answer"

    asyncio.run(scenario())


def test_media_outlives_its_signaling_and_a_session_without_media_does_not(
    server: Any, calls: list[NotedCall]
) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(OFFER)
            await peer.hear()
        assert server.session.ended is None
        async with server.socket("/ws/v2/other") as peer:
            peer.say({"type": "offer", "sdp": "v=0 but nonsense"})
            await peer.hear()
        assert server.session.ended == "peer-left"

    asyncio.run(scenario())


def test_a_second_offer_replaces_the_call_and_keeps_the_session(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        for _ in range(2):
            async with server.socket(PATH) as peer:
                peer.say(OFFER)
                assert (await peer.hear())["session_id"] == "abc"
        await asyncio.sleep(0.01)
        assert [call.closed for call in calls] == [True, False]
        assert len(server.parley.sessions.all) == 1

    asyncio.run(scenario())


def test_an_offer_that_resumes_replaces_the_call_and_keeps_the_session(
    server: Any, calls: list[NotedCall]
) -> None:
    async def scenario() -> None:
        first = (await offered(server)).json()
        again = json.dumps({**OFFER, "resume": first["session_id"]}).encode()
        answer = await server.http("POST", "/api/webrtc/offer", again)
        assert answer.json() == {**first, "sdp": "answer 1"}
        await asyncio.sleep(0.01)
        assert [call.closed for call in calls] == [True, False]
        assert len(server.parley.sessions.all) == 1

    asyncio.run(scenario())


def test_an_offer_that_can_not_be_answered_does_not_end_what_it_would_resume(
    server: Any, calls: list[NotedCall]
) -> None:
    async def scenario() -> None:
        session_id = (await offered(server)).json()["session_id"]
        nonsense = json.dumps({"type": "offer", "sdp": "v=0 nonsense", "resume": session_id}).encode()
        assert (await server.http("POST", "/api/webrtc/offer", nonsense)).status == 400
        assert server.session.ended is None
        assert not calls[0].closed

    asyncio.run(scenario())


@pytest.mark.parametrize(("state", "status"), [("unknown", 404), ("ended", 410), ("of another door", 400)])
def test_only_a_session_of_this_door_that_goes_on_is_resumed(
    server: Any, calls: list[NotedCall], state: str, status: int
) -> None:
    async def scenario() -> None:
        session_id = "nobody"
        if state == "ended":
            session_id = (await offered(server)).json()["session_id"]
            server.session.end("idle")
        elif state == "of another door":
            session_id = server.parley.sessions.open(DUPLEX, None).id
        again = json.dumps({**OFFER, "resume": session_id}).encode()
        answer = await server.http("POST", "/api/webrtc/offer", again)
        assert answer.status == status

    asyncio.run(scenario())


def test_the_end_of_a_session_closes_its_signaling(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            peer.say(OFFER)
            await peer.hear()
            server.session.end("server-stopping")
            assert await peer.hear() == ("close", 1001)

    asyncio.run(scenario())


def test_each_message_is_told_by_its_type_and_with_its_time_and_each_socket_comes_and_goes(
    server: Any, calls: list[NotedCall]
) -> None:
    async def scenario() -> None:
        async with server.socket(PATH) as peer:
            for message in (OFFER, {"type": "ice_candidate", "candidate": None}, {"type": "ping"}):
                peer.say(message)
            for message in ({"type": "<script>"}, "{nonsense", {"type": "offer", "sdp": "nonsense"}):
                peer.say(message)
            await peer.settled()
            assert server.parley.records[0] == SocketOpened("signaling")
        handled = [record for record in server.parley.records if isinstance(record, SignalHandled)]
        assert [record.type for record in handled] == [
            "offer", "ice_candidate", "ping", "unknown", "unknown", "offer"
        ]  # fmt: skip
        assert all(0 <= record.seconds < 1 for record in handled)
        assert server.parley.records[-1] == SocketClosed("signaling")
        assert set(server.parley.doors) == {"signaling"}

    asyncio.run(scenario())


def test_a_server_that_stops_closes_with_try_again_later(server: Any, calls: list[NotedCall]) -> None:
    async def scenario() -> None:
        server.parley.sessions.refuse = Draining("stopping")
        async with server.socket(PATH) as peer:
            peer.say(OFFER)
            told = await peer.hear()
            assert (told["code"], told["retry_after"]) == ("draining", 1)
            assert await peer.hear() == ("close", 1013)

    asyncio.run(scenario())


@pytest.mark.parametrize("has_call", [False, True], ids=["no call", "a call"])
def test_only_a_socket_that_brings_no_call_is_closed_after_a_while(
    has_call: bool, server: Any, calls: list[NotedCall]
) -> None:
    """Who only answered pings kept as many sockets as there are descriptors, for ever. Fails when no timer is set."""

    async def scenario() -> None:
        spec = server.parley.agent.spec
        patient = spec.sessions.model_copy(update={"idle_timeout_seconds": 0.2})
        server.parley.agent.spec = spec.model_copy(update={"sessions": patient})
        async with server.socket(PATH) as peer:
            if has_call:
                peer.say(OFFER)
                assert (await peer.hear())["type"] == "answer"
                await asyncio.sleep(0.4)
                peer.say({"type": "ping"})
                assert await peer.hear() == {"type": "pong"}
            else:
                assert await peer.hear() == ("close", 1008)

    asyncio.run(scenario())
