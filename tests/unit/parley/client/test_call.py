"""One conversation over connections that the test makes, loses and refuses, on a clock of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from parley.client import connect
from parley.client.call import MOST_UNSAID, Call
from parley.client.errors import Busy, CallError, Refused, Unreachable
from parley.client.events import Ended, Event, Reconnected, Reconnecting, Session, State, Text
from parley.client.link import Listener
from parley.client.voice import Voice
from tests import virtual_time


class NotedLink:
    """A connection whose server is the test: `ends` with a reason, or with "" for a loss."""

    def __init__(self, voice: Voice, hear: Listener, noted: list[Any], opens: Session | CallError) -> None:
        self.voice, self.hear, self._noted, self._opens = voice, hear, noted, opens
        self._over: asyncio.Future[Ended | None] = asyncio.get_running_loop().create_future()

    async def open(self, resume: str) -> Session:
        self._noted.append(("open", resume))
        await asyncio.sleep(0.01)
        if isinstance(self._opens, CallError):
            raise self._opens
        self.hear(State("idle"))
        return self._opens

    async def serve(self) -> Ended | None:
        return await self._over

    def send(self, message: dict[str, str]) -> None:
        self._noted.append(message)

    async def close(self) -> None:
        self._noted.append("close")
        self.ends("")

    def ends(self, reason: str) -> None:
        if not self._over.done():
            self._over.set_result(Ended(reason) if reason else None)


class Server:
    """What each connection in turn is answered; then sessions of new ids."""

    def __init__(self, *answers: Session | CallError) -> None:
        self.noted: list[Any] = []
        self.links: list[NotedLink] = []
        self._answers = list(answers)

    def link(self, voice: Voice, hear: Listener) -> NotedLink:
        answer = self._answers.pop(0) if self._answers else Session(f"s{len(self.links)}")
        self.links.append(NotedLink(voice, hear, self.noted, answer))
        return self.links[-1]


def with_call(
    server: Server, scenario: Callable[[Call], Coroutine[Any, Any, None]], reconnect_secs: float = 60.0
) -> list[Event]:
    """Open a call, play the scenario, hang up; return all events."""

    async def play() -> list[Event]:
        call = Call(server.link, reconnect_secs)
        await call.open()
        await scenario(call)
        await call.hang_up()
        return [event async for event in call]

    first, *others = virtual_time.run(play())
    assert first == State("idle")
    return others


def test_a_call_tells_what_its_connection_tells_until_it_is_hung_up() -> None:
    server = Server(Session("s", "Front Desk"))

    async def scenario(call: Call) -> None:
        assert (call.session_id, call.agent, call.connected) == ("s", "Front Desk", True)
        server.links[0].hear(Text("Hello."))
        call.say("hi")
        call.interrupt()

    assert with_call(server, scenario) == [Text("Hello."), Ended("hung-up")]
    assert server.noted == [
        ("open", ""), {"type": "text", "text": "hi"}, {"type": "interrupt"}, "close",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("reason", "told"), [("", "lost"), ("server-stopping", "server-stopping"), ("vanished", "vanished")]
)
def test_a_lost_connection_is_made_again_and_the_old_one_closed_after_that(reason: str, told: str) -> None:
    server = Server(Session("s"), Unreachable("nobody"), Session("s"))

    async def scenario(call: Call) -> None:
        server.links[0].ends(reason)
        await asyncio.sleep(10)
        assert call.connected

    events = with_call(server, scenario)
    back = Reconnected("s", resumed=True)
    assert events == [Reconnecting(told), back, State("idle"), Ended("hung-up")]
    assert server.noted == [("open", ""), ("open", "s"), ("open", "s"), "close", "close"]


def test_a_conversation_that_the_server_did_not_keep_is_another_one() -> None:
    server = Server(Session("s"), Session("t"))

    async def scenario(call: Call) -> None:
        server.links[0].ends("")
        await asyncio.sleep(10)
        assert call.session_id == "t"

    assert with_call(server, scenario)[1] == Reconnected("t", resumed=False)


@pytest.mark.parametrize("reason", ["idle", "longest-call", "end-session", "too-many-errors"])
def test_what_the_server_meant_to_end_is_over(reason: str) -> None:
    server = Server()

    async def scenario(call: Call) -> None:
        server.links[0].ends(reason)
        await asyncio.sleep(10)
        assert not call.connected

    assert with_call(server, scenario) == [Ended(reason)]
    assert len(server.links) == 1


def test_who_does_not_want_to_reconnect_is_told_of_the_loss() -> None:
    server = Server()

    async def scenario(call: Call) -> None:
        server.links[0].ends("")
        await asyncio.sleep(10)

    assert with_call(server, scenario, reconnect_secs=0) == [Ended("lost")]


def test_a_connection_that_does_not_come_back_says_why() -> None:
    server = Server(Session("s"), *[Unreachable(f"try {number}") for number in range(20)])

    async def scenario(call: Call) -> None:
        server.links[0].ends("")
        await asyncio.sleep(120)

    reconnecting, ended = with_call(server, scenario)
    assert reconnecting == Reconnecting("lost")
    assert isinstance(ended, Ended)
    assert ended.reason == "lost"
    assert ended.detail.startswith("try ")


def test_what_is_typed_without_a_connection_is_said_with_the_next_and_what_is_spoken_is_not_kept() -> None:
    server = Server(Session("s"), Busy("full", 5.0))

    async def scenario(call: Call) -> None:
        call.send_audio(bytes(64_000))
        server.links[0].ends("")
        await asyncio.sleep(1)
        call.say("are you there?")
        call.send_audio(bytes(64_000))
        assert call.unsent_secs == 0
        for _ in range(MOST_UNSAID - 1):
            call.say("hello?")
        with pytest.raises(ValueError, match="16 texts wait for a connection already: wait for Reconnected"):
            call.say("hello?")
        await asyncio.sleep(20)
        call.send_audio(bytes(64_000))
        assert call.unsent_secs == 2

    with_call(server, scenario)
    said = [note["text"] for note in server.noted if isinstance(note, dict)]
    assert said == ["are you there?", *["hello?"] * (MOST_UNSAID - 1)]


def test_a_call_that_is_hung_up_while_it_is_made_again_is_over_at_once() -> None:
    server = Server(Session("s"), *[Unreachable("nobody")] * 20)

    async def scenario(call: Call) -> None:
        server.links[0].ends("")
        await asyncio.sleep(1)

    assert with_call(server, scenario) == [Reconnecting("lost"), Ended("hung-up")]


def test_a_fault_of_a_listener_is_met_by_whoever_reads() -> None:
    def fault(event: Event) -> None:
        raise ZeroDivisionError

    async def scenario() -> None:
        server = Server()
        call = Call(server.link, 60.0)
        await call.open()
        call.listen(fault)
        server.links[0].ends("idle")
        with pytest.raises(ZeroDivisionError):
            async for _ in call:
                pass

    virtual_time.run(scenario())


def test_a_call_that_can_not_be_made_says_why_and_is_not_tried_again() -> None:
    async def scenario() -> None:
        server = Server(Refused("no", "foreign-origin"))
        with pytest.raises(Refused, match="no"):
            await Call(server.link, 60.0).open()
        assert len(server.links) == 1

    virtual_time.run(scenario())


def test_a_transport_that_is_none_names_those_that_are() -> None:
    async def scenario() -> None:
        with pytest.raises(ValueError, match='transport "carrier-pigeon": use "webrtc" or "websocket"'):
            async with connect("http://127.0.0.1:9011", transport="carrier-pigeon"):  # type: ignore[arg-type]
                pass

    virtual_time.run(scenario())
