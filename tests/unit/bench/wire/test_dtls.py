"""DTLS of the load generator with itself: both ends get the same keys, and a wrong fingerprint ends it."""

from __future__ import annotations

import pytest

from tests.bench.wire import rtp
from tests.bench.wire.dtls import Dtls, HandshakeError, identity


def shaken(fingerprint: str) -> tuple[Dtls, Dtls]:
    client = Dtls([("sha-256", fingerprint)], is_server=False)
    server = Dtls([("sha-256", identity().fingerprint)], is_server=True)
    flight, ends = client.start(), [server, client]
    for turn in range(10):
        if not flight:
            break
        flight, _ = ends[turn % 2].receive(flight)
    return client, server


def test_what_one_end_protects_the_other_reads() -> None:
    client, server = shaken(identity().fingerprint)
    assert client.connected
    assert server.connected
    packet = rtp.header(111, 1, 960, 7, extended=False) + b"opus"
    for sender, receiver in ((client, server), (server, client)):
        assert sender.outbound is not None
        assert receiver.inbound is not None
        assert receiver.inbound.unprotect(sender.outbound.protect(packet)) == packet


def test_texts_go_inside_and_a_goodbye_is_noticed() -> None:
    client, server = shaken(identity().fingerprint)
    assert server.receive(client.seal(b"hello"))[1] == b"hello"
    server.receive(client.close())
    assert server.closed


def test_a_certificate_that_the_answer_did_not_name_is_refused() -> None:
    with pytest.raises(HandshakeError, match="not the one of its answer"):
        shaken("00:" * 31 + "00")


def test_a_flight_that_is_lost_is_due_again() -> None:
    client = Dtls([("sha-256", identity().fingerprint)], is_server=False)
    assert client.start()
    assert 0.0 < (client.timeout() or 0.0) <= 1.1
