"""One WebSocket: a reader that hands messages on, and a bounded writer that never makes its callers wait.

    session -> send_text | send_bytes -> queue -> one writer task -> peer
    peer -> reader -> handle(message), one at a time

Rules: whoever sends never waits; what waits to be written is bounded, and a peer that reads too slowly is
closed with a reason, since late speech is of no use; audio that an interruption made stale is dropped. A
PeerError that `handle` raises ends the connection with its close code. Whatever ends first (peer, reader,
writer), all end. Between two messages everyone else has their turn, however many have arrived.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Awaitable, Callable

from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from parley_dataplane.errors import Busy, ParleyError, SlowReader, TooBig

MAX_WAITING_BYTES = 4 * 1024 * 1024
"""87 s of speech at 24 kHz; four of the largest WAVs."""

MAX_WAITING_MESSAGES = 1_024

CLOSE_SECS = 2.0
"""How long a peer may take to read what waits when its connection ends."""

MAX_REASON_BYTES = 123
"""RFC 6455, 5.5: a control frame carries 125 bytes, two of which are the code."""


class Peer:
    """The other end of one accepted WebSocket. `run` serves it; everything else is plain `def`."""

    def __init__(
        self,
        websocket: WebSocket,
        *,
        max_waiting_bytes: int = MAX_WAITING_BYTES,
        max_waiting_messages: int = MAX_WAITING_MESSAGES,
    ) -> None:
        self._websocket = websocket
        self._max_bytes = max_waiting_bytes
        self._max_messages = max_waiting_messages
        self._waiting: deque[str | bytes] = deque()
        self._waiting_bytes = 0
        self._wake = asyncio.Event()
        self._closing: tuple[int, str] | None = None
        self._error: ParleyError | None = None
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    @property
    def is_closing(self) -> bool:
        return self._closing is not None

    def send_text(self, text: str) -> None:
        self._put(text)

    def send_bytes(self, data: bytes) -> None:
        self._put(data)

    def drop_audio(self) -> None:
        """Forget binary messages that have not left yet: the person has interrupted them."""
        self._waiting = deque(item for item in self._waiting if isinstance(item, str))
        self._waiting_bytes = sum(len(item) for item in self._waiting)

    def close(self, code: int = 1000, reason: str = "") -> None:
        """Write what waits, then close; the first code and reason count."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()
            asyncio.get_running_loop().call_later(CLOSE_SECS, self._end)

    async def run(self, handle: Callable[[str | bytes], Awaitable[None]]) -> ParleyError | None:
        """Serve the peer until it leaves or `close` is called; returns the error that ended it, if one did."""
        reader = asyncio.create_task(self._read(handle), name="websocket-reader")
        writer = asyncio.create_task(self._write(), name="websocket-writer")
        try:
            await asyncio.wait((reader, writer, self._over), return_when=asyncio.FIRST_COMPLETED)
            await asyncio.wait((writer, self._over), return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._end()
            self._waiting.clear()
            await _stop(reader, writer)
        return self._error

    def _end(self) -> None:
        if not self._over.done():
            self._over.set_result(None)

    def _put(self, item: str | bytes) -> None:
        if self._closing is not None:
            return
        self._waiting.append(item)
        self._waiting_bytes += len(item)
        self._wake.set()
        if self._waiting_bytes > self._max_bytes or len(self._waiting) > self._max_messages:
            self._fail(SlowReader(f"reading too slowly: {self._waiting_bytes} bytes waited"))
            self._waiting.clear()

    def _fail(self, error: ParleyError) -> None:
        self._error = error
        self.close(error.close_code, error.detail)

    async def _read(self, handle: Callable[[str | bytes], Awaitable[None]]) -> None:
        try:
            while self._closing is None:
                message = await self._websocket.receive()
                if message["type"] == "websocket.disconnect":
                    self._disconnected(message.get("code"))
                    return
                text, data = message.get("text"), message.get("bytes")
                await handle(text if text is not None else data or b"")
                await asyncio.sleep(0)  # a message that is there already is received without waiting
        except ParleyError as error:
            self._fail(error)
        except Exception:
            self.close(1011, "internal error")
            raise

    def _disconnected(self, code: int | None) -> None:
        """Gone: nothing can be written any more. The server itself refuses what is too big or too much, and says so
        here.
        """
        if code == TooBig.close_code and self._error is None:
            self._error = TooBig("a message over the server's limit")
        if code == Busy.close_code and self._error is None:
            self._error = Busy("too many messages that had begun and not ended")
        self._closing = self._closing or (1000, "")
        self._end()

    async def _write(self) -> None:
        # Starlette raises RuntimeError when the socket has been closed in the meantime.
        with contextlib.suppress(WebSocketDisconnect, RuntimeError):
            while True:
                while self._waiting:
                    item = self._waiting.popleft()
                    self._waiting_bytes -= len(item)
                    await self._send(item)
                if self._closing is not None:
                    break
                self._wake.clear()
                await self._wake.wait()
            if self._websocket.application_state is WebSocketState.CONNECTED:
                code, reason = self._closing
                await self._websocket.close(code, _cut_reason(reason))

    async def _send(self, data: str | bytes) -> None:
        if isinstance(data, str):
            await self._websocket.send_text(data)
        else:
            await self._websocket.send_bytes(data)


def _cut_reason(reason: str) -> str:
    return reason.encode()[:MAX_REASON_BYTES].decode(errors="ignore")


async def _stop(*tasks: asyncio.Task[object]) -> None:
    """Cancel what still runs and wait for it; an error of a task that has failed by itself is raised."""
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    for result in results:
        if isinstance(result, Exception):
            raise result
