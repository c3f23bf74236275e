"""The worker's end of the pipe, and `serve`, the loop that every worker runs.

Rules: one thread (`working` has another that says nothing but ALIVE); frames are handled in order, except
that CANCEL overtakes what is queued for its stream; the worker dies with its parent (EOF, or the kernel's
parent-death signal while it computes); nothing that a library prints can reach the pipe or a log.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from parley_dataplane.engines.workers.frames import Decoder, Frame, Kind, encode

_PR_SET_PDEATHSIG = 1
"""prctl(2)."""

_READ_BYTES = 1 << 16

_QUEUE_BYTES = 1 << 20
"""Beyond this the pipe is left unread, so that the backlog grows at the parent, which bounds it."""

_ALIVE_SECS = 0.1
"""A busy worker says at least this often, between two frames, that it gets on: often enough for each look at it."""


class RefusedError(Exception):
    """A request that can't be served; `code` is that of the parent's EngineError. Holds no spoken words."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail


class Handler(Protocol):
    """One engine in its worker. A method may raise RefusedError: it fails that stream alone."""

    def open(self, stream: int, request: Any) -> None: ...

    def data(self, stream: int, payload: bytes) -> None: ...

    def end(self, stream: int) -> None: ...

    def cancel(self, stream: int) -> None:
        """Also called for a stream that failed; an unknown stream is none to complain about."""


class OneRequest:
    """What all do alike that take a whole request in `open`: a clause to say, texts to embed."""

    def data(self, stream: int, payload: bytes) -> None:
        raise RefusedError("engine-error", "one request is one stream: open another")

    def end(self, stream: int) -> None:
        pass

    def cancel(self, stream: int) -> None:
        pass


class Channel:
    """Frames in and out of a worker."""

    def __init__(self, stdin: int, stdout: int) -> None:
        self._stdin = stdin
        self._stdout = stdout
        self._decoder = Decoder()
        self._queue: deque[Frame] = deque()
        self._queued_bytes = 0
        self._cancelled: set[int] = set()
        self._ended = False
        self._last_sent = time.monotonic()

    def send(self, kind: Kind, stream: int, payload: bytes = b"") -> None:
        """Waits while the parent does not read."""
        view = memoryview(encode(Frame(kind, stream, payload)))
        while view:
            view = view[os.write(self._stdout, view) :]
        self._last_sent = time.monotonic()

    def send_json(self, kind: Kind, stream: int, value: Any) -> None:
        self.send(kind, stream, json.dumps(value).encode())

    def still_alive(self) -> None:
        """To be called while working; cheap."""
        if time.monotonic() - self._last_sent > _ALIVE_SECS:
            self.send(Kind.ALIVE, 0)

    @contextmanager
    def working(self, at_most: float) -> Iterator[None]:
        """Say that the worker gets on, for at most that many seconds, during one call into a library that gives no
        sign of its own and holds no GIL. Nothing else may be sent meanwhile.
        """
        done = threading.Event()

        def tell() -> None:
            for _ in range(round(at_most / _ALIVE_SECS)):
                if done.wait(_ALIVE_SECS):
                    return
                self.send(Kind.ALIVE, 0)

        teller = threading.Thread(target=tell, daemon=True)
        teller.start()
        try:
            yield
        finally:
            done.set()
            teller.join()

    def take(self) -> Frame | None:
        """The next frame, waiting for it; None when the parent has gone."""
        self.poll()
        while not self._queue and not self._ended:
            self._read()
        if not self._queue:
            return None
        frame = self._queue.popleft()
        self._queued_bytes -= len(frame.payload)
        if frame.kind is Kind.CANCEL:
            self._cancelled.discard(frame.stream)
        return frame

    def is_cancelled(self, stream: int) -> bool:
        """For long work on one stream: whether the parent has given it up, or has gone."""
        self.poll()
        return self._ended or stream in self._cancelled

    def poll(self) -> None:
        """Read what is there, without waiting."""
        while (
            not self._ended
            and self._queued_bytes < _QUEUE_BYTES
            and select.select([self._stdin], [], [], 0)[0]
        ):
            self._read()

    def _read(self) -> None:
        data = os.read(self._stdin, _READ_BYTES)
        self._ended = not data
        for frame in self._decoder.feed(data):
            if frame.kind is Kind.CANCEL:
                self._forget(frame.stream)
                self._cancelled.add(frame.stream)
            self._queue.append(frame)
            self._queued_bytes += len(frame.payload)

    def _forget(self, stream: int) -> None:
        self._queue = deque(frame for frame in self._queue if frame.stream != stream)
        self._queued_bytes = sum(len(frame.payload) for frame in self._queue)


def serve(make: Callable[[Channel, Any], Handler]) -> None:
    """Run a worker until the parent closes the pipe. `make` gets the configuration and loads the engine."""
    channel = _open_channel()
    first = channel.take()
    if first is None:
        return
    try:
        handler = make(channel, json.loads(first.payload))
    except RefusedError as error:
        channel.send_json(Kind.FAILED, 0, {"code": error.code, "detail": error.detail})
        return
    except ImportError as error:
        detail = f"Python package {error.name} is missing: install the dependencies with 'make run' or pip"
        channel.send_json(Kind.FAILED, 0, {"code": "engine-unavailable", "detail": detail})
        return
    channel.send(Kind.READY, 0)
    while (frame := channel.take()) is not None:
        _handle(channel, handler, frame)


def _handle(channel: Channel, handler: Handler, frame: Frame) -> None:
    try:
        if frame.kind is Kind.PING:
            channel.send(Kind.ALIVE, 0)
        elif frame.kind is Kind.OPEN:
            handler.open(frame.stream, json.loads(frame.payload))
        elif frame.kind is Kind.DATA:
            handler.data(frame.stream, frame.payload)
        elif frame.kind is Kind.END:
            handler.end(frame.stream)
        elif frame.kind is Kind.CANCEL:
            handler.cancel(frame.stream)
    except RefusedError as error:
        handler.cancel(frame.stream)
        channel.send_json(Kind.FAILED, frame.stream, {"code": error.code, "detail": error.detail})
    channel.still_alive()


def _open_channel() -> Channel:
    """Take stdin and stdout for frames, and leave libraries a stdin and stdout that lead nowhere."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    # Ctrl-C in a terminal reaches the whole process group; the parent decides when a worker ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stdin, stdout = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):
        os.dup2(nowhere, descriptor)
    os.close(nowhere)
    sys.stdout = sys.stderr
    return Channel(stdin, stdout)
