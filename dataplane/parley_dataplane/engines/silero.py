"""Silero as a VAD engine: 512-sample windows of 16 kHz PCM to speech probabilities, all calls in one batch.

Rules: no thread (a batch of 32 costs less than a hop to one for each call); one model for all calls, each call its own
row of one big state array, so that a batch takes and gives back its rows in one copy each; the package silero_vad is
never imported, since it would import torch: only its ONNX file is read.
"""

from __future__ import annotations

import os
import weakref
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from parley_dataplane.engines.base import VadStream
from parley_dataplane.errors import EngineUnavailable
from parley_dataplane.media import HEARING_RATE, Pcm

WINDOW = 512
"""Samples per probability, 32 ms: the one size that the model takes at 16 kHz."""

_CONTEXT = 64
"""Samples of the window before that the model sees again (OnnxWrapper of silero_vad 5 and 6)."""

_STATE = 128
_FIRST_SLOTS = 16
_MODEL = Path("data") / "silero_vad.onnx"
_RATE = np.array(HEARING_RATE, np.int64)


class Silero:
    name = "silero"
    window = WINDOW

    def __init__(self) -> None:
        self._model: Any = None
        self._state = np.zeros((2, _FIRST_SLOTS, _STATE), np.float32)
        self._context = np.zeros((_FIRST_SLOTS, _CONTEXT), np.float32)
        self._free = list(range(_FIRST_SLOTS))
        self._ready: list[_Stream] = []

    async def start(self) -> None:
        """Blocks for some 60 ms, before the first call. Raises EngineUnavailable when a wheel is missing."""
        self._model = _load(model_path())

    async def close(self) -> None:
        self._model = None
        self._ready.clear()

    def open(self) -> VadStream:
        if self._model is None:
            raise EngineUnavailable("silero is not started: await start() first")
        slot = self._take_slot()
        stream = _Stream(self, slot)
        weakref.finalize(stream, self._free.append, slot)
        return stream

    def work(self) -> None:
        """One window of each stream that has one, in one call of the model; again while any has more."""
        while self._ready:
            batch, self._ready = self._ready, []
            self._run(batch)
            self._ready = [stream for stream in batch if len(stream.queued) >= WINDOW] + self._ready

    def enlist(self, stream: _Stream) -> None:
        """`stream` has a window, and had none before."""
        self._ready.append(stream)

    def _run(self, batch: list[_Stream]) -> None:
        slots = [stream.slot for stream in batch]
        samples = np.empty((len(batch), _CONTEXT + WINDOW), np.float32)
        samples[:, :_CONTEXT] = self._context[slots]
        for row, stream in enumerate(batch):
            samples[row, _CONTEXT:] = stream.queued[:WINDOW]
            stream.queued = stream.queued[WINDOW:]
        samples[:, _CONTEXT:] *= np.float32(1 / 32768)
        output, state = self._model.run(None, {"input": samples, "state": self._state[:, slots], "sr": _RATE})
        self._state[:, slots] = state
        self._context[slots] = samples[:, -_CONTEXT:]
        for stream, probability in zip(batch, output[:, 0].tolist(), strict=True):
            stream.done.append(probability)

    def _take_slot(self) -> int:
        if not self._free:
            size = len(self._context)
            self._state = np.concatenate((self._state, np.zeros_like(self._state)), axis=1)
            self._context = np.concatenate((self._context, np.zeros_like(self._context)))
            self._free.extend(range(size, 2 * size))
        slot = self._free.pop()
        self._state[:, slot] = 0
        self._context[slot] = 0
        return slot


class _Stream:
    __slots__ = ("__weakref__", "_engine", "done", "queued", "slot")

    def __init__(self, engine: Silero, slot: int) -> None:
        self._engine = engine
        self.slot = slot
        self.queued = np.empty(0, np.int16)
        self.done: list[float] = []

    def push(self, pcm: Pcm) -> None:
        had_one = len(self.queued) >= WINDOW
        self.queued = np.concatenate((self.queued, pcm)) if len(self.queued) else pcm
        if not had_one and len(self.queued) >= WINDOW:
            self._engine.enlist(self)

    def take(self) -> list[float]:
        if len(self.queued) >= WINDOW:
            self._engine.work()
        done, self.done = self.done, []
        return done


def model_path() -> Path:
    """Where the wheel silero-vad has put its ONNX file. Raises EngineUnavailable."""
    spec = find_spec("silero_vad")
    if spec is None or spec.origin is None:
        raise EngineUnavailable("Python package silero-vad is missing: pip install --no-deps silero-vad")
    path = Path(spec.origin).parent / _MODEL
    if not path.is_file():
        raise EngineUnavailable(f"this silero-vad has no {_MODEL}: install version 6")
    return path


@lru_cache(maxsize=1)
def _load(path: Path) -> Any:
    # Read by onnxruntime when it is imported: recent wheels else open a database and a collector's address.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
