"""What answers at the address: whether it is Parley, would take a call, and lets this page and its WebSockets in."""

from __future__ import annotations

import contextlib
import http
import time
import uuid

from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus
from websockets.sync.client import connect
from websockets.typing import Origin

from parley_api.problems import printable
from parley_cli.doctor.findings import Finding
from parley_cli.doctor.reach import WITHIN, Answer, Failed, ask, reason
from parley_cli.doctor.target import Target

NEARLY_FULL = 0.9
"""Of the sessions that there may be."""

_LOST_BY_A_PROXY = (502, 503, 504)
_SOCKET = "/ws/v2/"
_OFFER = "/api/webrtc/offer"


def service(target: Target) -> Finding:
    """The list of doors for programs, and the pulse."""
    try:
        about, pulse = ask(target, "/", headers={"Accept": "application/json"}), ask(target, "/healthz")
    except Failed as error:
        return Finding("service", "FAIL", reason(error), "look at what listens there, and at its log")
    told = about.json()
    if 300 <= about.status < 400:
        where = printable(about.headers.get("Location", "elsewhere"))
        return Finding(
            "service",
            "FAIL",
            f"it redirects to {where}",
            "give that address to pages and clients, and here: an offer or a WebSocket follows no redirect",
        )
    if about.status in _LOST_BY_A_PROXY:
        return Finding(
            "service",
            "FAIL",
            f"a proxy answers {_named(about)}",
            "it does not reach Parley: look at whether that runs, and at the address and port that the proxy has",
        )
    if not isinstance(told, dict) or told.get("service") != "Parley":
        other = printable(about.headers.get("Server", "without a name"))
        return Finding(
            "service",
            "FAIL",
            f"something else answers ({_named(about)}, {other})",
            "look at the port: Parley's is 9011 unless --port says otherwise",
        )
    if pulse.status != http.HTTPStatus.OK:
        return Finding(
            "service",
            "FAIL",
            f"/healthz is answered with {_named(pulse)}",
            "let the proxy pass every path: each door has its own",
        )
    version, agent = (printable(str(told.get(name, "?"))) for name in ("version", "agent"))
    return Finding(
        "service",
        "ok",
        f"Parley {version} with the agent {agent} answers within {pulse.ms:.0f} ms",
        figures={"answer_ms": pulse.ms},
    )


def ready(target: Target) -> Finding:
    try:
        answer = ask(target, "/readyz")
    except Failed as error:
        return Finding("ready", "FAIL", reason(error), "look at the server's log")
    if answer.status == http.HTTPStatus.OK:
        return Finding("ready", "ok", "offers are taken")
    if answer.body == b"draining":
        return Finding(
            "ready",
            "FAIL",
            "draining: it takes no new call and ends once those in progress have",
            "call again in a moment; if nobody has stopped it, look at what sent it SIGTERM",
        )
    return Finding("ready", "FAIL", f"/readyz is answered with {_named(answer)}", "look at the server's log")


def room(target: Target) -> Finding:
    try:
        told = ask(target, "/health").json()
        active, most = int(told["active_sessions"]), int(told["max_sessions"])
    except (*Failed, KeyError, TypeError, ValueError):
        return Finding("room", "warn", "/health does not tell the sessions", "let the proxy pass that path")
    seen = f"{active} of {most} sessions are in use"
    figures = {"active_sessions": active, "max_sessions": most}
    instead = "raise spec.sessions.limit, or run another process"
    if active >= most:
        return Finding("room", "FAIL", seen, f"wait until one ends, or {instead}", figures)
    if active >= NEARLY_FULL * most:
        return Finding("room", "warn", seen, instead, figures)
    return Finding("room", "ok", seen, figures=figures)


def microphone(target: Target) -> Finding:
    if target.secure:
        return Finding("microphone", "ok", "browsers give a page the microphone: it comes over https")
    if target.is_this_machine:
        return Finding("microphone", "ok", "browsers on the same machine give a page the microphone")
    return Finding(
        "microphone",
        "warn",
        "browsers give a page from another machine no microphone over plain http",
        "put a proxy that ends TLS in front; clients that are no browser do not mind",
    )


def origin(target: Target, page: str) -> Finding:
    """As a browser asks for a page of `page`, and without an effect: a preflight, or a method that there is not."""
    headers = {"Origin": page}
    own = page == target.origin
    if not own:
        headers |= {
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "content-type",
        }
    try:
        answer = ask(target, _OFFER, "OPTIONS", headers=headers)
    except Failed as error:
        return Finding("origin", "FAIL", reason(error), "look at what listens there, and at its log")
    if answer.problem == "foreign-origin":
        instead = f"add {page} to spec.access.origins in the agent's file"
        if own:
            instead = f"let the proxy pass the Host header on (nginx: proxy_set_header Host $http_host), or {instead}"
        return Finding("origin", "FAIL", f"pages of {page} are refused", instead)
    if not own and answer.headers.get("Access-Control-Allow-Origin") not in (page, "*"):
        return Finding(
            "origin",
            "FAIL",
            f"a browser keeps answers from pages of {page}: {_named(answer)} without its CORS header",
            "let the proxy pass OPTIONS, Origin and the Access-Control headers on, both ways",
        )
    return Finding("origin", "ok", f"pages of {page} are let in")


def websocket(target: Target, page: str | None) -> Finding:
    """A ping on the signaling door, which opens no session."""
    proxy = (
        "let the proxy upgrade connections (nginx: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade;"
        ' proxy_set_header Connection "upgrade")'
    )
    try:
        with connect(
            f"{target.websocket_url}{_SOCKET}doctor-{uuid.uuid4().hex}",
            origin=None if page is None else Origin(page),
            ssl=target.context() if target.secure else None,
            proxy=None,
            open_timeout=WITHIN,
            close_timeout=1.0,
        ) as socket:
            began = time.monotonic()
            socket.send('{"type": "ping"}')
            pong = socket.recv(WITHIN)
            ms = 1000 * (time.monotonic() - began)
    except InvalidStatus as refused:
        status = refused.response.status_code
        return Finding("websocket", "FAIL", f"the upgrade is answered with {_status(status)}", proxy)
    except ConnectionClosed as closed:
        code = closed.rcvd.code if closed.rcvd is not None else "no code"
        return Finding(
            "websocket", "FAIL", f"it was closed ({code}) before it answered", "look at the server's log"
        )
    except (InvalidHandshake, OSError) as error:
        seen = reason(error) if isinstance(error, OSError) else "the upgrade is not answered as it must be"
        return Finding("websocket", "FAIL", seen, proxy)
    if "pong" not in str(pong):
        return Finding("websocket", "FAIL", "something else than Parley answers on it", proxy)
    return Finding("websocket", "ok", f"a ping comes back within {ms:.0f} ms", figures={"ping_ms": ms})


def _named(answer: Answer) -> str:
    return _status(answer.status)


def _status(status: int) -> str:
    phrase = ""
    with contextlib.suppress(ValueError):
        phrase = f" {http.HTTPStatus(status).phrase}"
    return f"{status}{phrase}"
