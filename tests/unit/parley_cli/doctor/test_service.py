"""What answers: Parley or something else, ready, with room, open to a page and to WebSockets; each with what to do."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parley_cli.doctor import service
from parley_cli.doctor.target import Target
from tests.unit.parley_cli.doctor.stub import Reply, Serve

PULSE: Reply = (200, {}, "ok")
FOREIGN = json.dumps({"type": "urn:parley:problem:foreign-origin", "status": 403, "detail": "no"})
OFFER = "/api/webrtc/offer"


def told(**fields: Any) -> Reply:
    return 200, {"Content-Type": "application/json"}, json.dumps(fields)


@pytest.mark.parametrize(
    ("replies", "seen"),
    [
        ({"/": (200, {"Server": "nginx/1.2"}, "<html>")}, "something else answers (200 OK, "),
        ({"/": (404, {}, "")}, "something else answers (404 Not Found, "),
        ({"/": (200, {}, "[" * 100_000)}, "something else answers (200 OK, "),
        ({"/": (301, {"Location": "https://a.example/"}, "")}, "it redirects to https://a.example/"),
        ({"/": (502, {}, "")}, "a proxy answers 502 Bad Gateway"),
        ({"/": told(service="Parley"), "/healthz": (404, {}, "")}, "/healthz is answered with 404 Not Found"),
    ],
)
def test_what_is_not_parley_is_named(replies: dict[str, Reply], seen: str, serve: Serve) -> None:
    finding = service.service(serve(replies))
    assert finding.state == "FAIL"
    assert finding.seen.startswith(seen)
    assert finding.instead


def test_parley_says_version_and_agent_in_letters_that_a_terminal_can_show(serve: Serve) -> None:
    about = told(service="Parley", version="1.2", agent="a\x1b[31m")
    finding = service.service(serve({"/": about, "/healthz": PULSE}))
    assert finding.state == "ok"
    assert finding.seen.startswith("Parley 1.2 with the agent a\\u001b[31m answers within ")


@pytest.mark.parametrize(
    ("reply", "state", "seen"),
    [
        ((200, {}, "ok"), "ok", "offers are taken"),
        ((503, {}, "draining"), "FAIL", "draining: it takes no new call"),
        ((404, {}, ""), "FAIL", "/readyz is answered with 404 Not Found"),
    ],
)
def test_whether_offers_are_taken(reply: Reply, state: str, seen: str, serve: Serve) -> None:
    finding = service.ready(serve({"/readyz": reply}))
    assert finding.state == state
    assert finding.seen.startswith(seen)


@pytest.mark.parametrize(
    ("active", "state"), [(0, "ok"), (89, "ok"), (90, "warn"), (99, "warn"), (100, "FAIL"), (101, "FAIL")]
)
def test_how_full_it_is(active: int, state: str, serve: Serve) -> None:
    finding = service.room(serve({"/health": told(active_sessions=active, max_sessions=100)}))
    assert (finding.state, finding.seen) == (state, f"{active} of 100 sessions are in use")
    assert ("spec.sessions.limit" in finding.instead) is (state != "ok")


def test_a_health_that_tells_no_sessions_is_a_warning(serve: Serve) -> None:
    assert service.room(serve({"/health": told(status="ok")})).state == "warn"


@pytest.mark.parametrize(
    ("target", "state"),
    [
        (Target("http", "127.0.0.1", 9011), "ok"),
        (Target("https", "voice.example", 443), "ok"),
        (Target("http", "voice.example", 80), "warn"),
    ],
)
def test_where_a_page_has_a_microphone(target: Target, state: str) -> None:
    assert service.microphone(target).state == state


def test_a_proxy_that_rewrites_host_makes_the_servers_own_page_foreign(serve: Serve) -> None:
    target = serve({OFFER: (403, {}, FOREIGN)})
    finding = service.origin(target, target.origin)
    assert finding.seen == f"pages of {target.origin} are refused"
    assert finding.instead.startswith("let the proxy pass the Host header on")


def test_a_page_from_elsewhere_must_be_listed(serve: Serve) -> None:
    finding = service.origin(serve({OFFER: (403, {}, FOREIGN)}), "https://a.example")
    assert (finding.state, finding.instead) == (
        "FAIL",
        "add https://a.example to spec.access.origins in the agent's file",
    )


def test_a_page_from_elsewhere_is_let_in_by_its_cors_header_alone(serve: Serve) -> None:
    cors = {"Access-Control-Allow-Origin": "https://a.example"}
    assert service.origin(serve({OFFER: (200, cors, "")}), "https://a.example").state == "ok"
    finding = service.origin(serve({OFFER: (204, {}, "")}), "https://a.example")
    assert (finding.state, "without its CORS header" in finding.seen) == ("FAIL", True)


def test_a_proxy_that_upgrades_no_connection_is_named(serve: Serve) -> None:
    finding = service.websocket(serve({}), None)
    assert finding.seen == "the upgrade is answered with 404 Not Found"
    assert finding.instead.startswith("let the proxy upgrade connections")
