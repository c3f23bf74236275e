"""The way to the server: its name, its port, TLS, and one HTTP request at a time, each within a bound.

A name takes as long as the system's resolver does. A proxy that the environment names is not used: what is looked at
is the server, and media would not go that way.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from parley_api.problems import printable
from parley_cli.doctor.findings import Finding
from parley_cli.doctor.target import Target

WITHIN = 5.0
"""Seconds in which a server connects, and in which it answers."""

LARGEST_BODY = 4 * 1024 * 1024
"""Bytes of an answer that are read: /metrics has some 100 KiB."""

EXPIRES_SOON = 14 * 86_400.0
"""Seconds before its end at which somebody should have renewed a certificate."""

MOST_ADDRESSES = 4

Failed = (OSError, http.client.HTTPException)
"""What `ask` raises."""


@dataclass(frozen=True, slots=True)
class Answer:
    """`ms` from connected to read."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    ms: float

    def json(self) -> Any:
        """None where it is none."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def detail(self) -> str:
        """What an error of Parley's says; "" where it is none."""
        told = self.json()
        return printable(str(told.get("detail", ""))) if isinstance(told, dict) else ""

    @property
    def problem(self) -> str:
        """The code of an error of Parley's, "" where it is none."""
        told = self.json()
        kind = str(told.get("type", "")) if isinstance(told, dict) else ""
        return kind.removeprefix("urn:parley:problem:") if kind.startswith("urn:parley:problem:") else ""


def ask(
    target: Target,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request on a connection of its own, redirects not followed. Raises one of `Failed`."""
    connection: http.client.HTTPConnection
    if target.secure:
        connection = http.client.HTTPSConnection(
            target.host, target.port, timeout=WITHIN, context=target.context()
        )
    else:
        connection = http.client.HTTPConnection(target.host, target.port, timeout=WITHIN)
    with contextlib.closing(connection):
        connection.connect()
        began = time.monotonic()
        with _cut_off(connection.sock):
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            told = response.read(LARGEST_BODY)
        ms = 1000 * (time.monotonic() - began)
        return Answer(response.status, response.headers, told, ms)


@contextlib.contextmanager
def _cut_off(connected: socket.socket) -> Iterator[None]:
    """Ends the connection after WITHIN: its timeout is for each read, and a byte may come each second."""

    def cut() -> None:
        with contextlib.suppress(OSError):
            connected.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(WITHIN, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def reason(error: Exception) -> str:
    """A failure of `ask` in a few words."""
    match error:
        case TimeoutError():
            return f"no answer within {WITHIN:.0f} s"
        case ConnectionRefusedError():
            return "the connection was refused"
        case http.client.RemoteDisconnected() | ConnectionError():
            return "the connection was closed without an answer"
        case http.client.HTTPException():
            return "the answer is no HTTP"
        case ssl.SSLError():
            return f"TLS failed ({printable(error.reason or 'no reason given')})"
        case _:
            return printable(str(getattr(error, "strerror", None) or error))


def address(target: Target) -> Finding:
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return Finding(
            "address",
            "FAIL",
            f"{target.host} has no address",
            "look at the spelling, the DNS entry, and whether this machine is online",
        )
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    more = f" and {len(addresses) - MOST_ADDRESSES} more" if len(addresses) > MOST_ADDRESSES else ""
    return Finding("address", "ok", ", ".join(addresses[:MOST_ADDRESSES]) + more)


def connection(target: Target) -> Finding:
    where = f"port {target.port} of {target.host}"
    began = time.monotonic()
    try:
        with socket.create_connection((target.host, target.port), WITHIN):
            ms = 1000 * (time.monotonic() - began)
    except ConnectionRefusedError:
        return Finding(
            "connection",
            "FAIL",
            f"nothing listens on {where}",
            "start `parley run FILE`, look at its --port (9011 unless it says otherwise), and give it --host 0.0.0.0"
            " if others than this machine are to reach it",
        )
    except TimeoutError:
        return Finding(
            "connection",
            "FAIL",
            f"{where} did not answer within {WITHIN:.0f} s",
            "a firewall drops TCP to it, or the address is another machine's: open the port, or correct the address",
        )
    except OSError as error:
        return Finding(
            "connection", "FAIL", f"{where}: {reason(error)}", "look at the network between here and there"
        )
    return Finding("connection", "ok", f"{where} answers within {ms:.0f} ms", figures={"connect_ms": ms})


def tls(target: Target) -> tuple[Finding, Target | None]:
    """Also the target as it may be asked from here on; None where it can't be."""
    return _tls(target) if target.secure else _no_tls(target)


def _no_tls(target: Target) -> tuple[Finding, Target | None]:
    try:
        plain = ask(target, "/healthz").status != 400
    except Failed:
        plain = False
    if not plain and _speaks_tls(replace(target, scheme="https", verified=False)):
        other = replace(target, scheme="https").url
        return Finding("tls", "FAIL", "the port speaks TLS", f"write {other}"), None
    return Finding("tls", "ok", "none: plain http"), target


def _speaks_tls(target: Target) -> bool:
    try:
        _certificate(target)
    except OSError:
        return False
    return True


def _certificate(target: Target) -> Mapping[str, Any]:
    """What the server shows; empty where it is not verified. Raises OSError, of which ssl.SSLError is one."""
    with (
        socket.create_connection((target.host, target.port), WITHIN) as plain,
        _cut_off(plain),
        target.context().wrap_socket(plain, server_hostname=target.host) as secured,
    ):
        return secured.getpeercert() or {}


def _tls(target: Target) -> tuple[Finding, Target | None]:
    try:
        shown = _certificate(target)
    except ssl.SSLCertVerificationError as error:
        finding = Finding(
            "tls",
            "FAIL",
            f"browsers do not trust the certificate: {printable(error.verify_message)}",
            "install one for this name from an authority that browsers know; a page has no microphone before",
        )
        return finding, replace(target, verified=False)
    except OSError as error:
        plain = replace(target, scheme="http")
        with contextlib.suppress(*Failed):
            ask(plain, "/healthz")
            instead = f"write {plain.url}, or put a proxy that ends TLS in front of it"
            return Finding("tls", "FAIL", "the port speaks plain http", instead), None
        return Finding("tls", "FAIL", reason(error), "look at the proxy that ends TLS, and at its log"), None
    left = ssl.cert_time_to_seconds(str(shown["notAfter"])) - time.time()
    days = f"the certificate is trusted for {left / 86_400:.0f} more days"
    if left < EXPIRES_SOON:
        return Finding("tls", "warn", days, "renew it"), target
    return Finding("tls", "ok", days), target
