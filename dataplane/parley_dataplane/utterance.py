"""One utterance on its way through STT: audio in, partial texts out, and in the end one Final or a failure.

It is one task, which reads what STT says: from the Final to what follows of it there is no turn of the loop.

Rules: push and end never wait; an utterance settles exactly once, unless it is dropped; a failure of the
engine, also a fault that nobody has thought of, is this utterance's alone.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from parley_dataplane.engines.base import Final, Likely, Partial, SttStream
from parley_dataplane.errors import EngineError, EngineTimeout
from parley_dataplane.media import Pcm

DEADLINE_SECS = 10.0
"""From the end of the audio to Final."""


class Utterance:
    """The utterance `number` of a session. `on_partial(text, stable)` while it grows, `on_likely(likely)` at its
    pauses, `on_settled(utterance)` once: `final` or `failure` is set then.
    """

    def __init__(
        self,
        number: int,
        open_stream: Callable[[], SttStream],
        on_partial: Callable[[str, int], None],
        on_likely: Callable[[Likely], None],
        on_settled: Callable[[Utterance], None],
    ) -> None:
        self.number = number
        self.is_shown = False
        """Whether somebody has read a part of it."""
        self._on_partial = on_partial
        self._on_likely = on_likely
        self._on_settled = on_settled
        self._ended = asyncio.Event()
        self._dropped = False
        self._settled = False
        self.final: Final | None = None
        self.failure: EngineError | None = None
        self.is_long = False
        """Whether so much was spoken that there should be words in it."""
        self.spoke_until = 0.0
        self.ended_at = 0.0
        self.settled_at = 0.0
        self._deadline = asyncio.timeout(None)
        self._is_read = False
        self._stream: SttStream | None = None
        try:
            self._stream = open_stream()
        except EngineError as refusal:
            self.failure = refusal
        self.task = asyncio.create_task(self._run(), name="utterance")

    @property
    def is_open(self) -> bool:
        return not self._ended.is_set()

    @property
    def is_settled(self) -> bool:
        """The audio has ended and STT has said its last word."""
        return self._ended.is_set() and self._settled

    def push(self, pcm: Pcm) -> None:
        if self._stream is not None and self.failure is None and not self._dropped:
            self._stream.push(pcm)

    def end(self, spoke_until: float, now: float, *, is_long: bool = False) -> None:
        """The person has ended: `spoke_until` is when the last voice arrived."""
        self.spoke_until, self.ended_at, self.is_long = spoke_until, now, is_long
        self._ended.set()
        if self._is_read:
            self._deadline.reschedule(_deadline())
        if self._stream is not None:
            self._stream.end()

    def drop(self) -> None:
        """Nobody waits for it any more."""
        self._dropped = True
        self.task.cancel()

    async def _run(self) -> None:
        fault: Exception | None = None
        try:
            try:
                if self._stream is not None:
                    await self._listen(self._stream)
            except EngineError as failure:
                self.failure = failure
            except Exception as error:
                # Whoever waits for this utterance is told first; then the fault goes where faults are logged.
                fault, self.failure = error, EngineError("STT failed in a way that it should not")
            if self.failure is not None:
                await self._ended.wait()
        finally:
            if self._stream is not None:
                await self._stream.aclose()
        if not self._dropped:
            self.settled_at = asyncio.get_running_loop().time()
            self._settled = True
            self._on_settled(self)
        if fault is not None:
            raise fault

    async def _listen(self, stream: SttStream) -> None:
        try:
            async with self._deadline:
                if self._ended.is_set():
                    self._deadline.reschedule(_deadline())
                self._is_read = True
                try:
                    await self._read(stream)
                finally:
                    self._is_read = False
        except TimeoutError:
            raise EngineTimeout(f"STT gave no result within {DEADLINE_SECS:.0f} s") from None

    async def _read(self, stream: SttStream) -> None:
        async with aclosing(stream.events()) as events:
            async for event in events:
                if isinstance(event, Partial):
                    if not self._dropped and self.is_open:
                        self.is_shown = True
                        self._on_partial(event.text, event.stable)
                elif isinstance(event, Likely):
                    if not self._dropped:
                        self._on_likely(event)
                else:
                    self.final = event
                    return
        raise EngineError("STT ended without a result")


def _deadline() -> float:
    return asyncio.get_running_loop().time() + DEADLINE_SECS
