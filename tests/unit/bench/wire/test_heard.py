"""What was heard is found again by time."""

from __future__ import annotations

import asyncio

import pytest

from tests.bench.wire.heard import Heard


def filled(*packets: tuple[float, bool]) -> Heard:
    heard = Heard()
    for number, (at, audible) in enumerate(packets):
        heard.add(at, number, number * 960, audible)
    return heard


HEARD = ((1.0, False), (1.02, True), (1.04, True), (1.06, False), (1.08, True))


def test_only_audible_packets_are_found_and_the_end_is_left_out() -> None:
    assert list(filled(*HEARD).audible_between(1.02, 1.08)) == [1.02, 1.04]
    assert filled(*HEARD).audible_packets(1.0) == [(1.02, 960), (1.04, 1920), (1.08, 3840)]
    assert filled(*HEARD).last_audible == 1.08
    assert Heard().last_audible == 0.0


def test_an_answer_that_is_there_already_is_not_waited_for() -> None:
    assert asyncio.run(filled(*HEARD).first_audible(1.03, within=0.0)) == 1.04


def test_an_answer_is_waited_for_and_what_came_before_its_time_is_none() -> None:
    async def scenario() -> float:
        heard = filled(*HEARD)
        waiting = asyncio.create_task(heard.first_audible(2.0, within=1.0))
        await asyncio.sleep(0)
        for at, audible in ((1.99, True), (2.01, False), (2.03, True), (2.05, True)):
            heard.add(at, 0, 0, audible)
        return await waiting

    assert asyncio.run(scenario()) == 2.03


def test_no_answer_is_a_timeout() -> None:
    with pytest.raises(TimeoutError):
        asyncio.run(Heard().first_audible(0.0, within=0.01))
