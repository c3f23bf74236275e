"""Every error of HTTP as problem JSON (RFC 9457)."""

from __future__ import annotations

import functools
import re

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from parley_dataplane.errors import BadMessage, ParleyError
from parley_dataplane.process import Parley
from parley_dataplane.protocols import problem as protocol

METHOD_NOT_ALLOWED = 405


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
        headers = dict(error.headers or {})
        if error.status_code == METHOD_NOT_ALLOWED and (methods := _methods_of(app, request.url.path)):
            headers["Allow"] = ", ".join(methods)
        return Response(body, error.status_code, headers, media_type=protocol.MEDIA_TYPE)

    async def unexpected(request: Request, error: Exception) -> Response:
        failure = ParleyError("an error of the server's own: it has been logged")
        parley.count_error(failure)
        return problem(failure)

    app.add_exception_handler(ParleyError, typed)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, plain)
    app.add_exception_handler(Exception, unexpected)


def _methods_of(app: FastAPI, path: str) -> list[str]:
    """All that a path takes, as RFC 9110, 15.5.6 wants it: Starlette names those of the first of its routes."""
    methods: set[str] = set()
    for template, operations in app.openapi()["paths"].items():
        if _pattern(template).match(path):
            methods.update(map(str.upper, operations))
    if "GET" in methods:
        methods.add("HEAD")
    return sorted(methods)


@functools.cache
def _pattern(template: str) -> re.Pattern[str]:
    return compile_path(template)[0]
