"""HTTP: every error is problem JSON of its status, bodies are bounded while they are read."""

from __future__ import annotations

import asyncio
import re
from dataclasses import asdict
from typing import Any

import pytest

from parley_api import __version__
from parley_dataplane.doors import DUPLEX, WEBRTC_SIGNALING
from parley_dataplane.errors import TooManySessions
from parley_dataplane.routes import bodies
from tests.one_call import Call

OFFER, STOP = "/api/webrtc/offer", "/api/voice/stop-tts"

ERRORS: dict[str, tuple[str, str, bytes, int, str]] = {
    "an offer that is no JSON": ("POST", OFFER, b"{nonsense", 400, "bad-message"),
    "an offer that is no object": ("POST", OFFER, b"[1]", 400, "bad-message"),
    "an offer without SDP": ("POST", OFFER, b'{"type": "offer"}', 400, "bad-message"),
    "an offer of nonsense": ("POST", OFFER, b'{"type": "offer", "sdp": "v=0 nonsense"}', 400, "bad-sdp"),
    "a test tone by another word": (
        "POST",
        OFFER,
        b'{"type": "offer", "sdp": "v=0", "test_tone": "yes"}',
        400,
        "bad-message",
    ),
    "an offer too big": ("POST", OFFER, b" " * 70_000, 413, "too-big"),
    "an unknown session": ("GET", "/v1/sessions/nobody", b"", 404, "unknown-session"),
    "an ended session": ("GET", "/v1/sessions/over", b"", 410, "ended-session"),
    "an unknown session of Alice's": ("GET", "/api/voice/sessions/nobody", b"", 404, "unknown-session"),
    "nobody to stop": ("POST", STOP, b'{"session_id": "nobody"}', 404, "unknown-session"),
    "stop without a name": ("POST", STOP, b"{}", 400, "bad-message"),
}


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_is_problem_json_and_is_counted_once(server: Any, name: str) -> None:
    async def scenario() -> None:
        method, path, body, status, code = ERRORS[name]
        server.parley.sessions.open(DUPLEX, None, session_id="over").end("idle")
        answer = await server.http(method, path, body)
        assert answer.status == status
        assert answer.headers["content-type"] == "application/problem+json"
        problem = answer.json()
        assert problem["type"] == f"urn:parley:problem:{code}"
        assert problem["status"] == status
        assert problem["title"]
        assert problem["detail"]
        assert server.parley.errors == [code]
        assert server.parley.sessions.active() == []

    asyncio.run(scenario())


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nowhere", 404), ("PUT", "/health", 405)])
def test_what_http_itself_refuses_is_problem_json(server: Any, method: str, path: str, status: int) -> None:
    answer = asyncio.run(server.http(method, path))
    assert answer.status == answer.json()["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v2/sessions", "GET, HEAD, POST"),
        ("/api/v1/rtc/session/me", "DELETE, GET, HEAD"),
        ("/api/v1/rtc/session", "POST"),
    ],
)
def test_a_method_that_is_not_allowed_is_told_all_that_are(server: Any, path: str, methods: str) -> None:
    """Where two routes share a path, Allow named the methods of the first alone (RFC 9110, 15.5.6). Fails where
    Starlette's own answer is passed on.
    """
    answer = asyncio.run(server.http("PUT", path))
    assert (answer.status, answer.headers["allow"]) == (405, methods)


@pytest.mark.parametrize("path", ["/", "/health", "/healthz", "/readyz", "/metrics", "/v2/sessions"])
def test_head_is_answered_as_get_is(server: Any, path: str) -> None:
    """Monitors and load balancers ask so, and were told 405."""
    server.parley.ready = False
    got, asked = (asyncio.run(server.http(method, path)) for method in ("GET", "HEAD"))
    assert (asked.status, asked.headers) == (got.status, got.headers)


def test_head_of_what_is_only_posted_is_refused(server: Any) -> None:
    answer = asyncio.run(server.http("HEAD", OFFER))
    assert (answer.status, answer.headers["allow"]) == (405, "POST")


