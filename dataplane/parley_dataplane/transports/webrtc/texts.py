"""The texts of a call over the data channels that the peer opened.

Rules: sending never waits. What a peer does not read is held up to two limits, aiortc's buffer and then our queue,
whose oldest texts go first; what it sends is text of a bounded length, or is counted and dropped.
"""

from __future__ import annotations

import contextlib
import functools
from collections import deque
from collections.abc import Callable

from aiortc import RTCDataChannel

MOST_CHANNELS = 4
LONGEST_TEXT = 64 * 1024
"""Characters of one text of the peer's."""

MOST_WAITING = 256
"""Texts that wait for a peer to read."""

_MOST_BUFFERED_BYTES = 256 * 1024
"""Of one channel; beyond it texts wait here, where the oldest can be dropped."""


class Texts:
    """`on_open()` is called for the first channel alone: a text goes to all that are open."""

    def __init__(self, on_message: Callable[[str], None], on_open: Callable[[], None]) -> None:
        self.dropped = 0
        self.refused = 0
        self._on_message = on_message
        self._on_open = on_open
        self._was_open = False
        self._channels: list[RTCDataChannel] = []
        self._waiting: deque[str] = deque()

    def attach(self, channel: RTCDataChannel) -> None:
        """Takes a channel that the peer has opened, or closes it where there are enough."""
        if len(self._channels) >= MOST_CHANNELS:
            channel.close()
            return
        channel.bufferedAmountLowThreshold = _MOST_BUFFERED_BYTES // 2
        channel.on("message", self._receive)
        channel.on("bufferedamountlow", self._flush)
        channel.on("close", functools.partial(self._detach, channel))
        self._channels.append(channel)
        if not self._was_open:
            self._was_open = True
            self._on_open()

    def send(self, text: str) -> None:
        """To every open channel; before the first one opens there is nobody to tell."""
        if not self._channels:
            return
        self._waiting.append(text)
        self._flush()
        if len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self.dropped += 1

    def close(self) -> None:
        """From here on nobody is told anything, and nothing of the caller's is held."""
        self._channels.clear()
        self._waiting.clear()
        self._on_message = lambda _: None
        self._on_open = lambda: None

    def _receive(self, message: str | bytes) -> None:
        if isinstance(message, str) and len(message) <= LONGEST_TEXT:
            self._on_message(message)
        else:
            self.refused += 1

    def _flush(self) -> None:
        while self._waiting and all(c.bufferedAmount < _MOST_BUFFERED_BYTES for c in self._channels):
            text = self._waiting.popleft()
            for channel in self._channels:
                if channel.readyState == "open":
                    with contextlib.suppress(ValueError):  # longer than the peer said that it takes
                        channel.send(text)

    def _detach(self, channel: RTCDataChannel) -> None:
        with contextlib.suppress(ValueError):
            self._channels.remove(channel)
