"""How long a stream of an engine may let its reader wait: a deadline for each item at the price of an attribute.

Rules: only the wait for the next item counts, not what the reader does with it. One timer per stream looks from time
to time, instead of one per item: a voice makes 50 items a second for each call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Generic, TypeVar

from parley_dataplane.errors import EngineTimeout

Item = TypeVar("Item")

TTS_DEADLINE_SECS = 10.0
"""From asking a voice for the next piece to having it."""


class Patience(Generic[Item]):
    """`async with` it in the task that reads; raises EngineTimeout there when an item takes longer than `secs`."""

    def __init__(self, stream: AsyncIterator[Item], secs: float, role: str) -> None:
        self._stream = stream
        self._secs = secs
        self._role = role
        self._scope = asyncio.timeout(None)
        self._since: float | None = None
        self._time = asyncio.get_running_loop().time
        self._timer: asyncio.TimerHandle | None = None

    async def next(self) -> Item | None:
        """The next item, or None at the end."""
        self._since = self._time()
        item = await anext(self._stream, None)
        self._since = None
        return item

    async def __aenter__(self) -> Patience[Item]:
        await self._scope.__aenter__()
        self._look_at(self._time() + self._secs)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._timer is not None:
            self._timer.cancel()
        try:
            await self._scope.__aexit__(kind, error, trace)
        except TimeoutError:
            raise EngineTimeout(f"{self._role} gave nothing for {self._secs:.0f} s") from None

    def _look(self) -> None:
        now = self._time()
        due = (now if self._since is None else self._since) + self._secs
        if due > now:
            self._look_at(due)
        else:
            self._timer = None
            self._scope.reschedule(now)

    def _look_at(self, due: float) -> None:
        self._timer = asyncio.get_running_loop().call_at(due, self._look)
