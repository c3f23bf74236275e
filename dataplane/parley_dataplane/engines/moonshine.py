"""Moonshine as an STT engine: callers' audio to a worker process that holds the network, texts back.

The network hears any English; the agent's own sentences weigh its readings. Rules: `push` never waits; nothing that is
heard reaches a log. What the agent expects goes to the worker in a private folder that `close` removes: it may be more
than one message holds.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from parley_dataplane.engines import wheels
from parley_dataplane.engines.base import SttStream
from parley_dataplane.engines.private_worker import PrivateWorker
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
        self._private = PrivateWorker(self.name, _MODULE, start_secs=_START_SECS)

    @property
    def worker(self) -> Worker:
        return self._private.worker

    async def start(self) -> None:
        """Raises EngineUnavailable when the wheel is missing."""
        if not self._private.is_started:
            await self._private.start(self._write)

    async def close(self) -> None:
        await self._private.close()

    def open(self, language: str) -> SttStream:
        """Raises EngineUnavailable for another language than English."""
        if language.lower().split("-")[0] != "en":
            raise EngineUnavailable(
                f"language {language}: moonshine hears English alone; choose another STT engine"
            )
        return WorkerUtterance(self.worker.open({}), Batches())

    def _write(self, folder: Path) -> dict[str, str]:
        expected = folder / "expected.json"
        expected.write_text(json.dumps({"texts": self._texts, "knowledge": self._knowledge}), "utf-8")
        return {"model": str(_model_folder()), "expected": str(expected)}


def _model_folder() -> Path:
    return wheels.folder("moonshine_voice", "moonshine-voice") / "assets" / "tiny-en"
