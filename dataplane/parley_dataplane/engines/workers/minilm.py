"""MiniLM's network: texts to unit vectors, of which those that mean the same lie near each other.

    text -> word pieces -> six layers of attention, 384 wide -> mean of the pieces -> length 1

all-MiniLM-L6-v2 (Wang et al., "MiniLM", 2020; Reimers and Gurevych, "Sentence-BERT", 2019), run by numpy: texts are so
short that nothing else is faster. Rules: pure; one text gives the same vector in whatever company, to float32's last
digits.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

Floats = npt.NDArray[np.float32]

_LAYERS, _HEADS = 6, 12
_START, _END, _UNKNOWN = "[CLS]", "[SEP]", "[UNK]"

_MOST_PIECES = 64
"""The network was made for 128; a question has a dozen."""

_LONGEST_WORD = 100
_EPSILON = np.float32(1e-12)
_WORD = re.compile(r"\w+|[^\w\s]")


class MiniLm:
    """`folder` holds model.safetensors and vocab.txt. Raises what safetensors raises, OSError and KeyError."""

    def __init__(self, folder: Path) -> None:
        self._weights: dict[str, Floats] = load_file(folder / "model.safetensors")
        pieces = (folder / "vocab.txt").read_text("utf-8").splitlines()
        self._ids = {piece: number for number, piece in enumerate(pieces)}
        for needed in (_START, _END, _UNKNOWN):
            self._ids[needed]

    def embed(self, texts: Sequence[str]) -> Floats:
        """A vector of length 1 for each text: (texts, 384). Raises ValueError for no text at all."""
        if not texts:
            raise ValueError("there has to be at least one text")
        many = [self._pieces(text) for text in texts]
        longest = max(map(len, many))
        ids = np.zeros((len(many), longest), np.int64)
        there = np.zeros((len(many), longest), np.float32)
        for row, pieces in enumerate(many):
            ids[row, : len(pieces)] = pieces
            there[row, : len(pieces)] = 1
        hidden = self._layers(ids, there)
        mean = (hidden * there[:, :, None]).sum(1) / there.sum(1, keepdims=True)
        unit: Floats = mean / np.linalg.norm(mean, axis=1, keepdims=True)
        return unit

    def _pieces(self, text: str) -> list[int]:
        """WordPiece: each word from the longest known beginning on; lower case, without accents."""
        plain = unicodedata.normalize("NFD", text.lower())
        plain = "".join(char for char in plain if unicodedata.category(char) != "Mn")
        ids = [self._ids[_START]]
        for word in islice((match[0] for match in _WORD.finditer(plain)), _MOST_PIECES):
            ids += self._parts(word)
        return [*ids[: _MOST_PIECES - 1], self._ids[_END]]

    def _parts(self, word: str) -> list[int]:
        ids: list[int] = []
        start = 0
        while start < len(word) <= _LONGEST_WORD:
            ends = range(len(word), start, -1)
            names = (("##" if start else "") + word[start:end] for end in ends)
            found = next(
                ((end, name) for end, name in zip(ends, names, strict=True) if name in self._ids), None
            )
            if found is None:
                break
            ids.append(self._ids[found[1]])
            start = found[0]
        return ids if start == len(word) else [self._ids[_UNKNOWN]]

    def _layers(self, ids: npt.NDArray[np.int64], there: Floats) -> Floats:
        names = ("word_embeddings", "position_embeddings", "token_type_embeddings")
        words, places, kinds = (self._weights[f"embeddings.{name}.weight"] for name in names)
        hidden = self._norm(words[ids] + places[: ids.shape[1]] + kinds[0], "embeddings.LayerNorm")
        # What is not there gets no attention.
        unseen = (there - 1)[:, None, None, :] * np.float32(1e9)
        for number in range(_LAYERS):
            layer = f"encoder.layer.{number}"
            attended = self._linear(self._attend(hidden, unseen, layer), f"{layer}.attention.output.dense")
            hidden = self._norm(hidden + attended, f"{layer}.attention.output.LayerNorm")
            inner = _gelu(self._linear(hidden, f"{layer}.intermediate.dense"))
            outer = self._linear(inner, f"{layer}.output.dense")
            hidden = self._norm(hidden + outer, f"{layer}.output.LayerNorm")
        return hidden

    def _attend(self, hidden: Floats, unseen: Floats, layer: str) -> Floats:
        rows, length, width = hidden.shape
        query, key, value = (
            self._linear(hidden, f"{layer}.attention.self.{name}")
            .reshape(rows, length, _HEADS, width // _HEADS)
            .transpose(0, 2, 1, 3)
            for name in ("query", "key", "value")
        )
        scores = query @ key.transpose(0, 1, 3, 2) / np.float32((width // _HEADS) ** 0.5) + unseen
        weights = np.exp(scores - scores.max(-1, keepdims=True))
        weights /= weights.sum(-1, keepdims=True)
        attended: Floats = (weights @ value).transpose(0, 2, 1, 3).reshape(rows, length, width)
        return attended

    def _linear(self, x: Floats, name: str) -> Floats:
        made: Floats = x @ self._weights[f"{name}.weight"].T + self._weights[f"{name}.bias"]
        return made

    def _norm(self, x: Floats, name: str) -> Floats:
        centred = x - x.mean(-1, keepdims=True)
        scale = np.sqrt((centred**2).mean(-1, keepdims=True) + _EPSILON)
        made: Floats = centred / scale * self._weights[f"{name}.weight"] + self._weights[f"{name}.bias"]
        return made


def _gelu(x: Floats) -> Floats:
    """With the error function of Abramowitz and Stegun, 7.1.26: right to 1.5e-7."""
    z = np.abs(x) * np.float32(2**-0.5)
    t = 1 / (1 + np.float32(0.3275911) * z)
    series: Floats = np.full_like(x, 1.061405429)
    for coefficient in (-1.453152027, 1.421413741, -0.284496736, 0.254829592):
        series = (series * t + np.float32(coefficient)).astype(np.float32)
    error = 1 - series * t * np.exp(-z * z)
    made: Floats = x * np.float32(0.5) * (1 + np.sign(x) * error)
    return made
