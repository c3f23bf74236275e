"""Requests go in one by one, and nobody waits for one that is inside."""

from __future__ import annotations

import asyncio
from typing import Any

from parley_dataplane.routes.turnstile import Turnstile


def test_others_have_their_turn_between_two_requests_that_came_at_once() -> None:
    """A thousand offers within a second were all begun in one turn of the loop: every call had a hole of 1.9 s. Fails
    when requests go in as they come.
    """
    began: list[int] = []
    turns = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        began.append(turns)

    async def other() -> None:
        nonlocal turns
        while len(began) < 50:
            turns += 1
            await asyncio.sleep(0)

    async def scenario() -> None:
        turnstile = Turnstile(app)
        await asyncio.gather(other(), *(turnstile({}, None, None) for _ in range(50)))  # type: ignore[arg-type]

    asyncio.run(scenario())
    assert len(set(began)) == 50


def test_nobody_waits_for_a_request_that_is_inside() -> None:
    inside = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        nonlocal inside
        inside += 1
        await asyncio.sleep(60)

    async def scenario() -> None:
        turnstile = Turnstile(app)
        requests = [asyncio.create_task(turnstile({}, None, None)) for _ in range(3)]  # type: ignore[arg-type]
        await asyncio.sleep(0.05)
        assert inside == 3
        for request in requests:
            request.cancel()
        await asyncio.gather(*requests, return_exceptions=True)

    asyncio.run(scenario())
