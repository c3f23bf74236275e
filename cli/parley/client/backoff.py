"""When to try again: soon at first, then less and less often, and never all clients at once.

Rules: each wait is drawn from a range that doubles; what the server asks for is kept, and a share more, so that those
whom it told the same do not come together; time is the loop's.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

from parley.client.errors import Busy, Passing

FIRST_SECS, LONGEST_SECS = 0.5, 8.0

Result = TypeVar("Result")


def delays(draw: Callable[[], float] = random.random) -> Iterator[float]:
    """Seconds before each try; `draw` gives 0 to 1."""
    most = FIRST_SECS
    while True:
        yield most * (0.5 + draw() / 2)
        most = min(2 * most, LONGEST_SECS)


async def again(
    attempt: Callable[[], Awaitable[Result]],
    give_up_secs: float,
    draw: Callable[[], float] = random.random,
) -> Result:
    """Try until it works; raises the last CallError: one that will not pass, or the one after which time was up."""
    clock = asyncio.get_running_loop().time
    until = clock() + give_up_secs
    asked = 0.0
    for delay in delays(draw):
        await asyncio.sleep(max(delay, asked * (1 + draw() / 4)))
        try:
            return await attempt()
        except Passing as error:
            asked = error.retry_after if isinstance(error, Busy) else 0.0
            if clock() + asked >= until:
                raise
    raise AssertionError("there is always a next delay")
