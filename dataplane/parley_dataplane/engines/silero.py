"""Silero as a VAD engine: 512-sample windows of 16 kHz PCM to speech probabilities, inline.

Rules: no thread (a window costs less than a hop to one: 70 us against 35 us twice); one model for all
calls, each call its own state; the package silero_vad is never imported, since it would import torch:
only its ONNX file is read.
"""

from __future__ import annotations

import os
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

_STATE_SHAPE = (2, 1, 128)
_MODEL = Path("data") / "silero_vad.onnx"


class Silero:
    name = "silero"
    window = WINDOW

    def __init__(self) -> None:
        self._model: Any = None

    async def start(self) -> None:
        """Blocks for some 60 ms, before the first call. Raises EngineUnavailable when a wheel is missing."""
        self._model = _load(model_path())

    async def close(self) -> None:
        self._model = None

    def open(self) -> VadStream:
        if self._model is None:
            raise EngineUnavailable("silero is not started: await start() first")
        return _Stream(self._model)


class _Stream:
    def __init__(self, model: Any) -> None:
        self._model = model
        self._state = np.zeros(_STATE_SHAPE, np.float32)
        self._rate = np.array(HEARING_RATE, np.int64)
        # Context and window in one piece, as the model wants them: [context | window].
        self._input = np.zeros((1, _CONTEXT + WINDOW), np.float32)
        self._filled = 0

    def push(self, pcm: Pcm) -> list[float]:
        probabilities = []
        while len(pcm):
            part = pcm[: WINDOW - self._filled]
            start = _CONTEXT + self._filled
            self._input[0, start : start + len(part)] = part / 32768.0
            self._filled += len(part)
            pcm = pcm[len(part) :]
            if self._filled == WINDOW:
                probabilities.append(self._run())
        return probabilities

    def _run(self) -> float:
        inputs = {"input": self._input, "state": self._state, "sr": self._rate}
        output, self._state = self._model.run(None, inputs)
        self._input[0, :_CONTEXT] = self._input[0, -_CONTEXT:]
        self._filled = 0
        return float(output[0, 0])


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
