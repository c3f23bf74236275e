"""`parley run FILE --reload`: what has changed on disk is served, for whoever writes an agent, or Parley itself.

    look -> the agent's file or knowledge -> load -> engines of its own -> Parley.take -> the next call has it
         -> Python source -> does it load, in a process of its own? -> the server stops -> it begins anew
    (a page's own files are read from disk whenever a browser asks)

Rules: no call ends for a change of the agent; what is wrong is said as `parley check` says it, and what was served goes
on. Files are looked at, not subscribed to: so folders that are mounted into a container, editors that put a new file in
the place of the old and folders that are not there yet are all the same.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path

import parley_api
import parley_cli
import parley_dataplane
from parley_api import InvalidFile
from parley_api.load import folders
from parley_cli.check import checked, say, summary, tell
from parley_cli.config import read_settings
from parley_dataplane.agent import Agent
from parley_dataplane.errors import ParleyError
from parley_dataplane.process import Parley
from parley_dataplane.settings import Settings

LOOK_EVERY_SECS = 0.25

_PACKAGES = (parley_api, parley_dataplane, parley_cli)

Snapshot = frozenset[tuple[Path, int, int, int]]
"""File, its inode, size in bytes, and time of its last change in nanoseconds."""


class Reload:
    """To be made before the file is read; then `beside` a server."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._agent = _Watched(_AgentFiles(Path(file)))
        self._sources = _Watched(_source_files)

    async def beside(self, parley: Parley, settings: Settings) -> None:
        """Take what changes, until that is Python source which loads."""
        while True:
            await asyncio.sleep(LOOK_EVERY_SECS)
            if await asyncio.to_thread(self._sources.changed):
                if await _loads(self._file):
                    say("Python source has changed: Parley begins anew.")
                    return
                _say_what_goes_on()
            if await asyncio.to_thread(self._agent.changed):
                await self._take(parley, settings)

    async def _take(self, parley: Parley, settings: Settings) -> None:
        before = parley.agent.spec.media.udp
        try:
            read = await asyncio.to_thread(checked, self._file)
            folder = Path(self._file).parent
            agent = await asyncio.to_thread(Agent.load, read.agent, folder, settings, read.digest)
            await parley.take(agent)
        except InvalidFile as invalid:
            tell(invalid)
            _say_what_goes_on()
        except ParleyError as error:
            print(f"{self._file}: {error.detail}", file=sys.stderr)
            _say_what_goes_on()
        except Exception:  # an engine's module that does not load, a full disk: no reason to end calls
            traceback.print_exc()
            _say_what_goes_on()
        else:
            say(f"{self._file}: the next call has it ({summary(read.agent)})")
            if parley.agent.spec.media.udp != before:
                say("spec.media.udp is read when Parley begins: stop it, and run it again")


class _Watched:
    """Some files, and how they were when they were last taken."""

    def __init__(self, files: Callable[[], Iterable[Path]]) -> None:
        self._files = files
        self._taken = self._last = _snapshot(files())

    def changed(self) -> bool:
        """Whether they are to be taken: they differ, and no more than at the last look: who saves may not be done."""
        try:
            now = _snapshot(self._files())
        except OSError:  # a folder went while it was read
            return False
        settled, self._last = now == self._last, now
        if not settled or now == self._taken:
            return False
        self._taken = now
        return True


def _snapshot(files: Iterable[Path]) -> Snapshot:
    found = set()
    for file in files:
        try:
            told = file.stat()
        except OSError:  # it is not there, and that may be the change
            continue
        found.add((file, told.st_ino, told.st_size, told.st_mtime_ns))
    return frozenset(found)


class _AgentFiles:
    """The agent's file, and the knowledge that it names."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._read: Snapshot = frozenset()
        self._folders: list[Path] = []

    def __call__(self) -> list[Path]:
        if (now := _snapshot([self._file])) != self._read:
            self._read, self._folders = now, folders(self._file)
        return [self._file, *(text for folder in self._folders for text in folder.glob("*.md"))]


def _source_files() -> list[Path]:
    return [
        file for package in _PACKAGES for folder in package.__path__ for file in Path(folder).rglob("*.py")
    ]


def _say_what_goes_on() -> None:
    print("What was served before goes on.", file=sys.stderr)


async def _loads(file: str) -> bool:
    """Whether what is on disk could be begun with. Why not, the process that tries says itself."""
    trying = f"from parley_cli.reload import try_out; try_out({file!r})"
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", trying)
    return await process.wait() == 0


def try_out(file: str) -> None:
    """Import every module, those that are only loaded when they are named and the workers' too, and load the agent: all
    that the next process does before it listens.
    """
    for package in _PACKAGES:
        for folder in map(Path, package.__path__):
            for source in folder.rglob("*.py"):
                parts = source.relative_to(folder.parent).with_suffix("").parts
                importlib.import_module(".".join(part for part in parts if part != "__init__"))
    try:
        Agent.load(checked(file).agent, Path(file).parent, read_settings(None))
    except InvalidFile as invalid:
        tell(invalid)
        sys.exit(1)
    except ParleyError as error:
        sys.exit(f"{file}: {error.detail}")
