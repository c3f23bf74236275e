"""The way in for requests: one by one, so that however many come at once, calls have their turn between any two.

What a request costs until it first waits is a millisecond; a thousand that have arrived together would be a second in
which no call hears or says anything. A request that comes alone passes at once.
"""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Receive, Scope, Send


class Turnstile:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._turn = asyncio.Lock()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._turn:
            await asyncio.sleep(0)
        await self._app(scope, receive, send)
