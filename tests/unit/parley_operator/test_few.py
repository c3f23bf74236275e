"""Many questions, a few at a time, and what becomes of one that fails."""

from __future__ import annotations

import asyncio

import pytest

from parley_operator.few import AT_ONCE, a_few
from tests.virtual_time import run


def test_answers_come_in_order_and_only_so_many_questions_are_open_at_once() -> None:
    async def main() -> None:
        open_now = most = 0

        async def ask(number: int) -> int:
            nonlocal open_now, most
            open_now += 1
            most = max(most, open_now)
            await asyncio.sleep(100 - number)
            open_now -= 1
            return number * 2

        assert await a_few(ask, range(30)) == [number * 2 for number in range(30)]
        assert most == AT_ONCE
        assert await a_few(ask, []) == []

    run(main())


def test_a_failure_is_raised_once_what_was_begun_is_over() -> None:
    async def main() -> None:
        over: list[int] = []

        async def ask(number: int) -> None:
            await asyncio.sleep(number)
            if number:
                raise ValueError(number)
            over.append(number)

        with pytest.raises(ValueError, match="1"):
            await a_few(ask, [1, 2, 3, 0, 4, 5, 6, 7, 8, 9, 10])
        assert over == [0]
        assert len(asyncio.all_tasks()) == 1

    run(main())


def test_after_a_failure_nothing_more_is_begun() -> None:
    """Bug: a look at many pods went on to its end. Cause: a failure ended one of those who ask, not the others."""

    async def main() -> None:
        begun: list[int] = []

        async def ask(number: int) -> None:
            begun.append(number)
            await asyncio.sleep(1)
            if number == 0:
                raise ValueError(number)

        with pytest.raises(ValueError, match="0"):
            await a_few(ask, range(100))
        assert begun == list(range(AT_ONCE))

    run(main())


def test_no_more_tasks_are_begun_than_there_are_questions() -> None:
    async def main() -> None:
        async def ask(number: int) -> int:
            return len(asyncio.all_tasks()) - 1

        assert await a_few(ask, range(2)) == [2, 2]
        assert await a_few(ask, []) == []

    run(main())
