"""What a signal does to the server, on a virtual clock: uvicorn's own loop and end, and sessions with fake engines."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from parley_dataplane.drain import LAST_WORDS_SECS, Drain
from parley_dataplane.records import DrainBegan, DrainEnded
from parley_dataplane.server import GOODBYE_SECS, LAST_ANSWERS_SECS, _Server
from tests.one_call import Call

TICK_SECS = 0.1
"""How often uvicorn looks whether it is to end."""


async def _no_app(scope: Scope, receive: Receive, send: Send) -> None:
    """Nobody asks anything here."""


LONGEST_SECS = 1000.0
"""Else a server that never ends would look for it for ever: its clock jumps."""


class Serving:
    """uvicorn's main loop beside one call."""

    def __init__(self, call: Call, drain_seconds: float) -> None:
        self.call = call
        drain = Drain(call.sessions, call.records.append)
        config = uvicorn.Config(
            _no_app, lifespan="off", log_config=None, timeout_graceful_shutdown=int(GOODBYE_SECS)
        )
        config.load()
        parley = SimpleNamespace(sessions=call.sessions, drain=drain)
        self.server = _Server(config, parley, lambda: None, drain_seconds)  # type: ignore[arg-type]
        self.server.servers = []
        self.server.lifespan = config.lifespan_class(config)
        self.began = asyncio.get_running_loop().time()
        self.loop = asyncio.create_task(self.server.main_loop())

    def gets(self, *signals: signal.Signals) -> None:
        for number in signals:
            self.server.handle_exit(number, None)

    async def stops(self) -> float:
        """How many seconds after the beginning it did."""
        async with asyncio.timeout(LONGEST_SECS):
            await self.loop
        return asyncio.get_running_loop().time() - self.began

    async def ends(self) -> float:
        """Likewise, with the calls that were left."""
        await self.stops()
        await self.server.shutdown()
        return asyncio.get_running_loop().time() - self.began

    def told(self) -> list[str]:
        return [r.outcome for r in self.call.records if isinstance(r, DrainEnded)]


def run(script: Callable[[Serving], Awaitable[None]], drain_seconds: float = 3200.0) -> None:
    async def main(call: Call) -> None:
        await script(Serving(call, drain_seconds))

    Call(conversation={"instructions": "Be kind.", "goodbye": "We have to close."}).run(main)


SIGNALS = (signal.SIGTERM, signal.SIGINT)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_where_calls_have_no_time_a_signal_is_the_goodbye(number: signal.Signals) -> None:
    async def script(serving: Serving) -> None:
        serving.gets(number)
        assert await serving.ends() < 10.0
        assert serving.call.session.ended == "server-stopping"
        assert "We have to close." in [m.text for m in serving.call.session.history]
        assert serving.told() == []

    run(script, drain_seconds=0.0)


def test_ctrl_c_is_the_goodbye_though_calls_have_time() -> None:
    async def script(serving: Serving) -> None:
        serving.gets(signal.SIGINT)
        assert await serving.stops() <= TICK_SECS
        assert not any(isinstance(record, DrainBegan) for record in serving.call.records)

    run(script)


def test_after_sigterm_it_serves_until_the_last_call_has_ended_and_its_answers_are_read() -> None:
    async def script(serving: Serving) -> None:
        serving.gets(signal.SIGTERM)
        await asyncio.sleep(200.0)
        assert not serving.loop.done()
        assert serving.call.sessions.draining
        assert serving.call.session.ended is None
        serving.call.session.end("peer-left")
        assert await serving.stops() == pytest.approx(200.0, abs=LAST_WORDS_SECS + 2 * TICK_SECS)
        assert serving.server.config.timeout_graceful_shutdown == LAST_ANSWERS_SECS
        assert serving.told() == ["last-call-ended"]

    run(script)


def test_when_the_time_is_over_it_says_goodbye() -> None:
    async def script(serving: Serving) -> None:
        serving.gets(signal.SIGTERM)
        assert 60.0 <= await serving.ends() < 70.0
        assert serving.call.session.ended == "server-stopping"
        assert "We have to close." in [m.text for m in serving.call.session.history]
        assert serving.told() == ["time-over"]

    run(script, drain_seconds=60.0)


@pytest.mark.parametrize("number", SIGNALS, ids=lambda number: number.name)
def test_a_second_signal_is_the_goodbye(number: signal.Signals) -> None:
    async def script(serving: Serving) -> None:
        serving.gets(signal.SIGTERM)
        await asyncio.sleep(60.0)
        serving.gets(number)
        assert 60.0 <= await serving.ends() < 70.0
        assert "We have to close." in [m.text for m in serving.call.session.history]
        assert serving.told() == ["cut-short"]

    run(script)


def test_two_at_once_are_the_goodbye() -> None:
    async def script(serving: Serving) -> None:
        serving.gets(signal.SIGTERM, signal.SIGTERM)
        assert await serving.ends() < 10.0
        assert serving.call.session.ended == "server-stopping"

    run(script)


def test_ctrl_c_after_the_second_does_not_wait_for_the_goodbye() -> None:
    async def script(serving: Serving) -> None:
        serving.gets(signal.SIGTERM)
        await asyncio.sleep(60.0)
        serving.gets(signal.SIGTERM, signal.SIGINT)
        assert await serving.ends() < 61.0
        assert serving.call.session.ended == "server-stopping"

    run(script)


def test_what_runs_beside_it_does_not_end_calls_that_drain() -> None:
    async def script(serving: Serving) -> None:
        serving.gets(signal.SIGTERM)
        serving.server.stop(None)
        await asyncio.sleep(60.0)
        assert not serving.loop.done()
        serving.call.session.end("peer-left")
        await serving.stops()

    run(script)


def test_without_a_signal_it_ends_with_what_runs_beside_it() -> None:
    async def script(serving: Serving) -> None:
        serving.server.stop(None)
        assert await serving.stops() <= TICK_SECS

    run(script)
