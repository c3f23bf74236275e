"""What a real browser lets a page of another origin do: nothing, until the agent's file lists that origin."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import sync_playwright

from tests.browser.page import FLAGS, chromium
from tests.server import ROOT, ParleyServer

pytestmark = pytest.mark.browser

TRIES = """async (url) => {
    const said = (request) => request.then(async (answer) => answer.status, () => "nothing");
    const json = {method: "POST", headers: {"Content-Type": "application/json"}, body: "{}"};
    const socket = (path) => new Promise((told) => {
        const socket = new WebSocket(url.replace("http", "ws") + path);
        socket.onopen = () => { socket.close(); told("open"); };
        socket.onerror = () => told("nothing");
    });
    return {
        reading: await said(fetch(url + "/v1/agent")),
        posting: await said(fetch(url + "/v2/sessions", {method: "POST"})),
        asking: await said(fetch(url + "/api/webrtc/offer", json)),
        talking: await socket("/ws"),
        recording: await socket("/api/v1/rtc/stream"),
        signaling: await socket("/ws/v2/someone"),
    };
}"""
"""What each try of a page has told it; "nothing" where the browser kept the answer to itself."""


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>Elsewhere</title>")

    def log_message(self, *args: Any, **kwargs: Any) -> None:
        """pytest shows enough."""


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A page of another origin: the same machine, another port."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def tried(page_url: str, server: ParleyServer) -> dict[str, Any]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        try:
            page = browser.new_page()
            page.goto(page_url)
            return dict(page.evaluate(TRIES, server.url))
        finally:
            browser.close()


def test_a_page_from_elsewhere_gets_nothing_and_begins_nothing(bench: ParleyServer, elsewhere: str) -> None:
    before = bench.metric("parley_sessions_opened_total")
    assert set(tried(elsewhere, bench).values()) == {"nothing"}
    assert bench.metric("parley_sessions_opened_total") == before


def test_a_page_that_the_file_lists_uses_every_door(elsewhere: str, tmp_path: Path) -> None:
    file = tmp_path / "agent.yaml"
    file.write_text(f"{(ROOT / 'examples/bench.yaml').read_text()}\n  access: {{origins: ['{elsewhere}']}}\n")
    with ParleyServer(file) as server:
        doors = dict.fromkeys(("talking", "recording", "signaling"), "open")
        # 400: it was let in, and what it sent is no offer.
        assert tried(elsewhere, server) == {"reading": 200, "posting": 200, "asking": 400, **doors}
