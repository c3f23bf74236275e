"""Owns ports that are ours from the first moment on: each is bound here, and shared with the program that serves it.

A port that is only looked up is free for anybody until the program binds it, and again whenever that is stopped. One
that is held (bound, with SO_REUSEPORT, never listening) is given to nobody else by the system, and a program of the
same user that also sets SO_REUSEPORT (Kubernetes: --permit-port-sharing) gets all connections, for it alone listens.
"""

from __future__ import annotations

import socket


class HeldPort:
    """A TCP port on 127.0.0.1."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._socket.bind(("127.0.0.1", 0))
        self.number: int = self._socket.getsockname()[1]

    def release(self) -> None:
        self._socket.close()
