"""Samples on their way: whole frames, at the pace of speech, and never without bound."""

from __future__ import annotations

import asyncio

import pytest

from parley.client.voice import FRAME_SAMPLES, LONGEST_SECS, UP_RATE, Pace, Voice
from tests import virtual_time

FRAME = bytes(range(256)) * 2 + bytes(128)


def test_samples_leave_in_frames_however_they_came() -> None:
    voice = Voice()
    for at in range(0, 3 * len(FRAME), 192):
        voice.push((3 * FRAME)[at : at + 192])
    assert [voice.frame() for _ in range(4)] == [FRAME, FRAME, FRAME, b""]


def test_a_part_of_a_frame_waits_for_its_rest() -> None:
    async def scenario() -> None:
        voice = Voice()
        voice.push(FRAME[:-2])
        frame = asyncio.create_task(voice.next_frame())
        await asyncio.sleep(1)
        assert not frame.done()
        voice.push(FRAME[-2:])
        assert await frame == FRAME

    virtual_time.run(scenario())


def test_half_a_sample_is_refused_and_nothing_is_kept_of_it() -> None:
    voice = Voice()
    with pytest.raises(ValueError, match="641 bytes of 16-bit audio: give whole samples"):
        voice.push(bytes(641))
    assert voice.seconds == 0


def test_more_than_a_minute_is_refused_and_what_waits_stays() -> None:
    voice = Voice()
    voice.push(bytes(2 * UP_RATE * (LONGEST_SECS - 1)))
    with pytest.raises(ValueError, match=r"59\.0 s of audio wait and 2\.0 s more were given: at most 60 s"):
        voice.push(bytes(2 * UP_RATE * 2))
    assert voice.seconds == LONGEST_SECS - 1


def test_what_is_cleared_is_never_sent() -> None:
    async def scenario() -> None:
        voice = Voice()
        voice.push(bytes(4 * FRAME_SAMPLES))
        voice.clear()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(1):
                await voice.next_frame()

    virtual_time.run(scenario())


def test_a_pace_makes_up_for_what_it_missed_but_for_no_more_than_five_frames() -> None:
    async def scenario() -> list[float]:
        pace, clock, times = Pace(), asyncio.get_running_loop().time, []
        begun = clock()
        for number in range(12):
            await pace.tick()
            times.append(round(clock() - begun, 3))
            if number == 2:
                virtual_time.stall(1.0)
        return times

    caught_up = [1.04] * 6
    assert virtual_time.run(scenario()) == [0.0, 0.02, 0.04, *caught_up, 1.06, 1.08, 1.1]
