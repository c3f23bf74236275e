"""The weights of Silero's network for 16 kHz, taken out of the wheel's ONNX file: a page runs the network by itself.

Rules: they are those of the very file that the server's detector reads; only as much of ONNX is read as leads to them:
in the graph's one choice, that of the sample rate, the branch for 16 kHz, and in it the constants by their names.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from math import prod
from pathlib import Path

from parley_dataplane.engines.silero import model_path
from parley_dataplane.errors import EngineUnavailable

TENSORS: dict[str, tuple[int, ...]] = {
    "stft.forward_basis_buffer": (258, 1, 256),
    "encoder.0.reparam_conv.weight": (128, 129, 3),
    "encoder.0.reparam_conv.bias": (128,),
    "encoder.1.reparam_conv.weight": (64, 128, 3),
    "encoder.1.reparam_conv.bias": (64,),
    "encoder.2.reparam_conv.weight": (64, 64, 3),
    "encoder.2.reparam_conv.bias": (64,),
    "encoder.3.reparam_conv.weight": (128, 64, 3),
    "encoder.3.reparam_conv.bias": (128,),
    "decoder.rnn.weight_ih": (512, 128),
    "decoder.rnn.weight_hh": (512, 128),
    "decoder.rnn.bias_ih": (512,),
    "decoder.rnn.bias_hh": (512,),
    "decoder.decoder.2.weight": (1, 128, 1),
    "decoder.decoder.2.bias": (1,),
}
"""In the order in which web/silero.c has them."""

# Numbers of fields in onnx.proto3.
_GRAPH, _NODE, _ATTRIBUTE = 7, 1, 5
_ATTRIBUTE_NAME, _ATTRIBUTE_TENSOR, _ATTRIBUTE_GRAPH = 1, 5, 6
_TENSOR_NAME, _TENSOR_BYTES = 8, 9
_BRANCH = b"then_branch"


@lru_cache(maxsize=1)
def weights() -> bytes:
    """All tensors, one behind the other, in float32, little endian: 1.2 MB. Raises EngineUnavailable."""
    return read(model_path())


def read(path: Path) -> bytes:
    """The same of the ONNX file at `path`. Raises EngineUnavailable where it holds another network."""
    found = dict(_constants(path.read_bytes()))
    for name, shape in TENSORS.items():
        size = 4 * prod(shape)
        if len(found.get(name, b"")) != size:
            raise EngineUnavailable(
                f"{path.name} has no {name} of {size} bytes: install silero-vad of version 6"
            )
    return b"".join(found[name] for name in TENSORS)


def _constants(model: bytes) -> Iterator[tuple[str, bytes]]:
    for branch in _attributes(_all(_GRAPH, model), _ATTRIBUTE_GRAPH, _BRANCH):
        for tensor in _attributes([branch], _ATTRIBUTE_TENSOR):
            fields = dict(_fields(tensor))
            yield fields.get(_TENSOR_NAME, b"").decode(), fields.get(_TENSOR_BYTES, b"")


def _attributes(graphs: list[bytes], kind: int, name: bytes | None = None) -> Iterator[bytes]:
    """What attributes of the nodes of `graphs` hold: those of a kind, and of a name where one is given."""
    for graph in graphs:
        for node in _all(_NODE, graph):
            for attribute in _all(_ATTRIBUTE, node):
                fields = dict(_fields(attribute))
                if kind in fields and name in (None, fields.get(_ATTRIBUTE_NAME)):
                    yield fields[kind]


def _all(number: int, message: bytes) -> list[bytes]:
    return [value for found, value in _fields(message) if found == number]


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The fields of a Protocol Buffers message that are bytes; numbers are passed over."""
    at = 0
    while at < len(message):
        key, at = _number(message, at)
        match key & 7:
            case 0:
                _, at = _number(message, at)
            case 1:
                at += 8
            case 5:
                at += 4
            case _:
                size, at = _number(message, at)
                yield key >> 3, message[at : at + size]
                at += size


def _number(message: bytes, at: int) -> tuple[int, int]:
    """A number of variable length, and where it ends."""
    number = shift = 0
    while True:
        byte = message[at]
        at += 1
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return number, at
