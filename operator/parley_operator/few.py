"""Many requests to the API server, a few at a time."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

AT_ONCE = 8

Given = TypeVar("Given")
Answer = TypeVar("Answer")


async def a_few(ask: Callable[[Given], Awaitable[Answer]], of: Iterable[Given]) -> list[Answer]:
    """`ask` of each; the answers in that order. After a failure nothing more is begun, what was begun is waited for,
    and one failure is raised.
    """
    answers: dict[int, Answer] = {}
    rest = deque(enumerate(of))

    async def ask_on() -> None:
        while rest:
            index, given = rest.popleft()
            try:
                answers[index] = await ask(given)
            except BaseException:
                rest.clear()
                raise

    workers = [ask_on() for _ in range(min(AT_ONCE, len(rest)))]
    for ended in await asyncio.gather(*workers, return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended
    return [answers[index] for index in sorted(answers)]
