"""Moonshine as an STT engine: callers' audio to a worker process that holds the network, texts back.

The network hears any English; the agent's own sentences weigh its readings. Rules: `push` never waits; nothing that is
heard reaches a log. What the agent expects goes to the worker in a private folder that `close` removes: it may be more
than one message holds.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from parley_dataplane.engines.base import SttStream
from parley_dataplane.engines.worker import Worker
from parley_dataplane.engines.worker_utterance import Batches, WorkerUtterance
from parley_dataplane.errors import EngineUnavailable

_MODULE = "parley_dataplane.engines.workers.moonshine_worker"

_START_SECS = 60.0
"""A megabyte of knowledge takes some seconds to count, on a machine that may be slow."""


class Moonshine:
    """`texts` are what people are expected to say, `knowledge` texts that they may ask about."""

    name = "moonshine"

    def __init__(self, texts: Sequence[str] = (), knowledge: Sequence[str] = ()) -> None:
        self._texts = list(texts)
        self._knowledge = list(knowledge)
        self._folder: TemporaryDirectory[str] | None = None
        self._worker: Worker | None = None

    @property
    def worker(self) -> Worker:
        if self._worker is None:
            raise EngineUnavailable("moonshine is not started: await start() first")
        return self._worker

    async def start(self) -> None:
        """Raises EngineUnavailable when the wheel is missing."""
        if self._worker:
            return
        model = _model_folder()
        folder = TemporaryDirectory(prefix="parley-")
        expected = Path(folder.name) / "expected.json"
        worker = Worker(
            self.name, _MODULE, {"model": str(model), "expected": str(expected)}, start_secs=_START_SECS
        )
        try:
            said = json.dumps({"texts": self._texts, "knowledge": self._knowledge})
            await asyncio.to_thread(expected.write_text, said, "utf-8")
            await worker.start()
        except BaseException:
            folder.cleanup()
            raise
        self._folder, self._worker = folder, worker

    async def close(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            await worker.close()
        folder, self._folder = self._folder, None
        if folder:
            folder.cleanup()

    def open(self, language: str) -> SttStream:
        """Raises EngineUnavailable for another language than English."""
        if language.lower().split("-")[0] != "en":
            raise EngineUnavailable(
                f"language {language}: moonshine hears English alone; choose another STT engine"
            )
        return WorkerUtterance(self.worker.open({}), Batches())


def _model_folder() -> Path:
    spec = find_spec("moonshine_voice")
    if spec is None or spec.origin is None:
        raise EngineUnavailable("Python package moonshine-voice is missing: pip install moonshine-voice")
    return Path(spec.origin).parent / "assets" / "tiny-en"
