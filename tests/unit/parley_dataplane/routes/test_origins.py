"""A page of a foreign origin can neither use a door nor read an answer; nobody else notices that anyone looked."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.datastructures import Headers

from parley_dataplane.routes import origins
from parley_dataplane.routes.origins import Origins, is_own, serialized

LISTED, FOREIGN, HOST = "http://localhost:3000", "https://evil.example", "127.0.0.1:9011"
OWN = f"http://{HOST}"
SESSIONS = "/v2/sessions"
SOCKETS = [
    path.replace("{session_id}", "me")
    for file in sorted(Path(origins.__file__).parent.glob("*.py"))
    for path in re.findall(r'\.websocket\("([^"]+)"\)', file.read_text())
]


def asked(origin: str | None, **more: str) -> dict[str, str]:
    return {"host": HOST} | ({} if origin is None else {"origin": origin}) | more


def preflight(server: Any, origin: str, **more: str) -> Any:
    headers = asked(origin, **{"access-control-request-method": "POST"}, **more)
    return asyncio.run(server.http("OPTIONS", "/api/webrtc/offer", headers=headers))


def allow_any(server: Any) -> None:
    """As with `origins: ["*"]` in the agent's file."""
    access = server.parley.agent.spec.access.model_copy(update={"origins": ["*"]})
    server.parley.agent.spec = server.parley.agent.spec.model_copy(update={"access": access})


def test_the_websocket_doors_are_found_in_the_code() -> None:
    """Otherwise those below would pass whatever is mounted."""
    assert {"/ws", "/api/v1/rtc/stream", "/ws/v2/me"} <= set(SOCKETS)


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize(
    "origin", [FOREIGN, "null", "http://127.0.0.1", "http://127.0.0.1:9011.evil.example", ""]
)
def test_a_websocket_from_a_foreign_page_is_refused_before_it_is_accepted(
    server: Any, path: str, origin: str
) -> None:
    async def scenario() -> None:
        peer = server.socket(path, asked(origin))
        await peer.serving
        start, body = await peer.next(), await peer.next()
        assert (start["type"], start["status"]) == ("websocket.http.response.start", 403)
        problem = json.loads(body["body"])
        assert problem["type"] == "urn:parley:problem:foreign-origin"
        assert "add it to spec.access.origins" in problem["detail"]
        assert server.parley.errors == ["foreign-origin"]
        assert not server.parley.sessions.all

    asyncio.run(scenario())


@pytest.mark.parametrize("path", SOCKETS)
@pytest.mark.parametrize("origin", [None, OWN, LISTED])
def test_a_websocket_without_a_page_or_from_a_page_that_may_is_accepted(
    server: Any, path: str, origin: str | None
) -> None:
    async def scenario() -> None:
        async with server.socket(path, asked(origin)):
            assert server.parley.errors == []

    asyncio.run(scenario())


def test_a_websocket_that_has_passed_talks_to_the_server_itself(server: Any) -> None:
    """Fails where something stands between a door and its peer: each audio frame would pay for it."""
    given: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        given.extend((receive, send))

    async def receive() -> Any: ...

    async def send(message: Any) -> None: ...

    headers = [(b"origin", OWN.encode()), (b"host", HOST.encode())]
    asyncio.run(Origins(app, server.parley)({"type": "websocket", "headers": headers}, receive, send))
    assert given == [receive, send]


@pytest.mark.parametrize("origin", [FOREIGN, "null"])
def test_a_request_of_a_foreign_page_that_would_change_something_is_refused(server: Any, origin: str) -> None:
    """A page may post a text anywhere without asking: CORS alone would keep the answer from it, not the session."""
    answer = asyncio.run(
        server.http("POST", SESSIONS, headers=asked(origin, **{"content-type": "text/plain"}))
    )
    assert (answer.status, answer.json()["type"]) == (403, "urn:parley:problem:foreign-origin")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "access-control-allow-origin" not in answer.headers
    assert not server.parley.sessions.all


@pytest.mark.parametrize(("origin", "told"), [(None, None), (OWN, None), (LISTED, LISTED)])
def test_a_request_without_a_page_or_of_a_page_that_may_is_served(
    server: Any, origin: str | None, told: str | None
) -> None:
    answer = asyncio.run(server.http("POST", SESSIONS, headers=asked(origin)))
    assert answer.status in (200, 201)
    assert answer.headers.get("access-control-allow-origin") == told
    assert "Origin" in answer.headers["vary"]


@pytest.mark.parametrize("path", ["/metrics", "/healthz", "/readyz", "/health"])
@pytest.mark.parametrize("origin", [None, OWN, LISTED, FOREIGN, "null"])
def test_whoever_keeps_it_running_reaches_it_from_anywhere(
    server: Any, path: str, origin: str | None
) -> None:
    answer = asyncio.run(server.http("GET", path, headers=asked(origin)))
    assert answer.status == 200
    assert answer.body
    assert answer.headers.get("access-control-allow-origin") == (LISTED if origin == LISTED else None)


