"""A worker process behind a pipe, shared by many streams and replaced when it dies or hangs.

Rules: nothing here waits for the pipe (a stream that gets too far ahead fails with EngineTimeout); a
crash fails the streams that the process held with EngineCrashed, a hang with EngineTimeout, and a stream
opened in between waits for the next process; only the pid that was started here is ever killed; after
`close` there is no process, task or descriptor left. The process gets an empty environment, so that no
secret of the parent reaches it, and its stderr leads nowhere, since a library may print what it hears.

    open -> WorkerStream.send -> pipe -> workers/<engine> -> pipe -> WorkerStream.frames
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

from parley_dataplane.engines.vitality import Vitality
from parley_dataplane.engines.workers.frames import Decoder, Frame, FrameError, Kind, encode
from parley_dataplane.errors import EngineCrashed, EngineError, EngineTimeout, EngineUnavailable

_BACKLOG_BYTES = 4 << 20
"""What may wait for one process: 130 s of heard audio in sum."""

_PENDING_BYTES = 1 << 20
"""What one stream may keep while no process is up: 32 s of heard audio."""

START_SECS = 10.0
"""A process that is not ready by then won't be; on an idle machine it takes 0.1 to 0.3 s."""

_FIRST_PAUSE_SECS = 0.05
_LONGEST_PAUSE_SECS = 0.4
_STEADY_SECS = 2.0
"""A process that lived this long is replaced at once; one that did not, after a pause that doubles, but never so
long that the next one is not up within a second."""

_UNAVAILABLE_PAUSE_SECS = 1.0
"""Between two tries to start a process that can't be started, the second aside: what ended the one before may have
ended the first.
"""

_LOOK_SECS = 0.2
"""From one look at a process to the next. Two in which it said nothing and did nothing, and it is replaced: 0.4 to
0.6 s after it began to hang, so that the next one is up within a second.
"""

_PATH = os.pathsep.join(os.path.abspath(entry) for entry in sys.path)
"""So that the worker imports what the parent does."""

_ERRORS: dict[str, type[EngineError]] = {
    error.code: error for error in (EngineError, EngineUnavailable, EngineTimeout, EngineCrashed)
}


class WorkerStream:
    """One request to a worker: send, send, ..., end; `frames` yields what it answers."""

    def __init__(self, worker: Worker, number: int, request: Any) -> None:
        self.number = number
        self._worker = worker
        self._process: _Process | None = None
        self._pending = [encode(Frame(Kind.OPEN, number, json.dumps(request).encode()))]
        self._pending_bytes = len(self._pending[0])
        self._answers: asyncio.Queue[Frame | EngineError] = asyncio.Queue()
        self._over = False

    def send(self, payload: bytes) -> None:
        """Never waits; after the stream is over it is dropped."""
        self._send(Frame(Kind.DATA, self.number, payload))

    def end(self) -> None:
        self._send(Frame(Kind.END, self.number))

    async def frames(self) -> AsyncIterator[Frame]:
        """DATA and RESULT frames until the worker is done; raises EngineError when the stream is lost."""
        while True:
            answer = await self._answers.get()
            if isinstance(answer, EngineError):
                # Kept, so that whoever asks again is told again, and does not wait for ever.
                self._answers.put_nowait(answer)
                raise answer
            if answer.kind is Kind.DONE:
                return
            yield answer

    def close(self) -> None:
        """Give up what is not done; safe to call twice. The worker stops working on it."""
        if not self._over:
            self._over = True
            if self._process:
                self._process.write(encode(Frame(Kind.CANCEL, self.number)))
            self._worker.forget(self.number)

    # For the worker only.

    def attach(self, process: _Process) -> None:
        """Send what was kept, and all that follows, to `process`."""
        self._process = process
        for data in self._pending:
            process.write(data)
        self._pending.clear()

    def answer(self, frame: Frame) -> None:
        if frame.kind is Kind.FAILED:
            self.fail(_error(frame.payload))
            return
        if frame.kind is Kind.DONE:
            self._finish()
        self._answers.put_nowait(frame)

    def fail(self, error: EngineError) -> None:
        self._finish()
        self._answers.put_nowait(error)

    def _finish(self) -> None:
        self._over = True
        self._pending.clear()
        self._worker.forget(self.number)

    def _send(self, frame: Frame) -> None:
        if self._over:
            return
        data = encode(frame)
        if self._process:
            if self._process.backlog + len(data) > _BACKLOG_BYTES:
                self._give_up(f"{self._process.backlog} bytes wait for the {self._worker.name} worker")
            else:
                self._process.write(data)
            return
        self._pending_bytes += len(data)
        if self._pending_bytes > _PENDING_BYTES:
            self._give_up(f"{self._pending_bytes} bytes wait for the {self._worker.name} worker to start")
        else:
            self._pending.append(data)

    def _give_up(self, why: str) -> None:
        self.close()
        self._answers.put_nowait(EngineTimeout(f"{why}: it can't keep up; lower the limit of sessions"))


