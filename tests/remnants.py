"""Owns the search for what is left of some audio: in the memory of processes and in files, in any form it had there.

Every eight bytes of the audio that hardly come twice are looked for at every place where such a form may lie.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tests.speech import Pcm

Words = npt.NDArray[np.uint64]

_PIECE_BYTES = 16 * 2**20
_SLOTS = 2**22
_PAGE = os.sysconf("SC_PAGESIZE")


class Remnants:
    """Of `pcm` at `rate` Hz, which should be noisy: silence is everywhere."""

    def __init__(self, pcm: Pcm, rate: int) -> None:
        self._rate = rate
        self._forms = {
            "samples": (_words(pcm.astype("<i2").tobytes(), 2), 4),
            "floats": (_words((pcm / 32_768).astype(np.float32).tobytes(), 4), 2),
            "base64": (_words(base64.b64encode(pcm.tobytes()), 1), 3),
        }
        """Name of the form -> its words, and how many samples one of them holds."""
        self._may_be = np.zeros(_SLOTS, bool)
        for words, _ in self._forms.values():
            self._may_be[_slot(words)] = True

    def in_memory(self, pids: Iterable[int]) -> dict[str, float]:
        """Seconds of audio by form, of the forms that are there; what is there twice counts twice."""
        return self._found(piece for pid in pids for piece in _memory(pid))

    def in_files(self, folder: Path) -> dict[str, float]:
        return self._found(file.read_bytes() for file in folder.rglob("*") if file.is_file())

    def _found(self, pieces: Iterable[bytes]) -> dict[str, float]:
        counts = dict.fromkeys(self._forms, 0.0)
        for piece in pieces:
            there = np.frombuffer(piece[: len(piece) // 8 * 8], np.uint64)
            there = there[there != 0]
            there = there[self._may_be[_slot(there)]]
            for name, (words, samples) in self._forms.items():
                counts[name] += samples * _how_many(there, words) / self._rate
        return {name: round(secs, 3) for name, secs in counts.items() if secs}


def _how_many(there: Words, words: Words) -> int:
    """Of `there`, that are among `words`; these are sorted and distinct, which isin would look to each time anew."""
    return int((np.searchsorted(words, there, "right") - np.searchsorted(words, there)).sum())


def _slot(words: Words) -> npt.NDArray[np.intp]:
    return ((words * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(42)).astype(np.intp)


def _words(data: bytes, step: int) -> Words:
    """Those at every `step` bytes, but for such as repeat themselves."""
    rows = np.frombuffer(data, np.uint8)[np.arange(0, len(data) - 7, step)[:, None] + np.arange(8)]
    distinct = np.array([len(set(row)) for row in rows.tolist()])
    return np.unique(rows[distinct >= 6].copy().view(np.uint64).reshape(-1))


def _memory(pid: int) -> Iterator[bytes]:
    """What the process can write to and what is there of it: most of what it has mapped has never been touched."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory, open(f"/proc/{pid}/pagemap", "rb") as pages:
        for line in Path(f"/proc/{pid}/maps").read_text().splitlines():
            found = re.match(r"(\w+)-(\w+) rw", line)
            if found is None:
                continue
            start, end = (int(address, 16) for address in found.groups())
            pages.seek(start // _PAGE * 8)
            there = np.frombuffer(pages.read((end - start) // _PAGE * 8), np.uint64) >> np.uint64(62) != 0
            edges = np.flatnonzero(np.diff(np.concatenate(([False], there, [False])))) * _PAGE + start
            for first, behind in edges.reshape(-1, 2).tolist():
                for at in range(first, behind, _PIECE_BYTES):
                    memory.seek(at)
                    yield memory.read(min(_PIECE_BYTES, behind - at))
