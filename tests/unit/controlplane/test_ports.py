"""A held port is nobody else's, and whoever shares it gets the connections."""

from __future__ import annotations

import socket

import pytest

from tests.controlplane.ports import HeldPort


def listening(port: int, *, shared: bool) -> socket.socket:
    server = socket.socket()
    if shared:
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    server.bind(("127.0.0.1", port))
    server.listen()
    return server


def test_a_stranger_cannot_take_it() -> None:
    port = HeldPort()
    with pytest.raises(OSError, match="in use"):
        listening(port.number, shared=False)
    port.release()
    listening(port.number, shared=False).close()


def test_the_one_that_shares_it_gets_every_connection_and_without_it_they_are_refused() -> None:
    port = HeldPort()
    for _ in range(2):  # as after a restart
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port.number), timeout=1)
        with listening(port.number, shared=True) as server:
            for _ in range(10):
                with socket.create_connection(("127.0.0.1", port.number), timeout=1):
                    server.accept()[0].close()
    port.release()
