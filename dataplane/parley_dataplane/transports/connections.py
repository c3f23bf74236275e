"""uvicorn's HTTP and WebSocket connections, with the limits that they lack: of time, and of what waits.

    socket -> PatientHttp -> request -> routes
                  `- upgrade -> PatientWebSocket -> transports/websocket.py

Rules: who opens a connection has HEAD_SECS for the head of each request (of a body the route
says how long), and who does not read what is written has
UNREAD_SECS; then the connection is cut off, not closed, since a close waits for what is unread. At most READ_BYTES are
taken at a time: what a stranger packs into them is worked through before anyone else's turn. Of a WebSocket that sends
crumbs SIP_BYTES are, and no more than CRUMBS_PER_SEC. Messages that have begun and not ended may take UNFINISHED_BYTES
of all connections together; then the one that began first gives way.
"""

from __future__ import annotations

import asyncio
from typing import Any, Protocol, cast

from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import CloseCode, Frame, Opcode

HEAD_SECS = 10.0
UNREAD_SECS = 20.0
READ_BYTES = 16 * 1024
"""2,700 of the smallest WebSocket frames, 20 ms of work; asyncio's own is 256 KiB."""
SIP_BYTES = 2 * 1024
"""What is read at a time of a WebSocket that has just been opened, or whose last bytes were crumbs."""

CRUMB_BYTES, CRUMB_TEXT_BYTES = 128, 1024
"""Frames of less are crumbs: pings, text of a few words, 4 ms of audio. Each costs as much work as a large frame."""
FEW_CRUMBS = 16
CRUMBS_PER_SEC, CRUMBS_AT_ONCE = 100, 200
"""A recorder's slices of 20 ms are 50 a second, and all of ICE's candidates a few dozen at once."""

UNFINISHED_BYTES = 256 * 1024 * 1024
"""Sixteen of the largest messages."""
SMALL_BYTES = 64 * 1024
"""What is unfinished and smaller is not looked at: 2,000 connections may hold 128 MiB so."""
FRAME_BYTES = 100
"""What keeping a frame takes beside its content."""

_DATA = (Opcode.TEXT, Opcode.BINARY, Opcode.CONT)


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


class Pace:
    """How many may come in a second; `at_once` of them may come together, after a rest."""

    def __init__(self, per_sec: float, at_once: float) -> None:
        self._per_sec = per_sec
        self._ahead_secs = at_once / per_sec
        self._even_at = 0.0  # when what has come would have come at an even pace

    def rest(self, count: int, now: float) -> float:
        """`count` more have come: return for how many seconds no more should."""
        self._even_at = max(self._even_at, now) + count / self._per_sec
        return max(0.0, self._even_at - now - self._ahead_secs)


class Holder(Protocol):
    """Who holds a part of a message."""

    def give_way(self) -> None:
        """Hold nothing any more."""


class Unfinished:
    """What is held of all messages that have begun and not ended; over `limit` bytes the one that began first goes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._held: dict[Holder, int] = {}  # in the order in which they began
        self.total = 0

    def hold(self, holder: Holder, size: int) -> None:
        """`holder` holds `size` bytes now; after 0 it is another message."""
        self.total += size - self._held.get(holder, 0)
        if size:
            self._held[holder] = size
        else:
            self._held.pop(holder, None)
        while self.total > self._limit:
            oldest = next(iter(self._held))
            self.hold(oldest, 0)
            oldest.give_way()


class PatientWebSocket(WebSocketsSansIOProtocol):
    unfinished = Unfinished(UNFINISHED_BYTES)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._unread = Patience(UNREAD_SECS)
        self._pace = Pace(CRUMBS_PER_SEC, CRUMBS_AT_ONCE)
        self._resting: asyncio.TimerHandle | None = None
        self._kept = 0  # bytes of the frames of a message that has not ended

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        _read_at_most(transport, SIP_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unread.stop()
        self.unfinished.hold(self, 0)
        if self._resting is not None:
            self._resting.cancel()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        crumbs = 0
        for event in self.conn.events:
            if isinstance(event, Frame):
                crumbs += _is_crumb(event)
                self._keep(event)
        super().handle_events()
        held = self._kept + len(self.conn.reader.buffer)
        self.unfinished.hold(self, held if held > SMALL_BYTES else 0)
        if self.handshake_complete:
            _read_at_most(self.transport, SIP_BYTES if crumbs > FEW_CRUMBS else READ_BYTES)
        if crumbs and (secs := self._pace.rest(crumbs, self.loop.time())):
            self._rest(secs)

    def give_way(self) -> None:
        """Of what is unfinished, this is the oldest, and there is too much."""
        self.frames, self._kept = [], 0
        self.conn.reader.discard()
        self.conn.fail(
            CloseCode.TRY_AGAIN_LATER, "too much is being sent to this server at once: try again later"
        )
        self.handle_parser_exception()

    async def receive(self) -> Any:
        message = await super().receive()
        if self._resting is not None:
            self.transport.pause_reading()  # uvicorn reads on whenever a message has been taken
        return message

    async def send(self, message: Any) -> None:
        await super().send(message)
        if self.initial_response is not None and self.close_sent:
            self.handshake_complete = (
                True  # by a refusal: uvicorn would log it as an error of the application
            )

    def pause_writing(self) -> None:
        super().pause_writing()
        self._unread.start(self.transport)

    def resume_writing(self) -> None:
        self._unread.stop()
        super().resume_writing()

    def handle_cont(self, event: Frame) -> None:
        """A message in ever more empty frames never gets too big."""
        if event.data or event.fin:
            super().handle_cont(event)

    def _keep(self, frame: Frame) -> None:
        if frame.opcode not in _DATA:
            return
        if frame.fin:
            self._kept = 0
            self.unfinished.hold(self, 0)
        else:
            self._kept += len(frame.data) + FRAME_BYTES

    def _rest(self, secs: float) -> None:
        """Read nothing for `secs`."""
        self.transport.pause_reading()
        if self._resting is not None:
            self._resting.cancel()
        self._resting = self.loop.call_later(secs, self._read_on)

    def _read_on(self) -> None:
        self._resting = None
        if not self.read_paused:
            self.transport.resume_reading()


def _is_crumb(frame: Frame) -> bool:
    return len(frame.data) < (CRUMB_TEXT_BYTES if frame.opcode is Opcode.TEXT else CRUMB_BYTES)


def _bound(transport: asyncio.Transport) -> None:
    _read_at_most(transport, READ_BYTES)
    transport.set_write_buffer_limits(high=0)  # told to wait whenever anything is unread


def _read_at_most(transport: asyncio.Transport, size: int) -> None:
    cast(Any, transport).max_size = size  # asyncio's name for it; it has no setter
