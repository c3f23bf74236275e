"""The inputs of each target: kept ones in the tree, found ones and seeds in build/fuzz/, which git ignores.

Kept is what reaches a line of ours, or a step from one to the next, that no smaller input reaches; and every file whose
name begins with `was-`: an input that once broke something, kept for ever.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.fuzz.targets import LONGEST_INPUT, Target, run_once

ROOT = Path(__file__).parents[2]
MOST_KEPT = 60

_PARSERS = (
    "parley_dataplane/media/",
    "parley_dataplane/protocols/",
    "parley_dataplane/transports/",
    "aiortc/rtcsctptransport",
)
_Step = tuple[str, int, int]


def kept(target: Target) -> Path:
    return ROOT / "tests/fuzz/corpus" / target.name


def found(target: Target) -> Path:
    """Where this machine's own finds of a target go."""
    folder = ROOT / "build/fuzz" / target.name
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    return folder


def write_seeds(target: Target) -> None:
    for seed in target.seeds():
        (found(target) / "corpus" / _name(seed)).write_bytes(seed)


def keep(target: Target) -> int:
    """Chooses the kept inputs anew, greedily, the smallest first; returns how many they are."""
    write_seeds(target)
    folder = kept(target)
    folder.mkdir(parents=True, exist_ok=True)
    paths = [*folder.iterdir(), *(found(target) / "corpus").iterdir()]
    pool = {data for path in paths if len(data := path.read_bytes()) <= LONGEST_INPUT}
    forever = {path.read_bytes() for path in folder.glob("was-*")}
    reached: set[_Step] = set()
    for data in forever:
        reached |= _steps(lambda data=data: run_once(target, data))  # type: ignore[misc]
    gains: list[tuple[int, bytes]] = []
    for data in sorted(pool - forever, key=lambda data: (len(data), data)):
        new = _steps(lambda data=data: run_once(target, data)) - reached  # type: ignore[misc]
        if new:
            reached |= new
            gains.append((len(new), data))
    chosen = {data for _, data in sorted(gains, reverse=True)[: MOST_KEPT - len(forever)]}
    for path in folder.iterdir():
        if not path.name.startswith("was-"):
            path.unlink()
    for data in chosen:
        (folder / _name(data)).write_bytes(data)
    return len(chosen) + len(forever)


def _name(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()[:16]


def _steps(work: Callable[[], None]) -> set[_Step]:
    """(file, line, line after it) of the parsers, as `work` went through them."""
    steps: set[_Step] = set()

    def enter(frame: Any, event: str, _: object) -> Any:
        name = frame.f_code.co_filename
        if not any(part in name for part in _PARSERS):
            return None
        before = 0

        def step(frame: Any, event: str, _: object) -> Any:
            nonlocal before
            if event == "line":
                steps.add((name, before, frame.f_lineno))
                before = frame.f_lineno
            return step

        return step

    sys.settrace(enter)
    try:
        work()
    finally:
        sys.settrace(None)
    return steps
