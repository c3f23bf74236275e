"""One connection, as a call sees it: opened once, served until it is over, closed once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from parley.client.events import Ended, Event, Session

OPEN_SECS = 10.0
"""For each step of opening."""

Listener = Callable[[Event], None]


class Link(Protocol):
    async def open(self, resume: str) -> Session:
        """Connect; to the conversation of the id `resume` where the server has it still, "" asks for a new one.

        Raises CallError.
        """
        ...

    async def serve(self) -> Ended | None:
        """Carry everything both ways until it is over; what the server said at its end, None where it was lost."""
        ...

    def send(self, message: dict[str, str]) -> None:
        """Never waits; nothing happens where there is no connection."""
        ...

    async def close(self) -> None: ...
