"""What holds for every parser: the typed errors alone, a bound on what is held, and how its sentences read."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterable
from typing import TypeVar

import numpy as np

from parley_dataplane.errors import PeerError

T = TypeVar("T")

LONGEST_DETAIL = 400
"""Characters of an error's sentence: it goes into logs and to the peer, who must not choose how long it is."""


def refused(work: Callable[[], T]) -> T | PeerError:
    """What `work` returns, or the typed error that it raised; any other error is a crash of the fuzzer."""
    try:
        return work()
    except PeerError as error:
        check_sentence(error)
        return error


def check_sentence(error: PeerError) -> None:
    assert 0 < len(error.detail) <= LONGEST_DETAIL, f"an error of {len(error.detail)} characters"
    json.dumps(error.detail).encode()


def held_bytes(thing: object) -> int:
    """Bytes of text, binary and samples that an object of ours reaches, 64 for each other value of a container."""
    seen: set[int] = set()
    size = 0
    waiting = [thing]
    while waiting:
        value = waiting.pop()
        if id(value) in seen:
            continue
        seen.add(id(value))
        match value:
            case bytes() | bytearray() | str():
                size += len(value)
            case np.ndarray():
                size += value.nbytes
            case dict():
                size += 64 * len(value)
                waiting += value.values()
            case list() | tuple() | set() | deque():
                size += 64 * len(value)
                waiting += value
            case _ if type(value).__module__.startswith("parley_dataplane"):
                waiting += _fields(value)
    return size


def _fields(value: object) -> Iterable[object]:
    yield from getattr(value, "__dict__", {}).values()
    for kind in type(value).__mro__:
        for name in getattr(kind, "__slots__", ()):
            if hasattr(value, name):
                yield getattr(value, name)
