"""The pipe's wire format: a 9-byte header (kind, stream, length of payload; little endian), then the
payload.

Rules: no pickle, nothing but bytes; a payload is at most MAX_PAYLOAD; the standard library alone, since
both sides of the pipe import this and a worker must start fast.
"""

from __future__ import annotations

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

MAX_PAYLOAD = 1 << 20
"""Bytes of one payload: 32 s of what is heard."""

_HEADER = Struct("<BII")


class Kind(IntEnum):
    """To the worker: OPEN, DATA, END, CANCEL, PING. From it: READY, ALIVE, DATA, RESULT, DONE, FAILED."""

    OPEN = 1
    DATA = 2
    END = 3
    CANCEL = 4
    PING = 5
    READY = 6
    ALIVE = 7
    RESULT = 8
    DONE = 9
    FAILED = 10


class Frame(NamedTuple):
    """`stream` 0 is the worker itself: its OPEN is the configuration, its FAILED why it can't start."""

    kind: Kind
    stream: int
    payload: bytes = b""


class FrameError(ValueError):
    """The other side does not speak this protocol."""


def encode(frame: Frame) -> bytes:
    if len(frame.payload) > MAX_PAYLOAD:
        raise FrameError(f"payload of {len(frame.payload)} bytes: at most {MAX_PAYLOAD}")
    return _HEADER.pack(frame.kind, frame.stream, len(frame.payload)) + frame.payload


class Decoder:
    """Bytes in, whole frames out."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Frame]:
        """Raises FrameError for an unknown kind or too long a payload; the pipe is of no use then."""
        self._buffer += data
        frames: list[Frame] = []
        start = 0
        while len(self._buffer) - start >= _HEADER.size:
            kind, stream, length = _HEADER.unpack_from(self._buffer, start)
            if length > MAX_PAYLOAD or kind not in Kind._value2member_map_:
                raise FrameError(f"kind {kind} with {length} bytes: not a frame")
            end = start + _HEADER.size + length
            if end > len(self._buffer):
                break
            frames.append(Frame(Kind(kind), stream, bytes(self._buffer[start + _HEADER.size : end])))
            start = end
        del self._buffer[:start]
        return frames
