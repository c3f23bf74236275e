"""Every error of HTTP as problem JSON (RFC 9457), and what a route reads of a stranger's body."""

from __future__ import annotations

import asyncio
import contextlib

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from parley_dataplane.errors import BadMessage, ParleyError, TooBig
from parley_dataplane.process import Parley
from parley_dataplane.protocols import problem as protocol
from parley_dataplane.protocols.fields import MAX_JSON_BYTES

BODY_SECS = 10.0
"""A body that takes longer is given up."""

LINGER_SECS = 2.0
"""How long the rest of a body that is too big is read and thrown away: a server that closes on unread bytes
resets the
connection, and the client would never see why (RFC 9112, 9.6)."""


def problem(error: ParleyError) -> Response:
    return Response(
        protocol.render(error), error.status, protocol.headers(error), media_type=protocol.MEDIA_TYPE
    )


async def read_body(request: Request, limit: int = MAX_JSON_BYTES) -> bytes:
    """The body, of at most `limit` bytes; raises TooBig as soon as it is more, BadMessage when it does not come."""
    body = b""
    try:
        async with asyncio.timeout(BODY_SECS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > limit:
                    break
            else:
                return body
    except TimeoutError:
        raise BadMessage(f"the body was not there after {BODY_SECS:.0f} s: send it at once") from None
    await _discard(request)
    raise TooBig(f"a body of more than {limit} bytes: at most {limit} are read")


async def _discard(request: Request) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECS):
            while (await request.receive()).get("more_body", False):
                pass


def install(app: FastAPI, parley: Parley) -> None:
    """Answer errors of Parley, of FastAPI, of HTTP itself and of nobody's, and count the first and the last."""

    async def typed(request: Request, error: Exception) -> Response:
        assert isinstance(error, ParleyError)
        parley.count_error(error)
        return problem(error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        fields = ", ".join(".".join(map(str, one["loc"])) for one in error.errors()[:5])
        return await typed(request, BadMessage(f"the request does not fit in {fields}: see /openapi.json"))

    async def plain(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        body = protocol.render_status(error.status_code, str(error.detail))
        return Response(body, error.status_code, error.headers, media_type=protocol.MEDIA_TYPE)

    async def unexpected(request: Request, error: Exception) -> Response:
        failure = ParleyError("an error of the server's own: it has been logged")
        parley.count_error(failure)
        return problem(failure)

    app.add_exception_handler(ParleyError, typed)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, unexpected)