class Worker:
    """Keeps one process of `module` (a `python -m` name) up, and its streams told.

    `deadline` is how many seconds it may be silent when asked for a sign of life while it computes, or waits for a
    processor; `asleep` how many while it does neither, as one that is stopped or waits for itself. An engine that
    waits for another device than the processor needs them alike. `start_secs` is how long it may take until it is
    ready.
    """

    def __init__(
        self,
        name: str,
        module: str,
        config: Any,
        *,
        deadline: float = 2.0,
        asleep: float = 2 * _LOOK_SECS,
        start_secs: float = START_SECS,
    ) -> None:
        self.name = name
        self._module = module
        self._config = config
        self._deadline = deadline
        self._asleep = min(asleep, deadline)
        self._start_secs = start_secs
        self._streams: dict[int, WorkerStream] = {}
        self._numbers = itertools.count(1)
        self._process: _Process | None = None
        self._keeper: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Raises EngineUnavailable with what is missing."""
        if self._keeper is None:
            process = self._process = await self._spawn()
            self._keeper = asyncio.create_task(self._keep(process), name=f"{self.name}-worker")

    async def close(self) -> None:
        """End the process and fail what it still held; safe to call twice."""
        keeper, self._keeper = self._keeper, None
        if keeper is None:
            return
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper
        # A task that is cancelled before its first step has not run its `finally` either.
        if self._process:
            await self._process.kill()
            self._process = None
        self._fail_all(EngineUnavailable(f"{self.name} was closed"))

    @property
    def pid(self) -> int | None:
        """Of the process that is up now."""
        return self._process.pid if self._process else None

    @property
    def load(self) -> int:
        """Streams in flight."""
        return len(self._streams)

    def open(self, request: Any) -> WorkerStream:
        """Begin a stream; `request` is what JSON can say. Never waits, also not for a new process."""
        if self._keeper is None:
            raise EngineUnavailable(f"{self.name} is not started: await start() first")
        stream = WorkerStream(self, next(self._numbers), request)
        self._streams[stream.number] = stream
        if self._process:
            stream.attach(self._process)
        return stream

    def forget(self, number: int) -> None:
        self._streams.pop(number, None)

    async def _keep(self, process: _Process) -> None:
        """Hold one process after the other, until cancelled."""
        clock = asyncio.get_running_loop().time
        pause = 0.0
        while True:
            began = clock()
            error = await self._hold(process)
            self._fail_all(error)
            pause = (
                0.0
                if clock() - began > _STEADY_SECS
                else min(_LONGEST_PAUSE_SECS, 2 * pause or _FIRST_PAUSE_SECS)
            )
            process = await self._replace(pause)

    async def _replace(self, pause: float) -> _Process:
        for secs in itertools.chain((pause, _FIRST_PAUSE_SECS), itertools.repeat(_UNAVAILABLE_PAUSE_SECS)):
            await asyncio.sleep(secs)
            try:
                return await self._spawn()
            except EngineUnavailable as error:
                self._fail_all(error)
        raise AssertionError("it is tried for ever")

    async def _hold(self, process: _Process) -> EngineError:
        """Serve streams with `process` until it ends; returns why."""
        self._process = process
        try:
            for stream in list(self._streams.values()):
                stream.attach(process)
            return await self._watch(process)
        finally:
            self._process = None
            await process.kill()

    async def _watch(self, process: _Process) -> EngineError:
        """Ask for a sign of life at each look; no clock is read, so a stalled loop blames nobody."""
        vitality = Vitality(process.pid)
        look = min(_LOOK_SECS, self._asleep / 2)
        missed = at_rest = 0
        while True:
            process.silent = True
            process.write(encode(Frame(Kind.PING, 0)))
            done, _ = await asyncio.wait([process.ended], timeout=look)
            if done:
                return EngineCrashed(
                    f"the {self.name} worker ended ({process.ended.result()}); a new one is started"
                )
            rests = vitality.rests()
            missed = missed + 1 if process.silent else 0
            at_rest = at_rest + 1 if process.silent and rests else 0
            if missed * look >= self._deadline or at_rest * look >= self._asleep:
                return EngineTimeout(
                    f"the {self.name} worker said nothing for {missed * look:g} s; it is replaced"
                )

    def _fail_all(self, error: EngineError) -> None:
        for stream in list(self._streams.values()):
            stream.fail(error)

    def _answer(self, frame: Frame) -> None:
        stream = self._streams.get(frame.stream)
        if stream:
            stream.answer(frame)

    async def _spawn(self) -> _Process:
        """A process that has said READY. Raises EngineUnavailable."""
        loop = asyncio.get_running_loop()
        process = _Process(self._answer)
        try:
            await loop.subprocess_exec(
                lambda: process,
                sys.executable, "-m", self._module,
                env={"PYTHONPATH": _PATH, "OPENBLAS_NUM_THREADS": "1", "LC_ALL": "C.UTF-8"},
                stderr=subprocess.DEVNULL,
            )  # fmt: skip
        except OSError as error:
            raise EngineUnavailable(f"the {self.name} worker can't be started: {error.strerror}") from error
        try:
            process.write(encode(Frame(Kind.OPEN, 0, json.dumps(self._config).encode())))
            either: list[asyncio.Future[Any]] = [process.ready, process.ended]
            await asyncio.wait(either, timeout=self._start_secs, return_when="FIRST_COMPLETED")
            if process.ready.done():
                process.ready.result()
                return process
            raise EngineUnavailable(
                f"the {self.name} worker was not ready within {self._start_secs:g} s or ended before"
            )
        except BaseException:
            await process.kill()
            raise


class _Process(asyncio.SubprocessProtocol):
    """One process and its two pipes. `ended` becomes its exit status, or what was wrong with what it sent."""

    def __init__(self, on_answer: Callable[[Frame], None]) -> None:
        loop = asyncio.get_running_loop()
        self._on_answer = on_answer
        self._decoder = Decoder()
        self.ready: asyncio.Future[None] = loop.create_future()
        self.ended: asyncio.Future[str] = loop.create_future()
        self._closed: asyncio.Future[None] = loop.create_future()
        self.silent = True

    @property
    def pid(self) -> int:
        return self._transport.get_pid()

    @property
    def backlog(self) -> int:
        """Bytes that the pipe has not taken yet."""
        return self._stdin.get_write_buffer_size()

    def write(self, data: bytes) -> None:
        if not self._stdin.is_closing():
            self._stdin.write(data)

    async def kill(self) -> None:
        """End it and wait until it and both pipes are gone."""
        self._transport.close()
        await asyncio.shield(self._closed)

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.SubprocessTransport)
        self._transport = transport
        stdin = transport.get_pipe_transport(0)
        assert isinstance(stdin, asyncio.WriteTransport)
        self._stdin = stdin

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self.silent = False
        try:
            for frame in self._decoder.feed(data):
                self._take(frame)
        except FrameError:
            self._end("it sent what is no frame")

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        # A pipe closes a little before the exit status is known, and the streams should hear of it now.
        asyncio.get_running_loop().call_later(0.05, self._end, "it closed its pipe")

    def process_exited(self) -> None:
        self._end(f"exit status {self._transport.get_returncode()}")

    def connection_lost(self, exc: Exception | None) -> None:
        self._closed.set_result(None)

    def _take(self, frame: Frame) -> None:
        if frame.kind is Kind.READY:
            self._settle_ready(None)
        elif frame.kind is Kind.FAILED and frame.stream == 0:
            self._settle_ready(_error(frame.payload))
        elif frame.stream:
            self._on_answer(frame)

    def _settle_ready(self, error: EngineError | None) -> None:
        if self.ready.done():
            return
        if error:
            self.ready.set_exception(error)
        else:
            self.ready.set_result(None)

    def _end(self, why: str) -> None:
        if not self.ended.done():
            self.ended.set_result(why)


def _error(payload: bytes) -> EngineError:
    said = json.loads(payload)
    return _ERRORS.get(said["code"], EngineError)(said["detail"])
