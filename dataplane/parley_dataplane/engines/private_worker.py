"""A worker process that reads its config from files: they lie in a private folder, which goes when the worker goes.

What an agent expects may be more than one message to a worker holds, and is nobody else's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from parley_dataplane.engines.worker import START_SECS, Worker
from parley_dataplane.errors import EngineUnavailable


class PrivateWorker:
    """`name`, `module` and `start_secs` as Worker has them."""

    def __init__(self, name: str, module: str, *, start_secs: float = START_SECS) -> None:
        self._name = name
        self._module = module
        self._start_secs = start_secs
        self._folder: TemporaryDirectory[str] | None = None
        self._worker: Worker | None = None

    @property
    def is_started(self) -> bool:
        return self._worker is not None

    @property
    def worker(self) -> Worker:
        """Raises EngineUnavailable before `start`."""
        if self._worker is None:
            raise EngineUnavailable(f"{self._name} is not started: await start() first")
        return self._worker

    async def start(self, write: Callable[[Path], Any]) -> None:
        """`write` fills the folder, in a thread, and returns the worker's config. Raises EngineUnavailable."""
        folder = TemporaryDirectory(prefix="parley-")
        try:
            config = await asyncio.to_thread(write, Path(folder.name))
            worker = Worker(self._name, self._module, config, start_secs=self._start_secs)
            await worker.start()
        except BaseException:
            folder.cleanup()
            raise
        self._folder, self._worker = folder, worker

    async def close(self) -> None:
        """Safe to call twice."""
        worker, self._worker = self._worker, None
        if worker:
            await worker.close()
        folder, self._folder = self._folder, None
        if folder:
            folder.cleanup()
