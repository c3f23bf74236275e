"""A drain on a virtual clock: what it waits for, what it lets go on, and what it tells."""

from __future__ import annotations

import asyncio

import pytest

from parley_dataplane.doors import DUPLEX, FASTRTC, WEBRTC_SIGNALING
from parley_dataplane.drain import LAST_WORDS_SECS, Drain
from parley_dataplane.errors import Draining
from parley_dataplane.records import DrainBegan, DrainEnded
from tests.one_call import ANSWER, Call, Peer


def now() -> float:
    return asyncio.get_running_loop().time()


def told(call: Call) -> list[DrainBegan | DrainEnded]:
    return [record for record in call.records if isinstance(record, DrainBegan | DrainEnded)]


async def moment() -> None:
    for _ in range(20):
        await asyncio.sleep(0)


def test_it_ends_with_the_last_call_and_takes_none_meanwhile() -> None:
    async def script(call: Call) -> None:
        other = call.sessions.open(DUPLEX, Peer())
        drain = Drain(call.sessions, call.records.append)
        assert drain.seconds_left is None
        began, draining = now(), asyncio.create_task(drain.run(3600.0))
        await moment()
        for kind in (DUPLEX, FASTRTC, WEBRTC_SIGNALING):
            with pytest.raises(Draining):
                call.sessions.open(kind, Peer())
        await asyncio.sleep(100.0)
        assert drain.seconds_left == pytest.approx(3500.0)
        call.session.end("peer-left")
        await asyncio.sleep(10.0)
        assert not draining.done()
        other.end("peer-left")
        assert await draining is True
        assert now() - began == pytest.approx(110.0 + LAST_WORDS_SECS)
        assert told(call) == [
            DrainBegan(2, 3600.0),
            DrainEnded("last-call-ended", 0, pytest.approx(110.0)),
        ]

    Call().run(script)


def test_a_call_in_progress_does_not_notice() -> None:
    async def script(call: Call) -> None:
        draining = asyncio.create_task(Drain(call.sessions, call.records.append).run(3600.0))
        await moment()
        for turn in (1, 2):
            await call.speak(1.0, 5.0)
            assert [m.text for m in call.session.history if m.role == "assistant"] == [ANSWER] * turn
        assert call.session.ended is None
        assert call.peer.closed is None
        call.session.end("peer-left")
        assert await draining is True

    Call(texts=["one", "two"]).run(script)


def test_a_session_that_waits_for_its_peer_gets_it_and_goes_by_its_idle_timeout() -> None:
    async def script(call: Call) -> None:
        met, left = (call.sessions.open(FASTRTC, session_id=name) for name in ("met", "left"))
        call.session.end("peer-left")
        began, draining = now(), asyncio.create_task(Drain(call.sessions, call.records.append).run(3600.0))
        await asyncio.sleep(5.0)
        assert call.sessions.open(FASTRTC, Peer(), session_id="met") is met
        met.end("end-session")
        assert await draining is True
        assert left.ended == "idle"
        assert now() - began == pytest.approx(10.0, abs=1.0)

    Call(sessions={"idleTimeoutSeconds": 10}).run(script)


def test_it_ends_when_its_time_is_over_and_leaves_the_goodbye_to_the_server() -> None:
    async def script(call: Call) -> None:
        began = now()
        drain = Drain(call.sessions, call.records.append)
        assert await drain.run(60.0) is False
        assert now() - began == pytest.approx(60.0)
        assert call.session.ended is None
        assert drain.seconds_left == 0.0
        assert told(call)[-1] == DrainEnded("time-over", 1, pytest.approx(60.0))

    Call().run(script)


def test_where_nobody_calls_it_ends_at_once() -> None:
    async def script(call: Call) -> None:
        call.session.end("peer-left")
        began = now()
        assert await Drain(call.sessions, call.records.append).run(3600.0) is True
        assert now() - began == pytest.approx(LAST_WORDS_SECS)

    Call().run(script)


def test_one_that_is_cut_short_says_with_how_many_calls() -> None:
    async def script(call: Call) -> None:
        drain = Drain(call.sessions, call.records.append)
        draining = asyncio.create_task(drain.run(60.0))
        await asyncio.sleep(20.0)
        draining.cancel()
        await asyncio.wait((draining,))
        assert told(call)[-1] == DrainEnded("cut-short", 1, pytest.approx(20.0))
        assert drain.seconds_left == 0.0, "no new call is taken any more"

    Call().run(script)
