"""Every error of HTTP as problem JSON (RFC 9457)."""

from __future__ import annotations

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from parley_dataplane.errors import BadMessage, ParleyError
from parley_dataplane.process import Parley
from parley_dataplane.protocols import problem as protocol


def problem(error: ParleyError) -> Response:
    return Response(
        protocol.render(error), error.status, protocol.headers(error), media_type=protocol.MEDIA_TYPE
    )


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
