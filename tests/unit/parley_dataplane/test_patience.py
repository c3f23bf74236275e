"""A deadline for each item of a stream: what counts is the wait for the next one, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

import pytest

from parley_dataplane.errors import EngineTimeout
from parley_dataplane.patience import Patience
from tests import virtual_time


async def items(waits: Sequence[float]) -> AsyncGenerator[float, None]:
    for wait in waits:
        await asyncio.sleep(wait)
        yield wait


async def read(waits: Sequence[float], pause: float = 0.0) -> tuple[list[float], float, str]:
    """What came, when it ended, and how: the stream gives up after 10 s; the reader takes `pause` for each item."""
    time, got = asyncio.get_running_loop().time, list[float]()
    began = time()
    try:
        async with aclosing(items(waits)) as stream, Patience(stream, 10.0, "TTS") as patience:
            while (item := await patience.next()) is not None:
                got.append(item)
                await asyncio.sleep(pause)
    except EngineTimeout as timeout:
        return got, time() - began, timeout.detail
    return got, time() - began, "ended"


@pytest.mark.parametrize(
    ("waits", "pause", "came", "secs"),
    [([], 0.0, 0, 0.0), ([0.0, 9.9, 9.9], 0.0, 3, 19.8), ([9.0, 9.0], 30.0, 2, 78.0)],
    ids=["nothing", "each in time", "a reader that takes its time"],
)
def test_items_that_come_in_time_come_through(
    waits: list[float], pause: float, came: int, secs: float
) -> None:
    got, took, how = virtual_time.run(read(waits, pause))
    assert (len(got), how) == (came, "ended")
    assert took == pytest.approx(secs)


@pytest.mark.parametrize(("before", "pause"), [([], 0.0), ([3.0], 0.0), ([9.0, 0.5, 4.0], 25.0)])
def test_an_item_is_waited_for_no_longer_than_it_may_take(before: list[float], pause: float) -> None:
    got, took, how = virtual_time.run(read([*before, 1e6], pause))
    assert how == "TTS gave nothing for 10 s"
    assert len(got) == len(before)
    assert took == pytest.approx(sum(before) + pause * len(before) + 10.0)


def test_who_is_cancelled_from_outside_is_cancelled_and_not_late() -> None:
    async def main() -> None:
        reading = asyncio.create_task(read([1e6]))
        await asyncio.sleep(2.0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert len(asyncio.all_tasks()) == 1

    virtual_time.run(main())
