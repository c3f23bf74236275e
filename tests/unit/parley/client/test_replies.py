"""What a server's refusal means to a program: which error, with which sentence."""

from __future__ import annotations

import json

import pytest

from parley.client import replies
from parley.client.address import Address
from parley.client.errors import Busy, CallError, Refused, Unreachable, WrongUrl

URL = "http://127.0.0.1:9011/api/webrtc/offer"


def problem(code: str, detail: str) -> bytes:
    return json.dumps(
        {"type": f"urn:parley:problem:{code}", "title": "", "status": 1, "detail": detail}
    ).encode()


HTTP: dict[str, tuple[int, str, bytes, type[CallError], str]] = {
    "full": (
        503,
        "5",
        problem("too-many-sessions", "100 of 100 sessions are in use: try again in a moment"),
        Busy,
        "100 of 100 sessions are in use: try again in a moment (the server asks to come back in 5 s)",
    ),
    "a proxy that limits": (429, "", b"slow down", Busy, f"HTTP 429 at {URL}"),
    "a date to come back": (503, "Fri, 31 Dec 1999 23:59:59 GMT", b"", Busy, f"HTTP 503 at {URL}"),
    "a foreign page": (403, "", problem("foreign-origin", "add it"), Refused, "add it"),
    "a bad offer": (400, "", problem("bad-sdp", "no audio line"), Refused, "no audio line"),
    "another server": (404, "", b"<html>", WrongUrl, f"HTTP 404 at {URL}: no Parley server is there"),
    "a server of Parley's, another path": (
        404,
        "",
        b'{"type": "about:blank", "detail": "Not Found"}',
        WrongUrl,
        f"HTTP 404 at {URL}: no Parley server is there",
    ),
    "a proxy without a server": (502, "", b"", Unreachable, f"HTTP 502 at {URL}: a proxy answers"),
    "an engine that failed": (502, "", problem("engine-error", "the LLM failed"), Refused, "the LLM failed"),
    "nonsense": (500, "", b"[" * 100_000, Refused, f"HTTP 500 at {URL}"),
}


@pytest.mark.parametrize("name", HTTP)
def test_an_answer_is_its_error_and_says_what_was_seen(name: str) -> None:
    status, retry_after, body, kind, words = HTTP[name]
    error = replies.of_http(URL, status, retry_after, body)
    assert type(error) is kind
    assert error.detail.startswith(words)


def test_a_busy_server_says_in_how_many_seconds_to_come_back() -> None:
    for error in (replies.of_http(URL, 503, "5", b""), replies.of_message("draining", "stopping", "5")):
        assert isinstance(error, Busy)
        assert error.retry_after == 5.0


def test_a_refusal_keeps_the_name_that_the_server_gave_it() -> None:
    for error in (
        replies.of_http(URL, 410, "", problem("ended-session", "over")),
        replies.of_message("ended-session", "over", ""),
    ):
        assert isinstance(error, Refused)
        assert error.code == "ended-session"


@pytest.mark.parametrize(
    ("written", "offer", "duplex"),
    [
        ("http://127.0.0.1:9011", "http://127.0.0.1:9011/api/webrtc/offer", "ws://127.0.0.1:9011/ws"),
        ("https://a.example/", "https://a.example/api/webrtc/offer", "wss://a.example/ws"),
        ("wss://a.example/bakery/", "https://a.example/bakery/api/webrtc/offer", "wss://a.example/bakery/ws"),
        ("ws://[::1]:9011", "http://[::1]:9011/api/webrtc/offer", "ws://[::1]:9011/ws"),
    ],
)
def test_an_address_leads_to_both_doors(written: str, offer: str, duplex: str) -> None:
    address = Address.of(written)
    assert (address.offer, address.duplex) == (offer, duplex)


@pytest.mark.parametrize(
    "written",
    ["", "localhost:9011", "127.0.0.1", "ftp://a.example", "http://", "http://a:port", "http://a:0", "http://a/?b=1",
     "http://user:secret@a", "http://[::1"],
)  # fmt: skip
def test_what_is_no_address_says_what_to_write(written: str) -> None:
    with pytest.raises(WrongUrl, match="write http://HOST:PORT"):
        Address.of(written)
