"""The old values, on the node's disk: one file for each owner, and one lock for all that tune the node.

Rules: a file is replaced whole (written beside, synced, renamed, the folder synced), so that after any crash it is the
one of before or the one of after. `before` is what a key was when its owner first wanted it, and never changes. A file
that can't be read is never written over: without a journal nothing is tuned. What a machine wrote before it was last
started is gone with that start, and so is what the journal says of it. An owner that holds no key has no file.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

LOCK = ".lock"
LOCK_SECONDS = 5.0
ENDING = ".json"


class JournalProblem(Exception):
    """It can't be read or written, in words: nothing may be tuned."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A key that is held. `ours` are values that were written, or may have been before a crash: the last is wanted."""

    before: str
    ours: tuple[str, ...]
    applied: bool = False
    """The last of `ours` was read back."""

    def asking(self, wanted: str) -> Entry:
        """To be journalled before `wanted` is written."""
        return replace(self, ours=(*(value for value in self.ours if value != wanted), wanted), applied=False)

    def holding(self) -> Entry:
        """What is wanted was read back, so nothing else of ours is there."""
        return replace(self, ours=self.ours[-1:], applied=True)


Entries = dict[str, Entry]


@dataclass(frozen=True, slots=True)
class Rival:
    """Another owner of a key, and the value that it holds."""

    owner: str
    wants: str


class Journal:
    """`boot` tells this start of the machine from others. `step` is called before and after each system call that
    changes the disk.
    """

    def __init__(self, folder: Path, boot: str, step: Callable[[], None] = lambda: None) -> None:
        self._folder = folder
        self._boot = boot
        self._step = step

    @contextmanager
    def locked(self) -> Iterator[None]:
        """No other process tunes the node meanwhile. Raises JournalProblem."""
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            opened = os.open(self._folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise JournalProblem(f"the journal can't be opened: {error.strerror}") from error
        try:
            _lock(opened)
            yield
        finally:
            os.close(opened)

    def owners(self) -> list[str]:
        """Who holds keys."""
        return sorted(file.stem for file in self._folder.glob(f"[!.]*{ENDING}"))

    def load(self, owner: str) -> Entries:
        """In the order in which they were journalled. Raises JournalProblem."""
        file = self._file(owner)
        try:
            found = json.loads(file.read_bytes())
            entries = {
                key: Entry(_text(one["before"]), tuple(map(_text, one["ours"])), one["applied"] is True)
                for key, one in found["keys"].items()
            }
            return entries if found["boot"] == self._boot else {}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise JournalProblem(f"the journal {file} can't be read: {error}") from error

    def held_by_others(self, owner: str) -> dict[str, Rival]:
        """By key. Raises JournalProblem."""
        return {
            key: Rival(other, entry.ours[-1])
            for other in self.owners()
            if other != owner
            for key, entry in self.load(other).items()
        }

    def save(self, owner: str, entries: Mapping[str, Entry]) -> None:
        """It is on the disk when this returns. Raises JournalProblem."""
        file = self._file(owner)
        try:
            if entries:
                self._replace(file, _rendered(self._boot, owner, entries))
            else:
                self._step()
                file.unlink(missing_ok=True)
            self._step()
            _sync(self._folder)
            self._step()
        except OSError as error:
            raise JournalProblem(f"the journal can't be written: {error.strerror}") from error

    def _replace(self, file: Path, content: bytes) -> None:
        part = file.with_name(f".{file.name}.part")
        self._step()
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as opened:
            half = len(content) // 2
            opened.write(content[:half])
            opened.flush()
            self._step()
            opened.write(content[half:])
            opened.flush()
            self._step()
            os.fsync(opened.fileno())
        self._step()
        part.replace(file)

    def _file(self, owner: str) -> Path:
        return self._folder / f"{owner}{ENDING}"


def _rendered(boot: str, owner: str, entries: Mapping[str, Entry]) -> bytes:
    keys = {
        key: {"before": entry.before, "wanted": entry.ours[-1], "ours": entry.ours, "applied": entry.applied}
        for key, entry in entries.items()
    }
    return json.dumps({"owner": owner, "boot": boot, "keys": keys}, indent=1).encode()


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("a value is no text")
    return value


def _lock(opened: int) -> None:
    until = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError:
            if time.monotonic() > until:
                raise JournalProblem("another process has held the journal's lock for too long") from None
            time.sleep(0.02)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
