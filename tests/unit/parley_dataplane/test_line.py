"""What the parts of a session share: who is told of a failure, and which tasks are still to be awaited."""

from __future__ import annotations

import asyncio

from parley_dataplane.doors import WEBRTC_OFFER
from parley_dataplane.errors import EngineCrashed
from parley_dataplane.events import Problem
from parley_dataplane.line import Line
from parley_dataplane.records import ErrorSeen, Record
from parley_dataplane.session_settings import SessionSettings
from tests import virtual_time
from tests.one_call import Call, Peer


def line() -> tuple[Line, Peer, list[Record]]:
    agent, peer, records = Call().agent, Peer(), list[Record]()
    settings = SessionSettings.of(agent.spec)
    clock = asyncio.get_running_loop().time
    return Line("abc", WEBRTC_OFFER, peer, agent, settings, records.append, clock), peer, records


def test_a_problem_is_told_to_the_peer_and_counted() -> None:
    async def main() -> None:
        one, peer, records = line()
        one.problem(EngineCrashed("the voice is gone"))
        assert peer.events == [Problem("engine-crashed", "the voice is gone")]
        assert records == [ErrorSeen("engine-crashed", "abc", "offer")]

    virtual_time.run(main())


def test_a_call_has_settled_once_all_its_tasks_are_done_and_a_fault_is_counted_and_logged() -> None:
    async def main() -> None:
        one, _, records = line()
        logged: list[object] = []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda loop, context: logged.append(context["exception"]))

        async def fail() -> None:
            await asyncio.sleep(2.0)
            raise KeyError("text")

        one.hold(asyncio.create_task(asyncio.sleep(3.0)))
        one.hold(asyncio.create_task(fail()))
        began = loop.time()
        await one.settled()
        assert loop.time() - began == 3.0
        assert records == [ErrorSeen("internal", "abc", "offer")]
        assert [type(fault) for fault in logged] == [KeyError]

    virtual_time.run(main())
