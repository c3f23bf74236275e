"""Owns the folder outside the checkout where what takes long to make is kept, each entry made once.

An entry is there whole or not at all: it is made under another name and then renamed. Two who want the same one at once
wait for each other by a file lock, which ends with its holder, however that ends.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path


def root() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "parley" / "controlplane"


def made_once(name: str, make: Callable[[Path], None], folder: Path | None = None) -> Path:
    """The entry of this name; `make` fills an empty folder with it where it is not there yet."""
    folder = folder or root()
    entry = folder / name
    if entry.is_dir():
        return entry
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder / f"{name}.lock"):
        if entry.is_dir():
            return entry
        half = folder / f"{name}.half"
        shutil.rmtree(half, ignore_errors=True)  # of one who was killed at it
        half.mkdir()
        make(half)
        half.rename(entry)
    return entry


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another process that makes {path.stem}", file=sys.stderr, flush=True)
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
