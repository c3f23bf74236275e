"""A Piper voice in its own process: text in, 24 kHz PCM and the places of words out.

A voice is a network from phonemes to a waveform, sentence by sentence (VITS: Kim, Kong and Son, Conditional Variational
Autoencoder with Adversarial Learning for End-to-End Text-to-Speech, 2021), and a JSON file that says which phonemes.

Rules: one sentence is made at a time, and a clause that is given up stops after the one in hand. The network tells no
times of words: they are laid over the sentence by their phonemes and letters.
"""

from __future__ import annotations

import os
import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np
import numpy.typing as npt

# Read by onnxruntime when it is imported: recent wheels else open a database and a collector's address.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

from parley_dataplane.engines.workers.channel import Channel, OneRequest, RefusedError, serve
from parley_dataplane.engines.workers.frames import Kind
from parley_dataplane.engines.workers.phonemizer import Phonemizer
from parley_dataplane.engines.workers.resampler import Resampler

SPEAKING_RATE = 24_000

_PAD, _BEGIN, _END = "_", "^", "$"

_PEAK = 0.7
"""Of full scale: voices differ in level, and one voice from sentence to sentence, as Piper's own tools make good."""

_QUIETEST = 0.01
"""Of full scale: what is below is silence, and stays it."""

_STUCK_SECS = 20.0
"""A sentence that takes longer is taken for hung."""

_LONGEST = 240
"""Characters that are made at once: some 15 s of speech, within a second or so."""

_PART = re.compile(
    rf"""\S(?: .{{0,{_LONGEST}}}? (?: [.!?…]+["'”»)\]]*(?=\s|$) | [,;:]+(?=\s) | $ )
          | .{{0,{_LONGEST}}}(?=\s)
          | .{{0,{_LONGEST}}} )""",
    re.DOTALL | re.VERBOSE,
)
"""What is said in one breath, with its mark of punctuation; a text without any is cut between words, or anywhere."""

_SENTENCE_ENDS = ".!?…"


@dataclass(frozen=True)
class _Part:
    """Some words of a sentence: where they begin in the text, and their phonemes' ids."""

    text: str
    start: int
    ids: list[int]

    @property
    def ends_sentence(self) -> bool:
        return self.text.rstrip("\"'”»)]")[-1:] in _SENTENCE_ENDS


