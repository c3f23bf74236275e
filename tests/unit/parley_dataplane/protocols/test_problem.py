"""Every error of the tree is problem JSON (RFC 9457), and the same on a WebSocket."""

from __future__ import annotations

import json

import pytest

from parley_dataplane import errors
from parley_dataplane.protocols import problem


def tree(kind: type[errors.ParleyError]) -> list[type[errors.ParleyError]]:
    return [kind, *(below for child in kind.__subclasses__() for below in tree(child))]


TYPES = [kind for kind in tree(errors.ParleyError) if kind is not errors.UnexpectedEvent]


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.code)
def test_an_error_has_its_type_title_status_and_detail(kind: type[errors.ParleyError]) -> None:
    assert json.loads(problem.render(kind("what was seen"))) == {
        "type": f"urn:parley:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": "what was seen",
    }


def test_no_two_errors_share_a_code() -> None:
    codes = [kind.code for kind in TYPES]
    assert len(codes) == len(set(codes))


def test_only_a_busy_server_says_when_to_come_back() -> None:
    assert problem.headers(errors.TooManySessions("full", retry_after=7)) == {"Retry-After": "7"}
    assert problem.headers(errors.BadSdp("no")) == {}


def test_who_is_refused_by_a_server_that_ends_tries_another_by_another_connection() -> None:
    assert problem.headers(errors.Draining("ends")) == {"Retry-After": "1", "Connection": "close"}


def test_what_http_itself_refuses_has_the_same_shape() -> None:
    assert json.loads(problem.render_status(405, "no")) == {
        "type": "about:blank",
        "title": "Method Not Allowed",
        "status": 405,
        "detail": "no",
    }


def test_on_a_websocket_too_only_a_busy_server_says_when_to_come_back() -> None:
    assert json.loads(problem.message_of(errors.TooManySessions("full", retry_after=7)))["retry_after"] == 7
    assert problem.message_of(errors.BadSdp("no")) == problem.message("bad-sdp", "no")


def test_on_a_websocket_it_is_an_error_message() -> None:
    assert json.loads(problem.message("bad-message", "no")) == {
        "type": "error",
        "code": "bad-message",
        "message": "no",
    }