def test_a_listed_page_may_read_an_error_and_when_to_come_back(server: Any) -> None:
    answer = asyncio.run(server.http("GET", "/v1/sessions/nobody", headers=asked(LISTED)))
    assert answer.status == 404
    assert answer.headers["access-control-allow-origin"] == LISTED
    assert answer.headers["access-control-expose-headers"] == "*"


def test_a_listed_page_that_asks_first_may_send_json(server: Any) -> None:
    more = {
        "access-control-request-headers": "content-type",
        "access-control-request-private-network": "true",
    }
    answer = preflight(server, LISTED, **more)
    assert answer.status == 200
    assert answer.headers["access-control-allow-origin"] == LISTED
    assert {"GET", "POST", "DELETE"} <= set(answer.headers["access-control-allow-methods"].split(", "))
    assert answer.headers["access-control-allow-headers"] == "content-type"
    assert answer.headers["access-control-allow-private-network"] == "true"
    assert "access-control-allow-credentials" not in answer.headers


def test_a_foreign_page_that_asks_first_is_refused(server: Any) -> None:
    """Nor does it help to ask for the headers by which a proxy says who it is."""
    answer = preflight(server, FOREIGN, **{"access-control-request-headers": "x-forwarded-host"})
    assert answer.status == 403
    assert not [name for name in answer.headers if name.startswith("access-control")]


@pytest.mark.parametrize("origin", [FOREIGN, "null", None])
def test_a_star_lets_everyone_in(server: Any, origin: str | None) -> None:
    allow_any(server)

    async def scenario() -> None:
        async with server.socket("/ws", asked(origin)):
            pass
        answer = await server.http("POST", SESSIONS, headers=asked(origin))
        assert answer.status in (200, 201)
        assert answer.headers.get("access-control-allow-origin") == (None if origin is None else "*")

    asyncio.run(scenario())
    assert preflight(server, FOREIGN).headers["access-control-allow-origin"] == "*"


ITS_OWN = {
    "host and port": (OWN, {"host": HOST}, "http", True),
    "in other letters": ("http://voice.example", {"host": "Voice.Example"}, "http", True),
    "IPv6": ("http://[::1]:9011", {"host": "[::1]:9011"}, "http", True),
    "a port that goes without saying": ("http://a.example", {"host": "a.example:80"}, "ws", True),
    "another port": ("http://127.0.0.1:3000", {"host": HOST}, "ws", False),
    "no port where one belongs": ("http://127.0.0.1", {"host": HOST}, "http", False),
    "another name": ("http://localhost:9011", {"host": HOST}, "http", False),
    "the name as a beginning": ("http://127.0.0.1:90110", {"host": HOST}, "http", False),
    "TLS": ("https://a.example", {"host": "a.example"}, "wss", True),
    "TLS on a port": ("https://a.example:8443", {"host": "a.example:8443"}, "https", True),
    "an http page, before TLS": ("http://a.example", {"host": "a.example"}, "wss", False),
    "TLS that ends before us": ("https://a.example", {"host": "a.example"}, "ws", True),
    "TLS that ends before us, and said so": (
        "https://a.example", {"host": "a.example", "x-forwarded-proto": "https, http"}, "ws", True,
    ),
    "an http page, before TLS that ends before us": (
        "http://a.example", {"host": "a.example", "x-forwarded-proto": "https"}, "ws", False,
    ),
    "a proxy with a name of its own for us": (
        "https://a.example", {"host": "10.0.0.1:9011", "x-forwarded-host": "A.example, inner"}, "http", True,
    ),
    "a proxy that was asked by another name": (
        "https://b.example", {"host": "b.example", "x-forwarded-host": "a.example"}, "http", False,
    ),
    "no host": ("http://a.example", {}, "http", False),
    "no origin to speak of": ("null", {"host": "null"}, "http", False),
    "neither": ("http://", {"host": ""}, "http", False),
    "another scheme": ("ftp://a.example", {"host": "a.example"}, "http", False),
}  # fmt: skip


@pytest.mark.parametrize("name", ITS_OWN)
def test_the_servers_own_origin_is_the_one_that_the_browser_asked_for(name: str) -> None:
    origin, headers, scheme, own = ITS_OWN[name]
    assert is_own(serialized(origin), Headers(headers), scheme) is own


@pytest.mark.parametrize(
    ("listed", "sent"),
    [
        ("https://Www.Example.com:443", "https://www.example.com"),
        ("http://a.example:80", "http://a.example"),
        ("http://a.example:443", "http://a.example:443"),
        ("capacitor://localhost", "capacitor://localhost"),
    ],
)
def test_an_origin_is_the_same_however_it_is_written(listed: str, sent: str) -> None:
    assert serialized(listed) == sent


def test_another_agent_lists_its_own_origins_from_the_next_request_on(server: Any) -> None:
    async def scenario() -> None:
        assert (await server.http("POST", SESSIONS, headers=asked(FOREIGN))).status == 403
        allow_any(server)
        assert (await server.http("POST", SESSIONS, headers=asked(FOREIGN))).status == 200

    asyncio.run(scenario())
