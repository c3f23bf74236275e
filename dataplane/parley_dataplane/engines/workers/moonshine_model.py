"""Moonshine's network, run by onnxruntime: samples to states, states to readings by beam search.

    16 kHz samples -> encoder -> states, 41 a second -> decoder, a token at a time, four readings at once
                                                            + the agent's language model, at the end of each word

Moonshine (Jeffries et al., "Moonshine: Speech Recognition for Live Transcription and Voice Commands", 2024) takes an
utterance of any length as it is: a short one costs little. Rules: one thread; the same samples give the same readings.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import exp, log
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

# Read by onnxruntime when it is imported: recent wheels else open a database.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")

import onnxruntime

from parley_dataplane.engines.language_model import LanguageModel, sentences
from parley_dataplane.engines.workers.closed_words import BLANK, ClosedWords

Floats = npt.NDArray[np.float32]

_START, _END = 1, 2
_SPECIAL = b"<<ST_"

_TOKENS_A_SECOND = 6.5
"""The model's authors' bound: who speaks fastest says less. More of them are a loop."""

_TOKENS_AT_LEAST = 6

_PEAK = 0.5
_LEAST_PEAK = 1_000
"""30 dB under full scale: what is softer is made louder by 24 dB and no more, or a quiet room's hum would be speech."""

_AROUND = 4_800
"""Samples of silence before and after: 0.3 s. Words wrong, 230 questions to the examples by three voices, quiet / noise
of 15 dB: 22 / 31 % as they come, 20 / 28 at that peak, 21 / 27 with the silence as well.
"""

_WORD_BONUS = 4.5
_LEAST = -7.5
"""Of a word by the language model, so that what the agent's author did not think of can be heard. The bonus makes a
word cost nothing on the whole, or short readings would win."""

_HOPELESS = 4.0
"""So far behind the best whole reading, one that is not whole yet is given up."""


@dataclass(frozen=True, slots=True)
class Reading:
    """`confidence`: the geometric mean of its tokens' probabilities, by the network alone."""

    text: str
    heard: float
    """Logarithm of its probability, by the network alone."""
    expected: float
    """Of its words, by the language model, with a bonus for each."""
    confidence: float

    def score(self, trust: float) -> float:
        """What readings are compared by."""
        return self.heard + trust * self.expected


@dataclass(frozen=True, slots=True)
class Search:
    """`beams` readings are followed at once. `trust`: what the language model's logarithm counts beside the network's
    (natural ones, both). `closed`: nothing but the language model's words may be said."""

    beams: int
    trust: float
    closed: bool = False


@dataclass(frozen=True, slots=True)
class _Beam:
    tokens: tuple[int, ...] = ()
    heard: float = 0.0
    """Logarithm of its tokens' probability by the network."""
    expected: float = 0.0
    """Of its whole words by the language model, with a bonus for each."""
    words: tuple[str, ...] = ()
    """The last two whole words, as the language model knows them."""
    pending: tuple[int, ...] = ()
    """Tokens of the word that is not whole yet."""

    def score(self, trust: float) -> float:
        return self.heard + trust * self.expected


class _EncoderSide:
    """What the decoder is told of the sound, for so many readings at once as there are; it does not change."""

    def __init__(self, of_one: dict[str, Floats]) -> None:
        self._wide = {1: of_one}

    def of(self, many: int) -> dict[str, Floats]:
        if many not in self._wide:
            self._wide[many] = {name: np.repeat(value, many, 0) for name, value in self._wide[1].items()}
        return self._wide[many]


