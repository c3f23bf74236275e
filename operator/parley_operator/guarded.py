"""A write that looks whether it still may just before the system call that sends it.

A process may be stopped at any instruction, and go on minutes later as if nothing had been. What it looked at before is
then long past; so the last look is as near to the sending as a program can have it. aiohttp keeps a request's head back
until its body is written, and on Python 3.11 a task of its own writes both, after whatever else the loop has to do;
then TLS encrypts them. With a look before each of these alone, of 9,068 writes of 50 frozen leaders 3 came after their
deadline, and with one before the last 1 of 4,064 of 25.

Rules: what a socket sends for itself (TLS' handshake and farewell) and what only reads is not guarded.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from typing import Any
from weakref import WeakValueDictionary

import aiohttp
from aiohttp.abc import AbstractStreamWriter

Guard = Callable[[], None]
"""Returns only where a write may be sent."""


class _Socket(socket.socket):
    """`guard` is called before whatever is sent, while there is one."""

    guard: Guard | None = None

    def send(self, *arguments: Any) -> int:
        if self.guard is not None:
            self.guard()
        return super().send(*arguments)

    def sendmsg(self, *arguments: Any) -> int:
        if self.guard is not None:
            self.guard()
        return super().sendmsg(*arguments)


_open: WeakValueDictionary[int, _Socket] = WeakValueDictionary()
"""By descriptor: a transport hands out no more of its socket."""


def new_socket(address: aiohttp.AddrInfoType) -> socket.socket:
    """One that notices within a minute that its peer is gone without a word, as a node is that lost its power."""
    family, kind, protocol, *_ = address
    made = _Socket(family=family, type=kind, proto=protocol)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in (("TCP_KEEPIDLE", 20), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
        if hasattr(socket, name):  # not on every system
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    made.setblocking(False)
    _open[made.fileno()] = made
    return made


class GuardedBody(aiohttp.BytesPayload):
    """The body of a request to be sent by a socket of `new_socket`."""

    def __init__(self, content: bytes, guard: Guard) -> None:
        super().__init__(content)
        self._guard = guard

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        """aiohttp's: head and body, at once."""
        made = _of(writer)
        self._guard()
        if made is not None:
            made.guard = self._guard
        try:
            await super().write_with_length(writer, content_length)
        finally:
            if made is not None:
                made.guard = None


def _of(writer: AbstractStreamWriter) -> _Socket | None:
    transport = getattr(writer, "transport", None)
    public = None if transport is None else transport.get_extra_info("socket")
    return None if public is None else _open.get(public.fileno())
