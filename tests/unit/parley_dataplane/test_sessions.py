"""All calls of a process: room, ids, and that one has nothing of another."""

from __future__ import annotations

import asyncio

import pytest

from parley_dataplane.doors import DUPLEX, FASTRTC, WEBRTC_OFFER, NoDoor
from parley_dataplane.errors import BadMessage, Draining, EndedSession, TooManySessions
from tests.one_call import Call, Peer


def test_one_session_more_than_the_limit_is_refused() -> None:
    async def script(call: Call) -> None:
        with pytest.raises(TooManySessions, match="1 of 1 sessions are in use"):
            call.sessions.open(DUPLEX, Peer())
        await call.session.close("hung-up")
        await call.sessions.open(DUPLEX, Peer()).close("hung-up")
        call.sessions.draining = True
        with pytest.raises(Draining):
            call.sessions.open(DUPLEX, Peer())

    Call(sessions={"limit": 1}).run(script)


def test_a_session_that_can_give_way_does_so_for_a_new_one_and_no_other_is_touched() -> None:
    async def script(call: Call) -> None:
        idle = [call.sessions.open(WEBRTC_OFFER, Peer()) for _ in range(2)]
        rest = list(idle)

        def make_room() -> bool:
            if not rest:
                return False
            rest.pop(0).end("gave-way")
            return True

        call.sessions.make_room = make_room
        for _ in range(2):
            call.sessions.open(WEBRTC_OFFER, Peer())
        with pytest.raises(TooManySessions):
            call.sessions.open(WEBRTC_OFFER, Peer())
        assert [session.ended for session in idle] == ["gave-way"] * 2
        assert call.session.ended is None

    Call(sessions={"limit": 3}).run(script)


def test_a_session_can_wait_for_its_peer() -> None:
    async def script(call: Call) -> None:
        waiting = call.sessions.open(WEBRTC_OFFER, session_id="abc")
        peer = Peer()
        with pytest.raises(BadMessage, match="in use"):  # it would be counted as opened here, as ended there
            call.sessions.open(DUPLEX, peer, session_id="abc")
        assert call.sessions.open(WEBRTC_OFFER, peer, session_id="abc") is waiting
        with pytest.raises(BadMessage, match="in use"):
            call.sessions.open(WEBRTC_OFFER, Peer(), session_id="abc")
        with pytest.raises(BadMessage, match="session id"):
            call.sessions.open(DUPLEX, Peer(), session_id="../etc")

    Call().run(script)


def test_a_session_that_waits_ends_after_the_idle_timeout_unless_it_was_used_meanwhile() -> None:
    async def script(call: Call) -> None:
        waiting, used = (call.sessions.open(FASTRTC) for _ in range(2))
        for _ in range(3):
            await asyncio.sleep(4.0)
            used.attach(FASTRTC, Peer())
            used.attach(FASTRTC, NoDoor())
        assert (waiting.ended, used.ended) == ("idle", None)
        with pytest.raises(EndedSession):
            call.sessions.get(waiting.id)
        await asyncio.sleep(11.0)
        assert used.ended == "idle"

    Call(sessions={"idleTimeoutSeconds": 10}).run(script)


def test_the_settings_of_one_call_are_not_those_of_another() -> None:
    async def script(call: Call) -> None:
        other = call.sessions.open(DUPLEX, Peer())
        call.session.configure(silence_ms=900)
        assert other.settings.silence_ms == 300
        assert list(other.history) == []

    Call(texts=["a"]).run(script)


def test_the_last_session_of_an_agent_is_over_once_nothing_of_it_runs() -> None:
    async def script(call: Call) -> None:
        other = Call().agent
        call.sessions.agent = other
        later = call.sessions.open(DUPLEX, Peer())
        last = asyncio.create_task(call.sessions.last_of(call.agent))
        await asyncio.sleep(1.0)
        assert not last.done()
        call.session.end("hung-up")
        await last
        await call.session.settled()
        assert later.ended is None
        await call.sessions.last_of(call.agent)

    Call().run(script)
