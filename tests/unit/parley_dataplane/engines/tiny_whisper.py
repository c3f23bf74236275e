"""A Whisper made on the spot, small enough for a test: its weights are chosen so that it says a given text.

It is a real model to CTranslate2 and faster-whisper: of one layer, with a tokenizer of its own. Each place of the
answer has a position encoding that points at its token, so that it says `text` whatever it hears; where `text` has
"short|long" for a word, attention to the audio decides: the first where less than about a second was heard.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
from ctranslate2.specs import WhisperSpec
from ctranslate2.specs.model_spec import LayerSpec

SIZE = 64
"""Of a hidden state."""

MELS, FRAMES, LONGEST = 80, 1500, 448
"""Whisper's own: bands of the spectrum, positions of 30 s of audio, positions of a text."""

HEARD = 1.0
"""Seconds that decide between short and long."""

_SPECIAL = (
    "<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|translate|>", "<|transcribe|>", "<|startoflm|>",
    "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>", "<|0.00|>",
)  # fmt: skip

Weights = npt.NDArray[np.float32]


def make(folder: Path, text: str) -> Path:
    """A model of English alone that says `text`, in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    words = [f"Ġ{choice}" for word in text.split() for choice in word.split("|")]
    tokens = [*_bytes_as_letters(), *dict.fromkeys(words), *_SPECIAL]
    (folder / "tokenizer.json").write_text(json.dumps(_tokenizer(tokens)))
    spec = WhisperSpec(1, 1, 1, 1)
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [tokens.index("<|en|>")]
    spec.config.alignment_heads = [(0, 0)]
    _encoder(spec.encoder)
    _decoder(spec.decoder, text, tokens)
    spec.validate()
    spec.save(str(folder))
    return folder


def _encoder(encoder: LayerSpec) -> None:
    """A state's first value is how loud its 20 ms are: 0 where nothing was heard, as behind the end."""
    encoder.conv1.weight = zeros(SIZE, MELS, 3)
    encoder.conv1.weight[0, :, 1] = 100 / MELS
    encoder.conv1.bias = zeros(SIZE)
    encoder.conv2.weight = zeros(SIZE, SIZE, 3)
    encoder.conv2.weight[0, 0, 1] = 1
    encoder.conv2.bias = zeros(SIZE)
    encoder.position_encodings.encodings = zeros(FRAMES, SIZE)
    encoder.position_encodings.encodings[:, 1] = 1
    _norm(encoder.layer_norm, 1)
    layer = encoder.layer[0]
    _attention(layer.self_attention, 3, 1)
    _feed_forward(layer.ffn)


def _decoder(decoder: LayerSpec, text: str, tokens: list[str]) -> None:
    meaning = np.random.default_rng(0).standard_normal((len(tokens), SIZE))
    meaning -= meaning.mean(axis=1, keepdims=True)
    meaning = (meaning / np.linalg.norm(meaning, axis=1, keepdims=True)).astype(np.float32)
    decoder.embeddings.weight = meaning
    decoder.projection.weight = meaning.copy()
    decoder.scale_embeddings = False
    _norm(decoder.layer_norm, 4)
    places = zeros(LONGEST, SIZE)
    layer = decoder.layer[0]
    _attention(layer.self_attention, 3, 1)
    _attention(layer.attention, 1, 2, 1)
    _feed_forward(layer.ffn)
    # The prompt is <|startoftranscript|><|notimestamps|>: the first word comes out of place 1.
    for place, word in enumerate(text.split(), 1):
        choices = [meaning[tokens.index(f"Ġ{choice}")] for choice in word.split("|")]
        places[place] = 100 * sum(choices)
        if len(choices) == 2:
            _decide(layer.attention, choices[1] - choices[0])
    places[len(text.split()) + 1 :] = 100 * meaning[tokens.index("<|endoftext|>")]
    decoder.position_encodings.encodings = places


def _decide(attention: LayerSpec, direction: Weights) -> None:
    """Add `direction` for each bit of audio over HEARD: all positions are attended to alike, so that the mean of a
    state's first value is the share of them that were loud.
    """
    loud = np.sqrt(SIZE)  # what a state that is almost all first value is normed to
    attention.linear[1].weight[SIZE, 0] = 1
    attention.linear[2].weight[:, 0] = 60 * direction
    attention.linear[2].bias[:] = -60 * direction * loud * HEARD / 30


def zeros(*shape: int) -> Weights:
    return np.zeros(shape, np.float32)


def _norm(norm: LayerSpec, gain: float) -> None:
    norm.gamma = np.full(SIZE, gain, np.float32)
    norm.beta = zeros(SIZE)


def _attention(attention: LayerSpec, *outputs: int) -> None:
    """Linear layers that make so many states each, all of them 0."""
    _norm(attention.layer_norm, 1)
    for linear, count in zip(attention.linear, outputs, strict=True):
        linear.weight, linear.bias = zeros(count * SIZE, SIZE), zeros(count * SIZE)


def _feed_forward(ffn: LayerSpec) -> None:
    _norm(ffn.layer_norm, 1)
    ffn.linear_0.weight, ffn.linear_0.bias = zeros(SIZE, SIZE), zeros(SIZE)
    ffn.linear_1.weight, ffn.linear_1.bias = zeros(SIZE, SIZE), zeros(SIZE)


@cache
def _bytes_as_letters() -> tuple[str, ...]:
    """Each byte as the visible letter that byte-level tokenizers write for it."""
    visible = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return tuple(chr(byte) if byte in visible else chr(next(others)) for byte in range(256))


def _tokenizer(tokens: list[str]) -> dict[str, object]:
    ids = {token: id_ for id_, token in enumerate(tokens)}
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    by_bytes = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": ids[token], "content": token, **flags} for token in _SPECIAL],
        "normalizer": None,
        "pre_tokenizer": by_bytes,
        "post_processor": None,
        "decoder": by_bytes,
        "model": {"type": "BPE", "vocab": {t: i for t, i in ids.items() if t not in _SPECIAL}, "merges": []},
    }
