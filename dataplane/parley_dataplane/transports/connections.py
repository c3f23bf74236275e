"""uvicorn's HTTP and WebSocket connections, with the limits that they lack: of time, and of what waits.

    socket -> PatientHttp -> request -> routes
                  `- upgrade -> PatientWebSocket -> transports/websocket.py

Rules: who opens a connection has HEAD_SECS for the head of each request (of a body the route
says how long), and who does not read what is written has
UNREAD_SECS; then the connection is cut off, not closed, since a close waits for what is unread. At most READ_BYTES are
taken at a time: what a stranger packs into them is worked through before anyone else's turn.
"""

from __future__ import annotations

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame

HEAD_SECS = 10.0
UNREAD_SECS = 20.0
READ_BYTES = 16 * 1024
"""2,700 of the smallest WebSocket frames, 20 ms of work; asyncio's own is 256 KiB."""


class Patience:
    """One deadline of one connection: `start` and `stop` as often as one likes."""

    def __init__(self, secs: float) -> None:
        self._secs = secs
        self._timer: asyncio.TimerHandle | None = None

    def start(self, transport: asyncio.Transport) -> None:
        """Cut `transport` off, unless stopped in time; the first start counts."""
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._secs, transport.abort)

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class PatientHttp(H11Protocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._head = Patience(HEAD_SECS)
        self._unread = Patience(UNREAD_SECS)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _bound(transport)
        self._head.start(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._head.stop()
        self._unread.stop()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.transport.get_protocol() is not self:  # a WebSocket by now
            return
        is_answered = self.cycle is None or self.cycle.response_complete
        owes_us = str(self.conn.their_state) in ("IDLE", "SEND_BODY")  # half a head, or a body for nobody
        if is_answered and owes_us:
            self._head.start(self.transport)
        else:
            self._head.stop()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.start(self.transport)

    def resume_writing(self) -> None:
        self._unread.stop()
        super().resume_writing()

    def handle_websocket_upgrade(self, event: Any) -> None:
        self._head.stop()
        self._unread.stop()
        super().handle_websocket_upgrade(event)


class PatientWebSocket(WebSocketsSansIOProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unread = Patience(UNREAD_SECS)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread.stop()
        super().connection_lost(exc)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.start(self.transport)

    def resume_writing(self) -> None:
        self._unread.stop()
        super().resume_writing()

    def handle_ping(self) -> None:
        """RFC 6455, 5.5.3 allows to leave out pongs: those that a peer does not read would wait without bound."""
        if self.writable.is_set():
            super().handle_ping()
        else:
            self.conn.data_to_send()

    def handle_cont(self, event: Frame) -> None:
        """A message in ever more empty frames never gets too big."""
        if event.data or event.fin:
            super().handle_cont(event)


def _bound(transport: asyncio.Transport) -> None:
    cast(Any, transport).max_size = READ_BYTES  # asyncio's name for it; it has no setter
    transport.set_write_buffer_limits(high=0)  # told to wait whenever anything is unread
