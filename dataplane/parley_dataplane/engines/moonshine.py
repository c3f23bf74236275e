"""Moonshine as an STT engine: callers' audio to a worker process that holds the network, texts back.

The network hears any English; the agent's own sentences weigh its readings. Rules: `push` never waits; nothing that is
heard reaches a log.
"""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from parley_dataplane.engines.base import SttStream
from parley_dataplane.engines.worker import Worker
from parley_dataplane.engines.worker_utterance import Batches, WorkerUtterance
from parley_dataplane.errors import EngineUnavailable

_MODULE = "parley_dataplane.engines.workers.moonshine_worker"


class Moonshine:
    """`texts` are what people are expected to say, `knowledge` texts that they may ask about."""

    name = "moonshine"

    def __init__(self, texts: Sequence[str] = (), knowledge: Sequence[str] = ()) -> None:
        self._texts = list(texts)
        self._knowledge = list(knowledge)
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
        config = {"model": str(_model_folder()), "texts": self._texts, "knowledge": self._knowledge}
        worker = Worker(self.name, _MODULE, config)
        await worker.start()
        self._worker = worker

    async def close(self) -> None:
        worker, self._worker = self._worker, None
        if worker:
            await worker.close()

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