class MoonshineModel:
    """`folder` holds encoder_model.ort, decoder_model_merged.ort and tokenizer.bin. Raises OSError and what
    onnxruntime raises for files that are none."""

    def __init__(self, folder: Path, language: LanguageModel) -> None:
        self._language = language
        self._encoder = _session(folder / "encoder_model.ort")
        self._decoder = _session(folder / "decoder_model_merged.ort")
        self._pieces = list(_pieces((folder / "tokenizer.bin").read_bytes()))
        blank = BLANK.encode()
        self._begins = [piece.startswith(blank) for piece in self._pieces]
        self._banned = np.array([piece.startswith(_SPECIAL) for piece in self._pieces])
        self._banned[[0, _START]] = True
        self._names = [one.name for one in self._decoder.get_outputs()][1:]
        self._empty = {
            one.name: np.zeros((1, one.shape[1], 0, one.shape[3]), np.float32)
            for one in self._decoder.get_inputs()
            if one.name.startswith("past_key_values")
        }
        self._every = np.arange(len(self._pieces))
        pieces = [piece.decode("utf-8", "replace") for piece in self._pieces]
        self._closed = ClosedWords(pieces, language.words, _END)
        self._whole_word = lru_cache(maxsize=4096)(self._spelled)
        self._cost = lru_cache(maxsize=65_536)(self._weighed)

    def encode(self, samples: npt.NDArray[np.int16]) -> Floats:
        """States, (1, 41 a second, 288)."""
        peak = max(int(samples.max(initial=0)), -int(samples.min(initial=0)), _LEAST_PEAK)
        values = np.zeros((1, len(samples) + 2 * _AROUND), np.float32)
        values[0, _AROUND : _AROUND + len(samples)] = samples
        values *= np.float32(_PEAK / peak)
        try:
            states: Floats = self._encoder.run(
                None, {"input_values": values, "attention_mask": np.ones(values.shape, np.int64)}
            )[0]
        finally:
            values.fill(0)
        return states

    def forget(self) -> None:
        """The words of those who spoke, which are kept from one decoding of an utterance to the next."""
        self._whole_word.cache_clear()
        self._cost.cache_clear()

    def read(self, states: Floats, secs: float, search: Search, go_on: Callable[[], bool]) -> list[Reading]:
        """What may have been said, likeliest first, of `secs` seconds; none, once `go_on` says no."""
        limit = max(_TOKENS_AT_LEAST, round(secs * _TOKENS_A_SECOND))
        live, whole = [_Beam()], list[_Beam]()
        logits, decoder_side, heard = self._begin(states)
        for _ in range(limit):
            if not go_on():
                return []
            parents, live = self._step(live, logits, search, whole)
            best = max((beam.score(search.trust) for beam in whole), default=-np.inf)
            if not live or len(whole) >= search.beams or live[0].score(search.trust) < best - _HOPELESS:
                break
            logits, decoder_side = self._next(live, parents, decoder_side, heard)
        # A reading that the limit cut off is the last choice.
        ended = whole or live
        return list(self._readings(ended, search.trust))

    def _begin(self, states: Floats) -> tuple[Floats, dict[str, Floats], _EncoderSide]:
        fed = self._fed([[_START]], use_cache=False) | {"encoder_hidden_states": states} | self._empty
        logits, *present = self._decoder.run(None, fed)
        caches = {
            name.replace("present", "past_key_values"): value
            for name, value in zip(self._names, present, strict=True)
        }
        decoder_side = {name: value for name, value in caches.items() if ".decoder." in name}
        encoder_side = {name: value for name, value in caches.items() if ".encoder." in name}
        return logits, decoder_side, _EncoderSide({"encoder_hidden_states": states} | encoder_side)

    def _next(
        self, live: list[_Beam], parents: list[int], decoder_side: dict[str, Floats], heard: _EncoderSide
    ) -> tuple[Floats, dict[str, Floats]]:
        fed = self._fed([[beam.tokens[-1]] for beam in live], use_cache=True) | heard.of(len(live))
        fed |= {name: value[parents] for name, value in decoder_side.items()}
        wanted = [name for name in self._names if ".decoder." in name]
        logits, *present = self._decoder.run(["logits", *wanted], fed)
        kept = {
            name.replace("present", "past_key_values"): value
            for name, value in zip(wanted, present, strict=True)
        }
        return logits, kept

    def _fed(self, tokens: list[list[int]], *, use_cache: bool) -> dict[str, Any]:
        return {
            "input_ids": np.array(tokens, np.int64),
            # All of it counts. The network takes every 384th, for a mask of samples: one goes for all.
            "encoder_attention_mask": np.ones((len(tokens), 1), np.int64),
            "use_cache_branch": np.array([use_cache]),
        }

    def _step(
        self, live: list[_Beam], logits: Floats, search: Search, whole: list[_Beam]
    ) -> tuple[list[int], list[_Beam]]:
        """The best that go on, and which of `live` each comes from; those that end go to `whole`."""
        found: list[tuple[int, _Beam]] = []
        most = search.beams + 1
        for parent, beam in enumerate(live):
            likely = _log_probabilities(np.where(self._banned, -np.inf, logits[parent, -1]))
            may = self._closed.after(self._begun(beam)) if search.closed else self._every
            best = may[np.argpartition(-likely[may], most)[:most]] if len(may) > most else may
            for token in best:
                found.append((parent, self._grown(beam, int(token), float(likely[token]))))
        found.sort(key=lambda one: -one[1].score(search.trust))
        whole += [beam for _, beam in found[:most] if beam.tokens[-1] == _END]
        growing = [(parent, beam) for parent, beam in found if beam.tokens[-1] != _END][: search.beams]
        return [parent for parent, _ in growing], [beam for _, beam in growing]

    def _begun(self, beam: _Beam) -> str:
        return b"".join(self._pieces[token] for token in beam.pending).decode("utf-8", "replace").lower()

    def _grown(self, beam: _Beam, token: int, likely: float) -> _Beam:
        tokens, heard = (*beam.tokens, token), beam.heard + likely
        if not (self._begins[token] or token == _END) or not beam.pending:
            return _Beam(tokens, heard, beam.expected, beam.words, (*beam.pending, token))
        words, expected = beam.words, beam.expected
        for word in self._whole_word(beam.pending):
            expected += self._cost(words, word)
            words = (*words, word)[-2:]
        if token == _END:
            expected += self._cost(words, "</s>")
        return _Beam(tokens, heard, expected, words, (token,))

    def _spelled(self, tokens: tuple[int, ...]) -> tuple[str, ...]:
        return tuple(word for sentence in sentences(self._text(tokens)) for word in sentence)

    def _weighed(self, words: tuple[str, ...], word: str) -> float:
        history = words if len(words) == 2 else ("<s>", *words)
        return max(_LEAST, log(self._language.probability(history, word))) + _WORD_BONUS

    def _text(self, tokens: tuple[int, ...]) -> str:
        said = b"".join(self._pieces[token] for token in tokens if token != _END)
        return said.decode("utf-8", "replace").replace(BLANK, " ").strip()

    def _readings(self, beams: list[_Beam], trust: float) -> Iterator[Reading]:
        seen: set[tuple[str, ...]] = set()
        for beam in sorted(beams, key=lambda one: -one.score(trust)):
            text = self._text(beam.tokens)
            words = tuple(word for sentence in sentences(text) for word in sentence)
            if words and words not in seen:
                seen.add(words)
                yield Reading(text, beam.heard, beam.expected, exp(beam.heard / len(beam.tokens)))


def _session(file: Path) -> Any:
    options = onnxruntime.SessionOptions()
    # The media's clock has the other cores.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])


def _pieces(table: bytes) -> Iterator[bytes]:
    """Each token's bytes: a length of one byte, or of two from 128 on, and so many bytes."""
    at = 0
    while at < len(table):
        size = table[at]
        at += 1
        if size >= 128:
            size += 128 * table[at] - 128
            at += 1
        yield table[at : at + size]
        at += size


def _log_probabilities(logits: Floats) -> Floats:
    shifted = logits - logits.max()
    likely: Floats = shifted - np.log(np.exp(shifted).sum())
    return likely
