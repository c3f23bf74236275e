"""faster-whisper as an STT engine: callers' audio to a worker process that holds a Whisper model, texts back.

Rules: the model is a folder on this machine, and nothing is downloaded; `push` never waits; the
first `stable` characters of a partial text only grow; nothing that is heard reaches a log.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from parley_dataplane.engines.base import SttStream
from parley_dataplane.engines.worker import Worker
from parley_dataplane.engines.worker_utterance import Batches, WorkerUtterance
from parley_dataplane.errors import EngineUnavailable

_MODULE = "parley_dataplane.engines.workers.faster_whisper_worker"

_START_SECS = 120.0
"""A large model is 3 GB to read, from a disk that may be slow."""

_OWN_CODES = {"fil": "tl", "jv": "jw", "nb": "no"}
"""Languages that Whisper names otherwise than BCP 47."""


class FasterWhisper:
    """`folder` holds a Whisper model as CTranslate2 takes it; `language` (BCP 47) has to be one that it hears."""

    name = "fasterWhisper"

    def __init__(self, folder: Path, threads: int = 2, language: str = "en-US") -> None:
        config = {"model": str(folder), "threads": threads, "language": code(language)}
        self._worker = Worker(self.name, _MODULE, config, start_secs=_START_SECS)

    @property
    def worker(self) -> Worker:
        return self._worker

    async def start(self) -> None:
        """Raises EngineUnavailable for a missing package, a model that can't be loaded, a language that it lacks."""
        if find_spec("faster_whisper") is None:
            raise EngineUnavailable(
                "Python package faster-whisper is missing: .venv/bin/python -m pip install faster-whisper"
            )
        await self._worker.start()

    async def close(self) -> None:
        await self._worker.close()

    def open(self, language: str) -> SttStream:
        """An unknown language fails the stream with EngineUnavailable."""
        return WorkerUtterance(self._worker.open({"language": code(language)}), Batches())


def code(language: str) -> str:
    """Whisper's name of a language: "de" for de-DE, "no" for nb-NO."""
    primary = language.lower().split("-")[0]
    return _OWN_CODES.get(primary, primary)