def test_a_full_server_says_when_to_come_back(server: Any) -> None:
    server.parley.sessions.refuse = TooManySessions("full", retry_after=9)
    answer = asyncio.run(server.http("POST", OFFER, b'{"type": "offer", "sdp": "v=0"}'))
    assert (answer.status, answer.headers["retry-after"]) == (503, "9")


def test_a_body_is_not_kept_beyond_its_limit(server: Any) -> None:
    """The pieces behind the limit are read, so that the peer gets to read the answer, and thrown away."""
    answer = asyncio.run(server.http("POST", OFFER, [b" " * 60_000] * 200))
    assert answer.status == 413


def test_a_body_that_stops_coming_is_given_up(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "BODY_SECS", 0.01)
    answer = asyncio.run(server.http("POST", OFFER, [b"{", b""]))
    assert (answer.status, server.parley.errors) == (400, ["bad-message"])


def test_the_rest_of_a_huge_body_is_not_waited_for(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "LINGER_SECS", 0.01)
    answer = asyncio.run(server.http("POST", OFFER, [b" " * 70_000, b""]))
    assert answer.status == 413


def test_a_fault_of_our_own_tells_nothing_of_itself(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> dict[str, Any]:
        raise ZeroDivisionError("a secret")

    monkeypatch.setattr(server.parley.agent, "info", fail)
    answer = asyncio.run(server.http("GET", "/v1/agent"))
    assert answer.status == 500
    assert b"secret" not in answer.body
    assert answer.json()["type"] == "urn:parley:problem:error"


def test_a_session_tells_its_state_on_both_doors_and_stops_speaking(server: Any) -> None:
    async def scenario() -> None:
        session = server.parley.sessions.open(DUPLEX, None)
        for path in ("/v1/sessions/s0", "/api/voice/sessions/s0"):
            told = (await server.http("GET", path)).json()
            counted = {"settings": asdict(session.settings), "metrics": asdict(session.metrics)}
            assert told == {**session.info(), **counted}
        answer = await server.http("POST", STOP, b'{"session_id": "s0"}')
        assert answer.json() == {"session_id": "s0", "stopped": True}
        assert session.calls == ["interrupt"]

    asyncio.run(scenario())


def test_the_root_is_a_page_for_browsers_and_json_for_others(server: Any) -> None:
    page = asyncio.run(server.http("GET", "/", headers={"accept": "text/html,*/*;q=0.8"}))
    assert page.headers["content-type"].startswith("text/html")
    assert b"<html" in page.body
    about = asyncio.run(server.http("GET", "/", headers={"accept": "*/*"})).json()
    assert (about["service"], about["agent"], about["status"]) == ("Parley", "bench", "running")


def test_fastrtc_has_a_page_of_its_own(server: Any) -> None:
    page = asyncio.run(server.http("GET", "/fastrtc"))
    assert (page.status, page.headers["cache-control"]) == (200, "no-cache")
    assert b'src="web/fastrtc.js"' in page.body


GATEWAY = {"web/gateway.css", "web/gateway.js", "web/voice.js", "web/voice-worklet.js", "web/call.js"}
DUPLEX_PAGE = {
    "web/duplex.css",
    "web/duplex.js",
    "web/silero-worker.js",
    "web/silero.wasm",
    "web/silero.weights",
}


@pytest.mark.parametrize(
    ("path", "among"),
    [("/test_webrtc_gateway.html", GATEWAY), ("/duplex", DUPLEX_PAGE)],
    ids=["gateway", "duplex"],
)
def test_a_page_and_all_that_it_loads_are_served_from_here(path: str, among: set[str], server: Any) -> None:
    page = asyncio.run(server.http("GET", path))
    assert page.status == 200
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-cache"
    wanted = re.findall(r'(?:src|href)="([^"#][^"]*)"', page.body.decode())
    seen: set[str] = set()
    while wanted:
        name = wanted.pop()
        seen.add(name)
        file = asyncio.run(server.http("GET", f"/{name}"))
        kept = "max-age=86400" if name == "web/silero.weights" else "no-cache"
        assert (file.status, file.headers["cache-control"]) == (200, kept), name
        loaded = re.findall(r'(?:from|new URL\()\s*"\./([\w.-]+\.\w+)"', file.body.decode(errors="replace"))
        wanted += [f"web/{name}" for name in loaded if f"web/{name}" not in seen]
    assert among <= seen


def test_readiness_is_503_with_a_reason_while_no_call_is_taken(server: Any) -> None:
    assert asyncio.run(server.http("GET", "/readyz")).status == 200
    server.parley.ready = False
    answer = asyncio.run(server.http("GET", "/readyz"))
    assert (answer.status, answer.body) == (503, b"draining")


@pytest.mark.parametrize("path", ["/health", "/api/v1/rtc/health"])
def test_what_asks_whether_the_process_lives_does_not_kill_it_while_it_drains(server: Any, path: str) -> None:
    """A kubelet asks /health (three times, then it kills): it answered 503 from SIGTERM on, and every call was cut."""
    for ready, status in ((True, "healthy"), (False, "draining")):
        server.parley.ready = ready
        answer = asyncio.run(server.http("GET", path))
        assert (answer.status, answer.json()["status"]) == (200, status)
        assert asyncio.run(server.http("GET", "/healthz")).status == 200


def test_the_status_tells_counts_and_which_agent_and_of_nobody_anything(server: Any) -> None:
    server.parley.sessions.open(DUPLEX, None, session_id="secret-id")
    told = asyncio.run(server.http("GET", "/v1/status")).json()
    assert told == {"calls": 1, "draining": False, "agent_digest": "0" * 64, "version": __version__}
    server.parley.ready = False
    told = asyncio.run(server.http("GET", "/v1/status")).json()
    assert told["draining"] is True


def test_sessions_of_v2_are_listed_without_those_of_other_doors(server: Any) -> None:
    async def scenario() -> None:
        server.parley.sessions.open(DUPLEX, None)
        made = (await server.http("POST", "/v2/sessions")).json()
        assert server.session.kind is WEBRTC_SIGNALING
        assert made["websocket_url"] == f"/ws/v2/{made['session_id']}"
        assert made["ice_servers"] == list(server.session.agent.ice_servers)
        listed = (await server.http("GET", "/v2/sessions")).json()
        assert listed == {"sessions": [{"session_id": made["session_id"], "state": "idle"}], "count": 1}

    asyncio.run(scenario())


def test_sessions_that_wait_for_their_peers_leave_room_for_calls(server: Any) -> None:
    """200 empty requests, which any web page may send, reserved every session for five minutes, and nobody could call.
    Fails when reservations have no limit of their own.
    """

    async def scenario() -> None:
        limit = server.parley.agent.spec.sessions.limit
        statuses = [(await server.http("POST", "/v2/sessions")).status for _ in range(limit // 2)]
        assert statuses == [200] * (limit // 4) + [503] * (limit // 4)
        for session in server.parley.sessions.active():
            session.end("idle")
        assert (await server.http("POST", "/v2/sessions")).status == 200

    asyncio.run(scenario())


@pytest.mark.parametrize(("limit", "fits"), [(2, 2), (12, 10), (60, 15)])
def test_a_client_makes_its_few_sessions_before_it_connects_any(over: Any, limit: int, fits: int) -> None:
    """Two of two: with a bare quarter the second was refused, though nobody was there."""

    async def scenario() -> list[int]:
        server = over(Call(sessions={"limit": limit}))
        return [(await server.http("POST", "/v2/sessions")).status for _ in range(fits + 1)]

    assert asyncio.run(scenario()) == [200] * fits + [503]


def test_metrics_are_prometheus_text(server: Any) -> None:
    answer = asyncio.run(server.http("GET", "/metrics"))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert answer.body == server.parley.metrics_text()
