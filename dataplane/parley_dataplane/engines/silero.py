"""Silero as a VAD engine: 512-sample windows of 16 kHz PCM to speech probabilities, all calls in one batch.

Rules: no thread (a batch of 32 costs less than a hop to one for each call); one model for all calls, each call its own
row of one big state array, so that a batch takes and gives back its rows in one copy each; the package silero_vad is
never imported, since it would import torch: only its ONNX file is read.

A caller who has been as quiet as the room for half a second is left alone (resting.py), with probability 0: two thirds
of all windows while people listen or wait. The last CAUGHT_UP windows are kept, and are made good when a sound comes,
so that the model has heard what was before it: ten voices after 6 s of a room's noise are then found as soon as
without any rest, or 32 to 64 ms sooner (tests/unit).
"""

from __future__ import annotations

import os
import weakref
from collections import deque
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from parley_dataplane.engines import wheels
from parley_dataplane.engines.base import VadStream
from parley_dataplane.engines.resting import Resting
from parley_dataplane.errors import EngineUnavailable
from parley_dataplane.media import HEARING_RATE, Pcm

WINDOW = 512
"""Samples per probability, 32 ms: the one size that the model takes at 16 kHz."""

CAUGHT_UP = 4
"""Windows before a sound that the model is shown after a rest."""

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
        self._resting = Resting(_FIRST_SLOTS)
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
            self._ready = [stream for stream in batch if stream.samples >= WINDOW] + self._ready

    def enlist(self, stream: _Stream) -> None:
        """`stream` has a window, and had none before."""
        self._ready.append(stream)

    def _run(self, batch: list[_Stream]) -> None:
        windows = np.empty((len(batch), WINDOW), np.float32)
        for row, stream in enumerate(batch):
            windows[row] = stream.next_window()
        windows *= np.float32(1 / 32768)
        awake = self._resting.awake([stream.slot for stream in batch], windows).tolist()
        if all(awake):
            listening = batch
        else:
            for stream, window, is_awake in zip(batch, windows, awake, strict=True):
                if not is_awake:
                    stream.kept.append(window)
                    stream.done.append(0.0)
            listening = [stream for stream, is_awake in zip(batch, awake, strict=True) if is_awake]
            windows = windows[awake]
        self._catch_up(listening)
        if listening:
            for stream, probability in zip(listening, self._infer(listening, windows), strict=True):
                stream.done.append(probability)

    def _catch_up(self, streams: list[_Stream]) -> None:
        """Show the model what it was spared: nobody wants its word on that."""
        while late := [stream for stream in streams if stream.kept]:
            self._infer(late, np.stack([stream.kept.popleft() for stream in late]))

    def _infer(self, streams: list[_Stream], windows: npt.NDArray[np.float32]) -> list[float]:
        slots = [stream.slot for stream in streams]
        samples = np.concatenate((self._context[slots], windows), axis=1)
        output, state = self._model.run(None, {"input": samples, "state": self._state[:, slots], "sr": _RATE})
        self._state[:, slots] = state
        self._context[slots] = windows[:, -_CONTEXT:]
        probabilities: list[float] = output[:, 0].tolist()
        return probabilities

    def _take_slot(self) -> int:
        if not self._free:
            size = len(self._context)
            self._state = np.concatenate((self._state, np.zeros_like(self._state)), axis=1)
            self._context = np.concatenate((self._context, np.zeros_like(self._context)))
            self._resting.grow(2 * size)
            self._free.extend(range(size, 2 * size))
        slot = self._free.pop()
        self._state[:, slot] = 0
        self._context[slot] = 0
        self._resting.reset(slot)
        return slot


class _Stream:
    __slots__ = ("__weakref__", "_engine", "_pieces", "done", "kept", "samples", "slot")

    def __init__(self, engine: Silero, slot: int) -> None:
        self._engine = engine
        self.slot = slot
        self._pieces: list[Pcm] = []
        self.samples = 0  # that wait in them
        self.done: list[float] = []
        self.kept: deque[npt.NDArray[np.float32]] = deque(maxlen=CAUGHT_UP)

    def push(self, pcm: Pcm) -> None:
        self._pieces.append(pcm)
        had_one = self.samples >= WINDOW
        self.samples += len(pcm)
        if not had_one and self.samples >= WINDOW:
            self._engine.enlist(self)

    def next_window(self) -> Pcm:
        """Take WINDOW samples, which must be there."""
        audio = self._pieces[0] if len(self._pieces) == 1 else np.concatenate(self._pieces)
        self.samples -= WINDOW
        self._pieces = [audio[WINDOW:]]
        return audio[:WINDOW]

    def take(self) -> list[float]:
        if self.samples >= WINDOW:
            self._engine.work()
        done, self.done = self.done, []
        return done


def model_path() -> Path:
    """Where the wheel silero-vad has put its ONNX file. Raises EngineUnavailable."""
    path = wheels.folder("silero_vad", "--no-deps silero-vad") / _MODEL
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
