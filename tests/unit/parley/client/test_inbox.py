"""Events that wait to be read: in order, bounded, and over after the end."""

from __future__ import annotations

import asyncio

import pytest

from parley.client.events import Audio, Ended, Event, Text
from parley.client.inbox import Inbox
from tests import virtual_time


async def all_of(inbox: Inbox) -> list[Event]:
    events = []
    with pytest.raises(StopAsyncIteration):
        while True:
            events.append(await inbox.get())
    return events


def test_events_come_in_order_and_then_it_is_over() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        reading = asyncio.create_task(all_of(inbox))
        for number in range(3):
            inbox.put(Text(str(number)))
            await asyncio.sleep(0)
        inbox.close()
        inbox.put(Text("too late"))
        assert await reading == [Text("0"), Text("1"), Text("2")]

    virtual_time.run(scenario())


def test_the_oldest_audio_is_dropped_first_and_words_last() -> None:
    async def scenario() -> None:
        inbox = Inbox(most=3)
        for event in (Text("a"), Audio(b"1"), Audio(b"2"), Text("b"), Ended("idle"), Text("c")):
            inbox.put(event)
        inbox.close()
        assert inbox.dropped == 3
        assert await all_of(inbox) == [Text("b"), Ended("idle"), Text("c")]

    virtual_time.run(scenario())


def test_a_fault_is_met_by_whoever_reads_once_all_was_read() -> None:
    async def scenario() -> None:
        inbox = Inbox()
        inbox.put(Text("a"))
        inbox.close(ZeroDivisionError("a fault"))
        assert await inbox.get() == Text("a")
        with pytest.raises(ZeroDivisionError, match="a fault"):
            await inbox.get()

    virtual_time.run(scenario())
