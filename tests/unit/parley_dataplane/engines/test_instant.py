"""The engines that answer at once: same text always, in the order that every engine keeps."""

from __future__ import annotations

import asyncio

import numpy as np

from parley_dataplane.engines.base import Final, Partial, Remember, TextDelta, UserTurn
from parley_dataplane.engines.instant import InstantLlm, InstantStt

FRAME = np.zeros(320, np.int16)


def test_an_utterance_is_a_partial_and_then_final_text() -> None:
    async def utterance() -> list[Partial | Final]:
        stream = InstantStt("How long?").open("en-US")
        stream.push(FRAME)
        stream.end()
        events = [event async for event in stream.events()]
        await stream.aclose()
        return events

    assert asyncio.run(utterance()) == [Partial("How long?"), Final("How long?")]


def test_nothing_is_understood_before_there_is_audio_and_nothing_is_final_before_its_end() -> None:
    async def utterance() -> None:
        stream = InstantStt("How long?").open("en-US")
        events = stream.events()
        first = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        stream.push(FRAME[:0])
        await asyncio.sleep(0)
        assert not first.done()
        stream.push(FRAME)
        assert await first == Partial("How long?")
        second = asyncio.ensure_future(anext(events))
        await asyncio.sleep(0)
        assert not second.done()
        stream.end()
        assert await second == Final("How long?")

    asyncio.run(utterance())


def test_an_utterance_without_audio_ends_all_the_same() -> None:
    async def utterance() -> list[Partial | Final]:
        stream = InstantStt("How long?").open("en-US")
        stream.end()
        return [event async for event in stream.events()]

    assert asyncio.run(utterance())[-1] == Final("How long?")


def test_the_answer_comes_at_once_and_memory_is_kept() -> None:
    async def answer() -> list[TextDelta | Remember]:
        return [event async for event in InstantLlm("So long.").reply(UserTurn("?"), [], {"a": 1})]

    assert asyncio.run(answer()) == [TextDelta("So long."), Remember({"a": 1})]
