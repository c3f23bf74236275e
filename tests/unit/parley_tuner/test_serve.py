"""The report by HTTP, asked by who means well and by who does not."""

from __future__ import annotations

import json
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest

from parley_tuner import serve
from parley_tuner.serve import AT_ONCE, Server

REPORT: dict[str, Any] = {"node": "node-a", "keys": {}}


class Answers:
    problem = ""

    def __init__(self) -> None:
        self.server = Server("127.0.0.1", 0, lambda: REPORT, lambda: self.problem)
        self.server.start()

    def get(self, path: str, data: bytes | None = None, method: str | None = None) -> tuple[int, bytes]:
        url = f"http://127.0.0.1:{self.server.port}{path}"
        request = urllib.request.Request(url, data=data, method=method)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                return response.status, response.read()
        except urllib.error.HTTPError as error:
            return error.code, error.read()

    def open(self, content: bytes = b"") -> socket.socket:
        opened = socket.create_connection(("127.0.0.1", self.server.port), timeout=10)
        opened.sendall(content)
        return opened


@pytest.fixture
def answers() -> Iterator[Answers]:
    one = Answers()
    yield one
    one.server.shutdown()
    one.server.server_close()


def everything(peer: socket.socket) -> bytes:
    with peer:
        try:
            return b"".join(iter(lambda: peer.recv(65536), b""))
        except ConnectionError:
            return b""


def test_the_report_is_json(answers: Answers) -> None:
    status, body = answers.get("/report")
    assert (status, json.loads(body)) == (200, REPORT)


def test_healthz_tells_what_is_wrong(answers: Answers) -> None:
    assert answers.get("/healthz") == (200, b"ok\n")
    answers.problem = "nothing was looked at for 61 s"
    assert answers.get("/healthz") == (503, b"nothing was looked at for 61 s\n")


def test_there_is_nothing_else(answers: Answers) -> None:
    assert answers.get("/")[0] == 404
    assert answers.get("/report?x=1")[0] == 404


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "HEAD", "OPTIONS", "<script>"])
def test_only_get_is_answered(answers: Answers, method: str) -> None:
    sent = f"{method} /report HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    answer = everything(answers.open(sent))
    assert answer.startswith(b"HTTP/1.0 405 ")
    assert b"script" not in answer


@pytest.mark.parametrize(
    "headers", [b"Content-Length: 5", b"Transfer-Encoding: chunked", b"Content-Length: x"]
)
def test_a_body_is_refused(answers: Answers, headers: bytes) -> None:
    answer = everything(answers.open(b"GET /report HTTP/1.1\r\n" + headers + b"\r\n\r\n"))
    assert answer.startswith(b"HTTP/1.0 400 ")


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET /report HTTP/9.9\r\n\r\n",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
        b"GET /report HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"",
    ],
    ids=["TLS", "no path", "no version", "long path", "many headers", "nothing"],
)
def test_what_is_no_request_leaves_others_alone(answers: Answers, sent: bytes) -> None:
    peer = answers.open(sent)
    peer.shutdown(socket.SHUT_WR)
    assert len(everything(peer)) < 400
    assert answers.get("/healthz")[0] == 200


def test_who_holds_every_place_without_asking_loses_it_in_time(
    answers: Answers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They send a byte now and then, so that no single wait of the server is ever too long."""
    monkeypatch.setattr(serve, "LONGEST_SECONDS", 1.0)
    began = time.monotonic()
    slow = [answers.open(b"GET /re") for _ in range(AT_ONCE)]
    time.sleep(0.2)
    assert everything(answers.open(b"GET /healthz HTTP/1.1\r\n\r\n")) == b"", "one too many is closed at once"
    while time.monotonic() < began + 2.5:
        for peer in slow:
            with suppress(ConnectionError):
                peer.sendall(b"p")
        time.sleep(0.1)
    assert answers.get("/healthz") == (200, b"ok\n")
    for peer in slow:
        peer.close()


def test_every_address_is_bound_where_none_is_given() -> None:
    server = Server("", 0, lambda: REPORT, lambda: "")
    server.start()
    try:
        with socket.create_connection(("127.0.0.1", server.port), timeout=5):
            pass
    finally:
        server.shutdown()
        server.server_close()
