"""When a lost connection is tried again, on a clock of the test's own."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

import pytest

from parley.client import backoff
from parley.client.errors import Blocked, Busy, CallError, Refused, Unreachable
from tests import virtual_time


def tried(
    errors: list[CallError], give_up_secs: float, draw: Callable[[], float]
) -> tuple[list[float], object]:
    """When each try began, in seconds, and what came of it: "there", or the error."""

    async def scenario() -> tuple[list[float], object]:
        clock = asyncio.get_running_loop().time
        begun, times, left = clock(), [], iter(errors)

        async def attempt() -> str:
            times.append(round(clock() - begun, 3))
            error = next(left, None)
            if error is not None:
                raise error
            return "there"

        try:
            return times, await backoff.again(attempt, give_up_secs, draw)
        except CallError as error:
            return times, error

    return virtual_time.run(scenario())


def test_waits_double_up_to_a_bound_and_are_drawn_from_their_upper_half() -> None:
    longest = list(itertools.islice(backoff.delays(lambda: 1.0), 7))
    shortest = list(itertools.islice(backoff.delays(lambda: 0.0), 7))
    assert longest == [0.5, 1, 2, 4, 8, 8, 8]
    assert shortest == [wait / 2 for wait in longest]


def test_it_tries_until_it_works() -> None:
    assert tried([Unreachable("no"), Blocked("no")], 60, lambda: 1.0) == ([0.5, 1.5, 3.5], "there")


def test_it_gives_up_when_its_time_is_over_with_the_last_error() -> None:
    errors: list[CallError] = [Unreachable(str(number)) for number in range(9)]
    assert tried(errors, 10, lambda: 1.0) == ([0.5, 1.5, 3.5, 7.5, 15.5], errors[4])


def test_what_will_not_pass_is_not_tried_again() -> None:
    refused = Refused("foreign", "foreign-origin")
    assert tried([Unreachable("no"), refused], 60, lambda: 1.0) == ([0.5, 1.5], refused)


@pytest.mark.parametrize(("draw", "later"), [(0.0, 5.0), (1.0, 6.25)])
def test_it_comes_back_when_the_server_asked_for_it_and_not_all_at_once(draw: float, later: float) -> None:
    (first, second), result = tried([Busy("full", 5.0)], 60, lambda: draw)
    assert (second - first, result) == (later, "there")


def test_it_does_not_wait_for_a_server_that_asks_for_more_time_than_there_is() -> None:
    full = Busy("full", 3600.0)
    assert tried([full], 60, lambda: 1.0) == ([0.5], full)
