"""Which pages may use the doors: a browser says of which origin its page is, and a page that is not listed is refused.

    request -> Origins -> foreign: 403, before a WebSocket is accepted
                  `-> CORS headers (Starlette's) -> routes

Rules: without an Origin it is no page of another origin, and passes; so does what only reads, for without CORS headers
the page never sees the answer. A page of the server's own origin always passes. What has passed is not looked at
again: a WebSocket gets its messages from the server itself.

Behind a proxy the server's own origin is what the proxy says of it (X-Forwarded-Host, X-Forwarded-Proto). Anyone may
write these two, but no browser lets a foreign page do so unasked, and only browsers are held off here.
"""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

from parley_api.access import ANY_ORIGIN
from parley_dataplane.errors import ForeignOrigin
from parley_dataplane.process import Parley
from parley_dataplane.routes.problems import problem

_ONLY_READ = ("GET", "HEAD")
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}


class Origins:
    def __init__(self, app: ASGIApp, parley: Parley) -> None:
        self._parley = parley
        self._app = app
        self._list(parley.agent.spec.access.origins)

    def _list(self, origins: list[str]) -> None:
        self._origins = origins
        self._listed = frozenset(map(serialized, origins))
        self._with_cors = CORSMiddleware(
            self._app,
            allow_origins=self._listed,
            allow_methods=("*",),
            allow_headers=("*",),
            allow_private_network=True,  # a public page that is listed may talk to a server at home
            expose_headers=("*",),  # Retry-After, and what a door says of an answer
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._origins is not self._parley.agent.spec.access.origins:  # the process has taken another agent
            self._list(self._parley.agent.spec.access.origins)
        if self._is_foreign(scope):
            error = ForeignOrigin(
                "this page's origin is not the server's: add it to spec.access.origins in the agent's file,"
                " such as https://www.example.com"
            )
            self._parley.count_error(error)
            await problem(error)(scope, receive, send)
        elif scope["type"] == "http":
            await self._with_cors(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _is_foreign(self, scope: Scope) -> bool:
        if scope["type"] == "http" and scope["method"] in _ONLY_READ:
            return False
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or ANY_ORIGIN in self._listed or serialized(origin) in self._listed:
            return False
        return not is_own(serialized(origin), headers, scope.get("scheme", "http"))


def serialized(origin: str) -> str:
    """An origin as browsers write it (RFC 6454, 6.2): in small letters, without the port that its scheme implies."""
    origin = origin.lower()
    return origin.removesuffix(_DEFAULT_PORTS.get(origin.partition("://")[0], ""))


def is_own(origin: str, headers: Headers, scheme: str) -> bool:
    """Whether a page of `origin` came from the server that is asked, by the name and port that the browser asked for.

    A proxy that ends TLS need not say so: an https page may come to a server that knows of http alone. The other way
    round somebody on the way may have written the page, and it is foreign.
    """
    page_scheme, _, page_host = origin.partition("://")
    asked_scheme = _first(headers, "x-forwarded-proto") or scheme
    asked_host = _first(headers, "x-forwarded-host") or headers.get("host", "")
    if page_scheme not in _DEFAULT_PORTS or (page_scheme == "http" and asked_scheme in ("https", "wss")):
        return False
    return page_host != "" and serialized(f"{page_scheme}://{asked_host}") == origin


def _first(headers: Headers, name: str) -> str:
    """What the proxy nearest to the browser wrote: each one further on adds its own after a comma."""
    return headers.get(name, "").partition(",")[0].strip().lower()
