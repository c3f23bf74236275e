"""One process, one agent after the other: a call keeps the agent it began with, and nothing of an earlier one stays."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from parley_api import load
from parley_dataplane.agent import Agent
from parley_dataplane.doors import DUPLEX, WEBRTC_OFFER
from parley_dataplane.errors import EngineUnavailable
from parley_dataplane.process import Parley
from parley_dataplane.settings import Settings
from parley_dataplane.transports.webrtc import calls
from tests.one_call import Peer

BENCH = Path("examples/bench.yaml")


@dataclass
class Noted:
    """Notes when an engine of an agent's begins and ends."""

    told: list[str] = field(default_factory=list)
    fails: bool = False

    def on(self, agent: Agent, name: str) -> Agent:
        llm: Any = agent.engines.llm

        async def start() -> None:
            self.told.append(f"{name} starts")
            if self.fails:
                raise EngineUnavailable("it is not there")

        async def close() -> None:
            self.told.append(f"{name} ends")

        llm.start, llm.close = start, close
        return agent


def an_agent(greeting: str = "", **media: Any) -> Agent:
    agent = load(BENCH)
    conversation = agent.spec.conversation.model_copy(update={"greeting": greeting or None})
    spec = agent.spec.model_copy(
        update={"conversation": conversation, "media": agent.spec.media.model_copy(update=media)}
    )
    return Agent.load(agent.model_copy(update={"spec": spec}), BENCH.parent, Settings())


def run(script: Callable[[Parley, Noted], Awaitable[None]], monkeypatch: pytest.MonkeyPatch) -> Noted:
    """`script` with a process that serves the agent "first"."""
    monkeypatch.setattr(calls, "host_addresses", lambda: ["127.0.0.1"])
    noted = Noted()

    async def main() -> None:
        parley = Parley(noted.on(an_agent("Hello."), "first"))
        await parley.start()
        async with asyncio.timeout(20):
            await script(parley, noted)
        await parley.close("test-over")
        assert len(asyncio.all_tasks()) == 1, asyncio.all_tasks()

    asyncio.run(main())
    return noted


def test_a_call_keeps_its_agent_and_the_next_one_has_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(parley: Parley, noted: Noted) -> None:
        old = parley.sessions.open(DUPLEX, Peer())
        waits = parley.sessions.open(WEBRTC_OFFER)
        await parley.take(noted.on(an_agent("Welcome."), "second"))
        new = parley.sessions.open(DUPLEX, Peer())
        assert [s.agent.greeting for s in (old, waits, new)] == ["Hello.", "Hello.", "Welcome."]
        assert parley.agent.greeting == "Welcome."
        old.end("hung-up")
        await asyncio.sleep(0.05)
        assert noted.told == ["first starts", "second starts"], "one call has it still"
        waits.end("hung-up")
        await asyncio.sleep(0.05)
        assert noted.told == ["first starts", "second starts", "first ends"]
        assert new.ended is None

    assert run(script, monkeypatch).told[-1] == "second ends"


def test_an_agent_that_can_not_begin_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(parley: Parley, noted: Noted) -> None:
        noted.fails = True
        with pytest.raises(EngineUnavailable):
            await parley.take(noted.on(an_agent("Welcome."), "second"))
        assert parley.sessions.open(DUPLEX, Peer()).agent.greeting == "Hello."

    told = run(script, monkeypatch).told
    assert told == ["first starts", "second starts", "second ends", "first ends"]


def test_what_detects_voices_works_for_the_calls_of_every_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(parley: Parley, noted: Noted) -> None:
        worked: list[str] = []
        old = parley.sessions.open(DUPLEX, Peer())
        first, second = parley.agent, an_agent()
        for name, agent in (("first", first), ("second", second)):
            monkeypatch.setattr(agent.engines.vad, "work", lambda name=name: worked.append(name))
        await parley.take(second)
        await asyncio.sleep(0.1)
        assert set(worked) == {"first", "second"}
        old.end("hung-up")
        parley.sessions.open(DUPLEX, Peer())
        await asyncio.sleep(0.05)
        worked.clear()
        await asyncio.sleep(0.1)
        assert set(worked) == {"second"}

    run(script, monkeypatch)


def test_a_process_that_stops_meanwhile_ends_the_agents_of_all_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(parley: Parley, noted: Noted) -> None:
        for name in ("second", "third"):
            parley.sessions.open(DUPLEX, Peer())
            await parley.take(noted.on(an_agent(), name))
        assert [told for told in noted.told if told.endswith("ends")] == []

    told = run(script, monkeypatch).told
    assert sorted(told[3:]) == ["first ends", "second ends", "third ends"]


def test_calls_are_coded_as_their_own_agent_says_and_the_port_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(parley: Parley, noted: Noted) -> None:
        port, media = parley.calls.port, parley.agent.spec.media
        opus = media.opus.model_copy(update={"bitrate": 24_000})
        await parley.take(an_agent(opus=opus, connect_timeout_seconds=7))
        assert parley.calls.port is port
        settings = parley.calls._settings
        assert (settings.opus.bitrate, settings.connect_secs, settings.unseen_secs) == (24_000, 7, 7)

    run(script, monkeypatch)


def test_the_agent_that_has_begun_rehearses_and_the_one_before_it_rests(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    told: list[str] = []

    async def rest(agent: Agent) -> None:
        told.append(f"{agent.greeting} rests")

    monkeypatch.setattr(Agent, "rehearse", lambda agent: told.append(f"{agent.greeting} rehearses"))
    monkeypatch.setattr(Agent, "rest", rest)

    async def script(parley: Parley, noted: Noted) -> None:
        assert told == [], "a server that only starts has better things to do"
        parley.settle()
        parley.sessions.open(DUPLEX, Peer())
        await parley.take(noted.on(an_agent("Welcome."), "second"))
        await asyncio.sleep(0)
        assert told == ["Hello. rehearses", "Welcome. rehearses", "Hello. rests"], (
            "though a call has it still"
        )

    run(script, monkeypatch)
