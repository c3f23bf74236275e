"""What a server's refusal means: its status and body, or its message, as one CallError."""

from __future__ import annotations

import json

from parley.client.errors import Busy, CallError, Refused, Unreachable, WrongUrl

_BUSY_CODES = ("too-many-sessions", "too-many-offers", "draining", "busy")
_PROBLEM = "urn:parley:problem:"


def of_http(url: str, status: int, retry_after: str, body: bytes) -> CallError:
    """Of an answer by HTTP, also to a WebSocket's handshake; `retry_after` is the header, "" without."""
    problem = _problem(body)
    kind, detail = problem.get("type", ""), problem.get("detail", "")
    code = kind.removeprefix(_PROBLEM) if kind.startswith(_PROBLEM) else ""
    if status in (429, 503):
        return _busy(detail or f"HTTP {status} at {url}", retry_after)
    if not code and status in (502, 504):
        return Unreachable(f"HTTP {status} at {url}: a proxy answers, and no server behind it")
    if not code and status in (403, 404, 405):
        return WrongUrl(f"HTTP {status} at {url}: no Parley server is there, or a proxy keeps it from you")
    return Refused(detail or f"HTTP {status} at {url}", code)


def of_message(code: str, detail: str, retry_after: str) -> CallError:
    """Of an error message that came instead of a session."""
    return _busy(detail, retry_after) if code in _BUSY_CODES else Refused(detail, code)


def _busy(detail: str, retry_after: str) -> Busy:
    """`retry_after` is whole seconds; a date, which RFC 9110 (10.2.3) allows too, counts as nothing said."""
    plain = retry_after.isascii() and retry_after.isdigit() and len(retry_after) < 6
    secs = float(retry_after) if plain else 0.0
    return Busy(f"{detail} (the server asks to come back in {secs:.0f} s)" if secs else detail, secs)


def _problem(body: bytes) -> dict[str, str]:
    """The fields of RFC 9457 that are texts."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return {k: v for k, v in value.items() if isinstance(v, str)} if isinstance(value, dict) else {}
