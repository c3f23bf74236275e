"""`parley doctor` on a real server: all is well, a proxy stands before it that breaks things, or it is full."""

from __future__ import annotations

import http.client
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from websockets.sync.client import connect

from parley_cli.__main__ import main
from parley_cli.doctor import CHECKS, service
from parley_cli.doctor.target import read_target
from tests.server import ROOT, ParleyServer

pytestmark = pytest.mark.calls

NOWHERE = "192.0.2.1"
"""TEST-NET-1 (RFC 5737): no packet to it arrives."""


def examined(
    capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[int, dict[str, Any], dict[str, Any]]:
    """The exit code, each check by its name, and all that was printed as JSON."""
    code = main(["doctor", *arguments, "--json"])
    data = json.loads(capsys.readouterr().out)
    return code, {row["check"]: row for row in data["checks"]}, data


def test_a_server_that_is_well_passes_every_check(
    bench: ParleyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    code, checks, data = examined(capsys, bench.url)
    assert code == 0
    assert tuple(checks) == CHECKS
    assert [name for name, row in checks.items() if row["state"] == "fail"] == []
    assert data["ok"] is True
    assert checks["sound"]["figures"]["pure"] > 0.95
    assert checks["sound"]["figures"]["seconds"] == pytest.approx(4.0, abs=0.1)
    assert checks["line"]["figures"]["lost"] == 0
    assert checks["line"]["figures"]["sent_lost"] == 0
    assert 0 <= checks["line"]["figures"]["round_trip_ms"] < 100
    for name in ("offer", "media", "messages", "origin", "websocket"):
        assert checks[name]["state"] == "ok", checks[name]
    assert bench.metric("parley_sessions_opened_total") == 1
    assert bench.metric("parley_sessions_ended_total", reason="peer-left") == 1


def test_a_page_that_may_use_it_and_one_that_may_not(bench: ParleyServer) -> None:
    target = read_target(bench.url)
    assert service.origin(target, "http://localhost:3000").state == "ok"
    refused = service.origin(target, "https://elsewhere.example")
    assert refused.failed
    assert refused.instead == "add https://elsewhere.example to spec.access.origins in the agent's file"


class Proxy(BaseHTTPRequestHandler):
    """Passes requests on, but no upgrade and not the Host; callers and server never learn where the other can be
    reached by UDP.
    """

    protocol_version = "HTTP/1.1"
    port: int

    def do_GET(self) -> None:
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if sent:
            offer = json.loads(sent)
            sent = json.dumps({**offer, "sdp": re.sub(r"a=candidate:.*\r\n", "", offer["sdp"])}).encode()
        server = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        kept = {
            name: value
            for name, value in self.headers.items()
            if name in ("Origin", "Accept", "Content-Type")
        }
        server.request(self.command, self.path, sent or None, kept)
        response = server.getresponse()
        body = response.read().decode()
        server.close()
        body = re.sub(r"(a=candidate:\S+ \d \S+ \d+) \S+", rf"\1 {NOWHERE}", body)
        self.send_response(response.status)
        self.send_header("Content-Type", response.headers.get("Content-Type", "text/plain"))
        self.send_header("Content-Length", str(len(body.encode())))
        self.end_headers()
        self.wfile.write(body.encode())

    do_POST = do_OPTIONS = do_GET  # noqa: N815

    def log_message(self, *args: Any, **kwargs: Any) -> None:
        """pytest shows enough."""


@contextmanager
def proxy(server: ParleyServer) -> Iterator[str]:
    handler = type("ProxyTo", (Proxy,), {"port": server.port})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as listening:
        threading.Thread(target=listening.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{listening.server_port}"
        listening.shutdown()


def test_each_thing_that_a_proxy_and_a_firewall_break_is_named(
    bench: ParleyServer, capsys: pytest.CaptureFixture[str]
) -> None:
    with proxy(bench) as url:
        code, checks, data = examined(capsys, url)
    assert code == 1
    failed = [name for name, row in checks.items() if row["state"] == "fail"]
    assert failed == ["origin", "websocket", "media"]
    assert "proxy_set_header Host $http_host" in checks["origin"]["instead"]
    assert "let the proxy upgrade connections" in checks["websocket"]["instead"]
    assert NOWHERE in checks["media"]["seen"]
    assert data["not_tried"] == ["messages", "sound", "line", "clock"]


def test_a_full_server_is_told_and_not_called(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agent = yaml.safe_load((ROOT / "examples/bench.yaml").read_text())
    agent["spec"]["sessions"] = {"limit": 1}
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(agent))
    with ParleyServer(file) as server, connect(server.url.replace("http", "ws") + "/ws") as socket:
        assert json.loads(socket.recv())["type"] == "session"
        code, checks, data = examined(capsys, server.url)
        assert (code, checks["room"]["seen"]) == (1, "1 of 1 sessions are in use")
        assert "offer" in data["not_tried"]
        assert server.metric("parley_sessions_opened_total") == 1
