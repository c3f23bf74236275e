"""faster-whisper in its own process: 16 kHz PCM in, texts that stay and one final text out (utterances.py).

Rules: no model and no tokenizer is ever downloaded.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

# Read by onnxruntime, which faster-whisper brings, when it is imported: recent wheels else open a database.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from faster_whisper import WhisperModel

from parley_dataplane.engines.workers.agreement import Agreement
from parley_dataplane.engines.workers.channel import Channel, RefusedError, serve
from parley_dataplane.engines.workers.utterances import Decoded, Samples, Utterances

_STUCK_SECS = 20.0
"""A decoding that takes longer is taken for hung; nobody waits for it by then."""

_BEAM = 5
"""Whisper's own for a final text; texts in between are decoded greedily."""


class FasterWhisper(Utterances):
    """Config: {"model": folder, "threads", "language": Whisper's code}; a request: {"language"}."""

    def __init__(self, channel: Channel, config: Any) -> None:
        super().__init__(channel)
        folder = Path(config["model"])
        try:
            self._model = WhisperModel(
                str(folder),
                device="cpu",
                # On a CPU twice as fast as float32, and no less right by CTranslate2's own measurements.
                compute_type="int8",
                cpu_threads=config["threads"],
                local_files_only=True,
            )
        except Exception as error:  # each library that reads a part of it has its own
            why = str(error).replace(str(folder), folder.name)[:200]
            detail = f"the Whisper model {folder.name} can't be loaded ({why}): convert or copy it again"
            raise RefusedError("engine-unavailable", detail) from error
        self._languages = frozenset(self._model.supported_languages)
        self._check(config["language"])

    def begin(self, request: Any) -> Agreement:
        self._check(request["language"])
        return Agreement(request["language"])

    def decode(self, samples: Samples, request: Any, final: bool, go_on: Callable[[], bool]) -> Decoded:
        """The text, and the mean probability of its tokens."""
        texts: list[str] = []
        scores: list[float] = []
        with self._channel.working(_STUCK_SECS):
            segments, _ = self._model.transcribe(
                samples.astype(np.float32) / 32_768,
                language=request["language"],
                beam_size=_BEAM if final else 1,
                # More of them are tries with chance, each as long as the first.
                temperature=0.0,
                condition_on_previous_text=False,
                without_timestamps=True,
            )
            for segment in segments:
                texts.append(segment.text.strip())
                scores.append(segment.avg_logprob)
                if not go_on():
                    break
        if not texts:
            return Decoded()
        confidence = min(1.0, math.exp(sum(scores) / len(scores)))
        return Decoded(" ".join(filter(None, texts)), confidence=confidence)

    def _check(self, language: str) -> None:
        if language not in self._languages:
            known = ", ".join(sorted(self._languages)) if len(self._languages) > 1 else "English alone"
            raise RefusedError(
                "engine-unavailable", f"language {language[:35]}: this Whisper model hears {known}"
            )


if __name__ == "__main__":
    serve(FasterWhisper)
