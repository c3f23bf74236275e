"""Owns what is read of the machine and of a server's process tree: facts, cores, CPU time, memory, descriptors."""

from __future__ import annotations

import asyncio
import datetime
import json
import os
import platform
import sys
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tests.bench.slots import Slots, judged
from tests.server import descendants

SERVER_CORE, CLIENT_CORE = 0, 1
LIBRARIES = (
    "aioice",
    "aiortc",
    "av",
    "cryptography",
    "numpy",
    "onnxruntime",
    "pylibsrtp",
    "silero-vad",
    "uvicorn",
)

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def facts(libraries: Iterable[str] = LIBRARIES) -> dict[str, object]:
    """Return what a reader needs to repeat a run, the commit and the seed aside."""
    return {
        "when": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        "machine": description(),
        "python": platform.python_version(),
        "versions": ", ".join(f"{name} {_version(name)}" for name in libraries),
    }


def description() -> str:
    """Return processor, cores, memory, system and the load of the last minute."""
    models = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGESIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{(models or [platform.machine()])[0]}, {os.cpu_count()} cores, {memory:.0f} GiB,"
        f" {platform.system()} {platform.release()}, load {os.getloadavg()[0]:.1f} at the start"
    )


def pin(core: int) -> None:
    """Bind this process, and what it starts from now on, to one core; raises OSError where it may not use that one."""
    os.sched_setaffinity(0, {core})


def tree(pid: int) -> list[int]:
    """Return a process and all that it has started."""
    return [pid, *descendants(pid)]


def cpu_secs(pids: Iterable[int]) -> float:
    """Return the CPU time, user and system, that these processes have used."""
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        total += int(fields[11]) + int(fields[12])
    return total / _TICKS_PER_SECOND


def resident_bytes(pids: Iterable[int]) -> int:
    """Return the sum of resident memory: what processes share counts for each of them."""
    total = 0
    for pid in pids:
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
        except OSError:
            continue
    return total


def descriptors(pids: Iterable[int]) -> int:
    """Return how many files and sockets these processes hold open."""
    total = 0
    for pid in pids:
        try:
            total += len(os.listdir(f"/proc/{pid}/fd"))
        except OSError:
            continue
    return total


async def idle_timer(core: int, seconds: float) -> Slots:
    """Return what a 20 ms timer on `core` misses, by the same judgement as a sender's packets."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(Path(__file__).with_name("idle_timer.py")),
        str(core),
        str(seconds),
        stdout=asyncio.subprocess.PIPE,
    )
    printed, _ = await process.communicate()
    return judged([(at, number * 960) for number, at in enumerate(json.loads(printed))])


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "none"
