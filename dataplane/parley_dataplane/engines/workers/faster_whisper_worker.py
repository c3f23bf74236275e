"""faster-whisper in its own process: 16 kHz PCM in, texts that stay and one final text out.

Whisper takes whole utterances: while a person speaks, all that was said so far is decoded again from time to time.

Rules: one decoding at a time; those of unfinished utterances take at most a third of the process's time, however many
people speak, so that a final text waits for one of them at most. No model and no tokenizer is ever downloaded.
"""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

# Read by onnxruntime, which faster-whisper brings, when it is imported: recent wheels else open a database.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

from faster_whisper import WhisperModel

from parley_dataplane.engines.workers.agreement import Agreement
from parley_dataplane.engines.workers.channel import Channel, RefusedError, serve
from parley_dataplane.engines.workers.frames import Kind

_RATE = 16_000

_SHORTEST_SECS = 0.1
"""Less is no word; Whisper would dream one up."""

_LONGEST_SECS = 150
"""Over the longest utterance that an agent's file allows."""

_FRESH_SECS = 0.5
"""At least so much more has to be heard before an utterance is decoded again."""

_REST = 2.0
"""For so many times as long as a decoding of an unfinished utterance took, there is no other."""

_STUCK_SECS = 20.0
"""A decoding that takes longer is taken for hung; nobody waits for it by then."""

_BEAM = 5
"""Whisper's own for a final text; texts in between are decoded greedily."""


@dataclass
class _Utterance:
    language: str
    agreement: Agreement
    pcm: bytearray = field(default_factory=bytearray)
    decoded: int = 0
    """Bytes that were there at its last decoding."""


class FasterWhisper:
    """Config: {"model": folder, "threads", "language": Whisper's code}; a request: {"language"}."""

    def __init__(self, channel: Channel, config: Any) -> None:
        self._channel = channel
        self._utterances: dict[int, _Utterance] = {}
        self._rest_until = 0.0
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

    def open(self, stream: int, request: Any) -> None:
        language = request["language"]
        self._check(language)
        self._utterances[stream] = _Utterance(language, Agreement(language))

    def data(self, stream: int, payload: bytes) -> None:
        utterance = self._utterances.get(stream)
        if utterance is None:
            return
        utterance.pcm += payload
        if len(utterance.pcm) > _bytes(_LONGEST_SECS):
            raise RefusedError("engine-error", f"more than {_LONGEST_SECS} s without a pause: speak in parts")
        is_fresh = len(utterance.pcm) - utterance.decoded >= _bytes(_FRESH_SECS)
        if is_fresh and time.monotonic() >= self._rest_until:
            self._guess(stream, utterance)

    def end(self, stream: int) -> None:
        if utterance := self._utterances.pop(stream, None):
            text, confidence = self._decode(stream, utterance, _BEAM)
            final = {"final": True, "text": text, "confidence": confidence}
            self._channel.send_json(Kind.RESULT, stream, final)
            self._channel.send(Kind.DONE, stream)

    def cancel(self, stream: int) -> None:
        self._utterances.pop(stream, None)

    def _guess(self, stream: int, utterance: _Utterance) -> None:
        """Decode what was said so far, and tell what will stay."""
        began = time.monotonic()
        utterance.decoded = len(utterance.pcm)
        text, _ = self._decode(stream, utterance, 1)
        now = time.monotonic()
        self._rest_until = now + _REST * (now - began)
        if utterance.agreement.tell(text):
            self._channel.send_json(Kind.RESULT, stream, {"text": utterance.agreement.text})

    def _decode(self, stream: int, utterance: _Utterance, beam: int) -> tuple[str, float | None]:
        """The text, and the mean probability of its tokens."""
        if len(utterance.pcm) < _bytes(_SHORTEST_SECS):
            return "", None
        audio = np.frombuffer(bytes(utterance.pcm), np.int16).astype(np.float32) / 32_768
        texts: list[str] = []
        scores: list[float] = []
        with self._channel.working(_STUCK_SECS):
            segments, _ = self._model.transcribe(
                audio,
                language=utterance.language,
                beam_size=beam,
                # More of them are tries with chance, each as long as the first.
                temperature=0.0,
                condition_on_previous_text=False,
                without_timestamps=True,
            )
            for segment in segments:
                texts.append(segment.text.strip())
                scores.append(segment.avg_logprob)
                if self._channel.is_cancelled(stream):
                    break
        if not texts:
            return "", None
        return " ".join(filter(None, texts)), min(1.0, math.exp(sum(scores) / len(scores)))

    def _check(self, language: str) -> None:
        if language not in self._languages:
            known = ", ".join(sorted(self._languages)) if len(self._languages) > 1 else "English alone"
            raise RefusedError(
                "engine-unavailable", f"language {language[:35]}: this Whisper model hears {known}"
            )


def _bytes(secs: float) -> int:
    return 2 * round(secs * _RATE)


if __name__ == "__main__":
    serve(FasterWhisper)
