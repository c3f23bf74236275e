"""A Piper voice made on the spot: a network that hums each phoneme, at a pitch of its own.

It is a real voice to whatever runs Piper's: phoneme ids, their count and scales in (and a speaker), a waveform out.
"""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

RATE = 22_050
PER_ID = 221
"""Samples: 10 ms; every second id is the pad between phonemes."""

_PHONEMES = [
    *"_^$ !'(),-.:;?",
    *"abcdefghijklmnopqrstuvwxyz",
    *"æçðøħŋœɐɑɒɔəɚɛɜɡɪɫɹɾʃʊʌʒʔˈˌːθᵻɝ\u0303\u0329ñßäöü",
]
IDS = {phoneme: id_ for id_, phoneme in enumerate(dict.fromkeys(_PHONEMES))}


def pitch(id_: int, speaker: int = 0) -> float:
    """Hz."""
    return 600.0 + 40.0 * id_ + 1_500.0 * speaker


def make(
    folder: Path, *, language: str = "en-us", speakers: tuple[str, ...] = (), phoneme_type: str = "espeak"
) -> Path:
    """The voice's .onnx, with its JSON beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    voice = folder / "hum.onnx"
    onnx.save(_network(bool(speakers)), str(voice))
    settings = {
        "audio": {"sample_rate": RATE, "quality": "medium"},
        "espeak": {"voice": language},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": phoneme_type,
        "phoneme_map": {},
        "phoneme_id_map": {phoneme: [id_] for phoneme, id_ in IDS.items()},
        "num_symbols": len(IDS),
        "num_speakers": max(1, len(speakers)),
        "speaker_id_map": {name: number for number, name in enumerate(speakers)},
    }
    (folder / "hum.onnx.json").write_text(json.dumps(settings))
    return voice


def _network(has_speakers: bool) -> onnx.ModelProto:
    constants = {
        "step": np.float32(40),
        "lowest": np.float32(600),
        "apart": np.float32(1_500),
        "zero": np.float32(0),
        "one": np.float32(1),
        "per_id": np.float32(PER_ID),
        "turn": np.float32(2 * math.pi / RATE),
        "level": np.float32(0.3),
        "which_scale": np.array(1, np.int64),
        "column": np.array([-1, 1], np.int64),
        "row": np.array([1, -1], np.int64),
        "wave": np.array([1, 1, -1], np.int64),
    }
    steps = [
        ("Cast", ["input"], "ids", {"to": TensorProto.FLOAT}),
        ("Mul", ["ids", "step"], "above", {}),
        ("Add", ["above", "lowest"], "pitch", {}),
        ("Gather", ["scales", "which_scale"], "length", {}),
        ("Mul", ["length", "per_id"], "samples", {}),
        ("Range", ["zero", "samples", "one"], "times", {}),
        ("Mul", ["times", "turn"], "turns", {}),
        ("Reshape", ["turns", "row"], "turns_row", {}),
        ("Reshape", ["spoken" if has_speakers else "pitch", "column"], "pitch_column", {}),
        ("MatMul", ["pitch_column", "turns_row"], "angles", {}),
        ("Sin", ["angles"], "sines", {}),
        ("Mul", ["sines", "level"], "hum", {}),
        ("Reshape", ["hum", "wave"], "output", {}),
    ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "phonemes"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    if has_speakers:
        inputs.append(helper.make_tensor_value_info("sid", TensorProto.INT64, [1]))
        steps[3:3] = [
            ("Cast", ["sid"], "speaker", {"to": TensorProto.FLOAT}),
            ("Mul", ["speaker", "apart"], "shift", {}),
            ("Add", ["pitch", "shift"], "spoken", {}),
        ]
    graph = helper.make_graph(
        [helper.make_node(kind, given, [made], **options) for kind, given, made, options in steps],
        "hum",
        inputs,
        [helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, "samples"])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8)