class Piper(OneRequest):
    """Config: {"model": file, "settings": the voice's JSON, "speed"}; a request: {"text", "speaker": number or None}.

    Answers: DATA = count of words, (place in the text, first sample) of each, PCM.
    """

    def __init__(self, channel: Channel, config: Any) -> None:
        self._channel = channel
        settings = config["settings"]
        self._ids = {phoneme: list(ids) for phoneme, ids in settings["phoneme_id_map"].items()}
        self._rate = settings["audio"]["sample_rate"]
        inference = settings.get("inference", {})
        self._scales = np.array(
            [
                inference.get("noise_scale", 0.667),
                inference.get("length_scale", 1.0) / config["speed"],
                inference.get("noise_w", 0.8),
            ],
            np.float32,
        )
        by_letters = settings.get("phoneme_type") == "text"
        self._phonemizer = None if by_letters else Phonemizer(settings["espeak"]["voice"])
        self._session = _load(config["model"])
        self._takes_speaker = any(given.name == "sid" for given in self._session.get_inputs())

    def open(self, stream: int, request: Any) -> None:
        resampler = Resampler(self._rate, SPEAKING_RATE)
        made = 0
        for sentence in _sentences(self._parts(request["text"])):
            if self._channel.is_cancelled(stream):
                return
            with self._channel.working(_STUCK_SECS):
                wave = self._say([id_ for part in sentence for id_ in part.ids], request["speaker"])
            words = _words(sentence, made, len(wave) * SPEAKING_RATE // self._rate)
            for start in range(0, len(wave), self._rate):
                made += self._send(stream, resampler.push(wave[start : start + self._rate]), words, made)
        self._send(stream, resampler.flush(), [], made)
        self._channel.send(Kind.DONE, stream)

    def _parts(self, text: str) -> Iterator[_Part]:
        for match in _PART.finditer(text):
            part = match[0].rstrip()
            words = part.rstrip(".!?…,;:\"'”»)]")
            mark = part[len(words) : len(words) + 1]
            # A mark in the middle of a sentence stands between words; the last of several points is one.
            mark = {"…": ".", "": ""}.get(mark, mark if mark in ".!?,;:" else "")
            sounds = self._phonemizer.ipa(words) if self._phonemizer else words.lower()
            between = mark + " " if mark in (",", ";", ":") else mark
            ids = self._ids_of(unicodedata.normalize("NFD", sounds).strip())
            yield _Part(part, match.start(), ids and ids + self._ids_of(between))

    def _ids_of(self, phonemes: str) -> list[int]:
        """A voice knows the phonemes that it learned; others are not said."""
        known = (self._ids[phoneme] for phoneme in phonemes if phoneme in self._ids)
        return [id_ for ids in known for id_ in (*ids, *self._ids[_PAD])]

    def _say(self, ids: list[int], speaker: int | None) -> npt.NDArray[np.int16]:
        whole = [*self._ids[_BEGIN], *self._ids[_PAD], *ids, *self._ids[_END]]
        given: dict[str, Any] = {
            "input": np.array([whole], np.int64),
            "input_lengths": np.array([len(whole)], np.int64),
            "scales": self._scales,
        }
        if self._takes_speaker:
            given["sid"] = np.array([speaker or 0], np.int64)
        try:
            wave = np.asarray(self._session.run(None, given)[0], np.float32).reshape(-1)
        except Exception as error:  # onnxruntime has a dozen of its own
            raise RefusedError("engine-error", "the Piper voice failed at a sentence") from error
        level = _PEAK * 32_767 / max(_QUIETEST, float(np.abs(wave).max(initial=0.0)))
        scaled: npt.NDArray[np.int16] = np.rint(wave * level).astype(np.int16)
        return scaled

    def _send(self, stream: int, pcm: npt.NDArray[np.int16], words: list[tuple[int, int]], first: int) -> int:
        """`pcm` begins at sample `first` of the clause, and takes the words along that begin in it. Its length."""
        here = [word for word in words if first <= word[1] < first + len(pcm)]
        head = struct.pack("<H", len(here)) + b"".join(struct.pack("<II", *word) for word in here)
        self._channel.send(Kind.DATA, stream, head + pcm.tobytes())
        return len(pcm)


def _load(model: str) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    try:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has a dozen of its own
        detail = "the Piper voice can't be loaded: copy its .onnx file again"
        raise RefusedError("engine-unavailable", detail) from error
    names = {given.name for given in session.get_inputs()}
    if not {"input", "input_lengths", "scales"} <= names:
        raise RefusedError(
            "engine-unavailable",
            f"the .onnx file takes {', '.join(sorted(names))[:100]}: that is no voice of Piper's",
        )
    return session


def _sentences(parts: Iterator[_Part]) -> Iterator[list[_Part]]:
    """The parts up to each end of a sentence, or as far as one is made at once; what holds no sound is left out."""
    sentence: list[_Part] = []
    for part in parts:
        if part.ids:
            sentence.append(part)
        if sentence and (part.ends_sentence or part.start + len(part.text) - sentence[0].start > _LONGEST):
            yield sentence
            sentence = []
    if sentence:
        yield sentence


def _words(sentence: list[_Part], first: int, samples: int) -> list[tuple[int, int]]:
    """(place in the text, first sample) of each word of a sentence that begins at sample `first` of its clause."""
    counts = [len(part.ids) for part in sentence]
    return [
        (part.start + word.start(), first + round(samples * (begin + count * share) / sum(counts)))
        for part, begin, count in zip(sentence, accumulate(counts, initial=0), counts, strict=False)
        for word in re.finditer(r"\S+", part.text)
        for share in [word.start() / len(part.text)]
    ]


if __name__ == "__main__":
    serve(Piper)
