"""Many requests to the API server, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

AT_ONCE = 8

Given = TypeVar("Given")
Answer = TypeVar("Answer")


async def a_few(ask: Callable[[Given], Awaitable[Answer]], of: Iterable[Given]) -> list[Answer]:
    """`ask` of each; the answers in that order. After a failure what was begun is waited for, little more is begun, and
    the first of them is raised.
    """
    answers: dict[int, Answer] = {}
    rest = iter(list(enumerate(of)))

    async def ask_on() -> None:
        for index, given in rest:
            answers[index] = await ask(given)

    for ended in await asyncio.gather(*(ask_on() for _ in range(AT_ONCE)), return_exceptions=True):
        if isinstance(ended, BaseException):
            raise ended
    return [answers[index] for index in sorted(answers)]
