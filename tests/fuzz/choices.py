"""What a fuzzer's bytes mean where a parser takes more than one string of them: numbers, texts, and how to cut.

Rules: without randomness and without an end: where the bytes are used up, every choice is 0 or empty, so that each
input means the same wherever it is replayed, and a shorter one is a simpler one.
"""

from __future__ import annotations

from collections.abc import Iterator


class Choices:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def __bool__(self) -> bool:
        """Whether there is anything left to choose from."""
        return self._at < len(self._data)

    def take(self, size: int) -> bytes:
        taken = self._data[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def rest(self) -> bytes:
        return self.take(len(self._data))

    def byte(self) -> int:
        return self.number(1)

    def number(self, size: int) -> int:
        """Unsigned, of `size` bytes, big endian."""
        return int.from_bytes(self.take(size).ljust(size, b"\0"), "big")

    def signed(self, size: int) -> int:
        half = 1 << (8 * size - 1)
        return ((self.number(size) + half) & (2 * half - 1)) - half

    def text(self) -> bytes:
        """One byte of length and as many bytes."""
        return self.take(self.byte())


def slices(data: bytes, seed: int) -> Iterator[bytes]:
    """`data` cut into pieces of 1 to about 300 bytes; 0 cuts nothing, 1 cuts every byte."""
    if seed == 0:
        yield data
        return
    state, start = seed, 0
    while start < len(data):
        state = (state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
        size = 1 if seed == 1 else 1 + (state >> 16) % (2 + seed)
        yield data[start : start + size]
        start += size
