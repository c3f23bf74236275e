"""Every way in which a call ends, and that none leaves anything behind."""

from __future__ import annotations

import asyncio
import gc
import os
import time

import pytest

from parley_dataplane.errors import BadSdp
from parley_dataplane.transports.webrtc import CallSettings, WebRtcCall
from tests.unit.parley_dataplane.transports.two_sides import (
    Agent,
    Person,
    connected_call,
    run,
    until,
)


def test_a_bad_offer_leaves_nothing_behind() -> None:
    async def talk() -> None:
        before = open_descriptors()
        with pytest.raises(BadSdp):
            await Agent().answer("v=0\r\n")
        assert open_descriptors() == before
        assert len(asyncio.all_tasks()) <= 2

    run(talk)


def test_hanging_up_ends_the_call_at_once() -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            await person.hang_up()
            await asyncio.wait_for(agent.ended.wait(), 2)
            assert agent.ends == ["closed by the peer"]
            assert not agent.call.connected

    run(talk)


def test_a_peer_that_vanishes_is_noticed() -> None:
    async def talk() -> None:
        settings = CallSettings(vanished_secs=0.6)
        async with connected_call(settings=settings) as (person, agent):
            await agent.speak(40, None)
            assert agent.ends == []
            person.vanish()
            started = time.monotonic()
            await agent.ended.wait()
            assert agent.ends == ["vanished"]
            assert 0.4 < time.monotonic() - started < 1.5

    run(talk)


def test_a_peer_that_never_connects_is_given_up() -> None:
    async def talk() -> None:
        person = Person()
        settings = CallSettings(unseen_secs=0.2)
        agent = await Agent().answer(await person.offer(), settings)
        await agent.ended.wait()
        assert agent.ends == ["connect timeout"]
        agent.call.send_pcm(None)
        await agent.call.close()
        await person.hang_up()

    run(talk)


def test_a_peer_with_another_certificate_than_it_said_is_turned_away() -> None:
    async def talk() -> None:
        person = Person()
        offer = await person.offer()
        lines = [
            line.rpartition(" ")[0] + " " + ":".join(["00"] * 32)
            if line.startswith("a=fingerprint:sha-256")
            else line
            for line in offer.splitlines()
        ]
        agent = await Agent().answer("\r\n".join(lines) + "\r\n")
        await person.accept(agent.call.answer_sdp)
        await agent.ended.wait()
        assert agent.ends == ["connection failed"]
        assert not agent.connected.is_set()
        await agent.call.close()
        await person.hang_up()

    run(talk)


def test_closing_is_told_to_the_peer_and_not_to_ourselves() -> None:
    async def talk() -> None:
        async with connected_call() as (person, agent):
            states: list[str] = []
            person.pc.on("connectionstatechange", lambda: states.append(person.pc.connectionState))
            await agent.call.close()
            await agent.call.close()
            agent.call.send_pcm(None)
            agent.call.send_text("late")
            await until(lambda: "closed" in states)
            assert agent.ends == []

    run(talk)


def open_descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def test_thirty_calls_dropped_in_every_way_leave_no_task_and_no_descriptor() -> None:
    async def drop(way: int) -> None:
        """Never answered, closed before, while and after it connects, vanished, hung up."""
        person, agent = Person(), Agent()
        settings = CallSettings(vanished_secs=0.3, unseen_secs=0.3 if way == 0 else 10.0)
        await agent.answer(await person.offer(), settings)
        if way > 1:
            await person.accept(agent.call.answer_sdp)
        if way > 2:
            await agent.connected.wait()
        if way == 4:
            person.vanish()
        elif way == 5:
            await person.hang_up()
        if way in (1, 2, 3):
            await asyncio.sleep(0.010 if way == 2 else 0)  # in the middle of ICE and DTLS
            await agent.call.close()
        else:
            await agent.ended.wait()
            assert agent.call._freeing is not None
            await agent.call._freeing
        await person.hang_up()

    async def talk() -> None:
        await drop(3)  # the process' certificate, and what libraries open once
        gc.collect()
        tasks, descriptors = asyncio.all_tasks(), open_descriptors()
        for way in range(6):
            await asyncio.gather(*(drop(way) for _ in range(5)))
        await asyncio.sleep(0.05)
        gc.collect()
        assert asyncio.all_tasks() == tasks
        assert open_descriptors() == descriptors
        assert not [found for found in gc.get_objects() if isinstance(found, WebRtcCall)]

    run(talk)
