"""Every error of HTTP as problem JSON (RFC 9457), and what a route reads of a stranger's body."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

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
    """The body. Raises TooBig when it is more than `limit` bytes, which are all that is kept; BadMessage when it does
    not come.
    """
    body, size = bytearray(), 0
    try:
        async with asyncio.timeout(BODY_SECS) as patience:
            async for chunk in request.stream():
                if size <= limit < size + len(chunk):
                    patience.reschedule(asyncio.get_running_loop().time() + LINGER_SECS)
                size += len(chunk)
                if size <= limit:
                    body += chunk
    except TimeoutError:
        if size <= limit:
            raise BadMessage(f"the body was not there after {BODY_SECS:.0f} s: send it at once") from None
    except ClientDisconnect:
        raise BadMessage("the peer left in the middle of its body") from None
    if size > limit:
        raise TooBig(f"a body of more than {limit} bytes: at most {limit} are read")
    return bytes(body)


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
