"""The way to a server: each thing that can be wrong with it has its words."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from parley_cli.doctor import reach
from parley_cli.doctor.target import Target
from tests.unit.parley_cli.doctor.stub import Serve

Certificate = Callable[[int], tuple[ssl.SSLContext, Path]]


def test_a_name_without_an_address() -> None:
    finding = reach.address(Target("http", "no-such-host.invalid", 80))
    assert (finding.state, finding.seen) == ("FAIL", "no-such-host.invalid has no address")


def test_a_firewall_that_drops_is_told_from_a_port_where_nothing_listens(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def dropped(*_: object, **__: object) -> socket.socket:
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", dropped)
    finding = reach.connection(Target("http", "127.0.0.1", 9011))
    assert finding.seen == "port 9011 of 127.0.0.1 did not answer within 5 s"
    assert "a firewall drops TCP" in finding.instead


def test_plain_http_is_as_it_should_be(serve: Serve) -> None:
    target = serve({"/healthz": (200, {}, "ok")})
    assert reach.connection(target).state == "ok"
    finding, speaks = reach.tls(target)
    assert (finding.state, speaks) == ("ok", target)


def test_http_to_a_port_that_speaks_tls_says_https(serve: Serve, certificate: Certificate) -> None:
    context, _ = certificate(90)
    target = serve({}, tls=context)
    finding, speaks = reach.tls(replace(target, scheme="http"))
    assert (finding.seen, finding.instead, speaks) == ("the port speaks TLS", f"write {target.url}", None)


def test_https_to_a_port_that_speaks_plain_http_says_http(serve: Serve) -> None:
    target = serve({})
    finding, speaks = reach.tls(replace(target, scheme="https"))
    assert (finding.seen, speaks) == ("the port speaks plain http", None)
    assert finding.instead.startswith(f"write {target.url}")


def test_a_certificate_that_nobody_vouches_for_fails_and_the_rest_is_looked_at(
    serve: Serve, certificate: Certificate
) -> None:
    context, _ = certificate(90)
    target = serve({"/healthz": (200, {}, "ok")}, tls=context)
    finding, speaks = reach.tls(target)
    assert finding.state == "FAIL"
    assert "browsers do not trust the certificate: self-signed certificate" in finding.seen
    assert speaks is not None
    assert reach.ask(speaks, "/healthz").body == b"ok"


@pytest.mark.parametrize(("days", "state"), [(90, "ok"), (5, "warn")])
def test_a_certificate_that_ends_soon_is_told(
    days: int, state: str, serve: Serve, certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, chain = certificate(days)
    monkeypatch.setenv("SSL_CERT_FILE", str(chain))
    target = serve({}, tls=context)
    finding, speaks = reach.tls(target)
    assert (finding.state, speaks) == (state, target)
    assert f"{days} more days" in finding.seen


def test_a_server_that_dribbles_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte at a time would keep a timeout for each read from ever passing."""
    monkeypatch.setattr(reach, "WITHIN", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def dribble() -> None:
            peer, _ = server.accept()
            with peer:
                while True:
                    try:
                        peer.sendall(b"H")
                    except OSError:
                        return
                    time.sleep(0.02)

        threading.Thread(target=dribble, daemon=True).start()
        began = time.monotonic()
        with pytest.raises(reach.Failed):
            reach.ask(Target("http", "127.0.0.1", server.getsockname()[1]), "/")
        assert time.monotonic() - began < 5
