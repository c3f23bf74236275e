"""GET /report and /healthz, for the operator and the kubelet, on the node's own addresses.

Rules: GET alone, without a body. Eight are answered at a time, the next is closed at once; one that is not done after
five seconds is closed. The report holds no secret; nothing is logged of who asks.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

AT_ONCE = 8
LONGEST_SECONDS = 5.0


class _Handler(BaseHTTPRequestHandler):
    server: Server
    timeout = 2.0  # of each wait for the peer
    server_version = "parley-tuner"
    sys_version = ""

    def do_GET(self) -> None:
        if self.headers.get("Transfer-Encoding") or self.headers.get("Content-Length", "0") != "0":
            self._answer(400, "text/plain", b"send no body\n")
        elif self.path == "/report":
            report = json.dumps(self.server.report()).encode()
            self._answer(200, "application/json", report)
        elif self.path == "/healthz":
            problem = self.server.stuck()
            self._answer(503 if problem else 200, "text/plain", f"{problem or 'ok'}\n".encode())
        else:
            self._answer(404, "text/plain", b"there are /report and /healthz\n")

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What http.server itself refuses: in a few words instead of a page that repeats what was sent."""
        self._answer(405 if code == 501 else code, "text/plain", b"send a GET\n")

    def _answer(self, code: int, kind: str, body: bytes) -> None:
        self.send_response(code)
        if code == 405:
            self.send_header("Allow", "GET")
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        pass


class Server(HTTPServer):
    """Raises OSError where the address is taken. `stuck` tells in words what is wrong, "" where nothing is."""

    request_queue_size = 16
    allow_reuse_address = True

    def __init__(
        self, host: str, port: int, report: Callable[[], dict[str, Any]], stuck: Callable[[], str]
    ) -> None:
        self.report = report
        self.stuck = stuck
        self._room = threading.BoundedSemaphore(AT_ONCE)
        self._open: dict[socket.socket, float] = {}
        self._both = not host and socket.has_dualstack_ipv6()
        if self._both or ":" in host:
            self.address_family = socket.AF_INET6
        super().__init__((host, port), _Handler)

    def server_bind(self) -> None:
        if self._both:
            self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        # Not HTTPServer's: it would ask the name service for the host's name.
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    def start(self) -> None:
        threading.Thread(target=self.serve_forever, name="http", daemon=True).start()

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        self._open[request] = time.monotonic()
        threading.Thread(target=self._serve, args=(request, client_address), daemon=True).start()

    def _serve(self, request: socket.socket, client_address: Any) -> None:
        try:
            with suppress(OSError, ValueError):  # the peer is gone, or its time is over
                self.finish_request(request, client_address)
        finally:
            self._open.pop(request, None)
            self.shutdown_request(request)
            self._room.release()

    def service_actions(self) -> None:
        """Called twice a second: who sends a byte now and then does not keep a place."""
        for request, since in list(self._open.items()):
            if time.monotonic() - since > LONGEST_SECONDS:
                with suppress(OSError):  # it has just ended
                    request.shutdown(socket.SHUT_RDWR)
