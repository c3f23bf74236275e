"""Errors as HTTP answers (RFC 9457, problem details) and as WebSocket messages: the one shape for
all doors.
"""

from __future__ import annotations

from http import HTTPStatus

from typing_extensions import TypedDict

from parley_dataplane.errors import Busy, Draining, ParleyError
from parley_dataplane.protocols.fields import dump

MEDIA_TYPE = "application/problem+json"

_TYPE = "urn:parley:problem:"


class Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str


def render(error: ParleyError) -> bytes:
    """The body: type, title, status, detail. `type` ends in the error's code and never changes."""
    return _body(f"{_TYPE}{error.code}", error.title, error.status, error.detail)


def render_status(status: int, detail: str) -> bytes:
    """What HTTP itself says (405, 404 of an unknown path): RFC 9457, 4.2.1 gives it the type about:blank."""
    return _body("about:blank", HTTPStatus(status).phrase, status, detail)


def headers(error: ParleyError) -> dict[str, str]:
    """Retry-After, in seconds (RFC 9110, 10.2.3), where trying again makes sense; where another process must be tried,
    not by the same connection (RFC 9112, 9.6). Whoever is served keeps theirs: it may lead to a call.
    """
    found = {"Retry-After": str(error.retry_after)} if isinstance(error, Busy) else {}
    if isinstance(error, Draining):
        found["Connection"] = "close"
    return found


def message(code: str, detail: str) -> str:
    """The same on a WebSocket: {"type": "error", "code", "message"}."""
    return dump({"type": "error", "code": code, "message": detail})


def message_of(error: ParleyError) -> str:
    """With "retry_after", in seconds, where trying again makes sense."""
    if not isinstance(error, Busy):
        return message(error.code, error.detail)
    body = {"type": "error", "code": error.code, "message": error.detail, "retry_after": error.retry_after}
    return dump(body)


def _body(kind: str, title: str, status: int, detail: str) -> bytes:
    return dump(Problem(type=kind, title=title, status=status, detail=detail)).encode()
