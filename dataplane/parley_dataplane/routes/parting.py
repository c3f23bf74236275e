"""Each answer of a process that drains is its connection's last: who asks again on a new one reaches another process.

A proxy would otherwise bring new calls to this one as long as it keeps a connection open (RFC 9112, 9.6).
"""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parley_dataplane.process import Parley

_CLOSE = (b"connection", b"close")


class Parting:
    def __init__(self, app: ASGIApp, parley: Parley) -> None:
        self._app = app
        self._parley = parley

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def part(message: Message) -> None:
            if message["type"] == "http.response.start" and not self._parley.ready:
                message["headers"] = [*message.get("headers", ()), _CLOSE]
            await send(message)

        await self._app(scope, receive, part if scope["type"] == "http" else send)
