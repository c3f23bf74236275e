"""An utterance that a worker process hears: audio to it in batches, its texts back. What all STT workers do alike.

Rules: `push` never waits; a recording that comes in one piece goes in seconds, so that it does not keep others waiting;
nothing that is heard reaches a log.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from typing import Protocol

import numpy as np

from parley_dataplane.engines.base import Final, Likely, Partial
from parley_dataplane.engines.worker import WorkerStream
from parley_dataplane.media import HEARING_RATE, Pcm

_BATCH = HEARING_RATE // 25
"""Samples: 40 ms."""

_LARGEST_SEND = HEARING_RATE
"""Samples: one second, so that a recording in one piece does not keep the others waiting."""


class Preparation(Protocol):
    """What is done to audio before the worker gets it."""

    def push(self, pcm: Pcm) -> Pcm:
        """What is ready to be handed on; it may be nothing."""

    def flush(self) -> Pcm:
        """All that is left."""


class Batches:
    """Audio as it is, 40 ms at a time: one write to the worker, and not one for each frame."""

    def __init__(self) -> None:
        self._held = np.zeros(0, np.int16)

    def push(self, pcm: Pcm) -> Pcm:
        self._held = np.concatenate([self._held, pcm])
        return self.flush() if len(self._held) >= _BATCH else self._held[:0]

    def flush(self) -> Pcm:
        pcm, self._held = self._held, self._held[:0]
        return pcm


class WorkerUtterance:
    """An SttStream."""

    def __init__(self, stream: WorkerStream, prepared: Preparation) -> None:
        self._stream = stream
        self._prepared = prepared
        self._ended = False

    def push(self, pcm: Pcm) -> None:
        if not self._ended:
            self._send(self._prepared.push(pcm))

    def end(self) -> None:
        if not self._ended:
            self._ended = True
            self._send(self._prepared.flush())
            self._stream.end()

    async def events(self) -> AsyncGenerator[Partial | Likely | Final, None]:
        async for frame in self._stream.frames():
            heard = json.loads(frame.payload)
            if heard.get("final"):
                yield Final(heard["text"], tuple(heard["alternatives"]), heard["confidence"])
            elif heard.get("likely"):
                yield Likely(heard["text"], tuple(heard["alternatives"]))
            else:
                yield Partial(heard["text"], heard.get("stable", 0))

    async def aclose(self) -> None:
        self._ended = True
        self._stream.close()

    def _send(self, pcm: Pcm) -> None:
        for start in range(0, len(pcm), _LARGEST_SEND):
            self._stream.send(pcm[start : start + _LARGEST_SEND].tobytes())
