"""HEAD, for every path that answers GET: monitors and load balancers ask so (RFC 9110, 9.3.2).

Routes and the OpenAPI document know GET alone. uvicorn keeps the request's own method, and leaves the body away.
"""

from __future__ import annotations

from starlette.types import ASGIApp, Receive, Scope, Send


class Head:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope = {**scope, "method": "GET"}
        await self._app(scope, receive, send)
