"""The data channel of a call, by aiortc's SCTP on our DTLS: what the server is told, and tells, with the time at the
wire.

Only where the decision of an interruption is timed: each call then costs an association and its timers.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from aiortc import RTCDataChannel, RTCDataChannelParameters, RTCSctpCapabilities, RTCSctpTransport


class DataChannel:
    """`messages` are (when the datagram came that completed it, the message), JSON objects alone."""

    def __init__(self, send: Callable[[bytes], None], *, is_server: bool) -> None:
        self.state = "connected"  # what RTCSctpTransport asks of an RTCDtlsTransport
        self._role = "server" if is_server else "client"
        self._send = send
        self._at = 0.0
        self.messages: list[tuple[float, dict[str, Any]]] = []
        self._receiver: Any = None
        self._channel: Any = None
        self._sctp = RTCSctpTransport(self)  # type: ignore[arg-type]
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self, port: int, largest_message: int) -> None:
        await self._sctp.start(RTCSctpCapabilities(largest_message), port)
        self._channel = RTCDataChannel(self._sctp, RTCDataChannelParameters(label="parley"))
        self._channel.on("message", self._message)

    def tell(self, message: dict[str, Any]) -> None:
        """Send a message, once one has come: the channel is open then."""
        self._channel.send(json.dumps(message))

    def receive(self, said: bytes, at: float) -> None:
        """Take what DTLS carried."""
        if self._receiver is not None:
            task = asyncio.get_running_loop().create_task(self._hand_on(said, at))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def stop(self) -> None:
        await self._sctp.stop()
        for task in tuple(self._tasks):
            task.cancel()

    async def _hand_on(self, said: bytes, at: float) -> None:
        self._at = at
        await self._receiver._handle_data(said)

    def _message(self, text: str | bytes) -> None:
        message = json.loads(text)
        if isinstance(message, dict):
            self.messages.append((self._at, message))

    # What RTCSctpTransport calls

    def _register_data_receiver(self, receiver: Any) -> None:
        self._receiver = receiver

    def _unregister_data_receiver(self, receiver: Any) -> None:
        self._receiver = None

    async def _send_data(self, data: bytes) -> None:
        self._send(data)
