"""The search for inputs that break a target: libFuzzer by atheris, one process for each target.

Where atheris has no wheel (anything but Linux on x86-64), nothing is searched, and the kept corpus' replay is all. Only
`here` imports what is searched: atheris instruments what is imported after it.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CAN_SEARCH = importlib.util.find_spec("atheris") is not None
NOT_SEARCHED = "nothing was searched: atheris has no wheel for this machine: use Linux on x86-64"

_INSTRUMENTED = (
    "parley_dataplane.media",
    "parley_dataplane.protocols",
    "parley_dataplane.transports",
    "aiortc.rtp",
    "aiortc.rtcsctptransport",
)
"""Modules whose coverage guides the search: our parsers, and those of others that ours put bounds around."""

_HANG_SECS = 20  # of one input, by the clock on the wall: what `run_once` can't end
_MOST_MEMORY_MB = 1_024
_STARTING_SECS = 60


@dataclass(frozen=True, slots=True)
class Result:
    """`report` says in a line how it went, and where something was found, what it was and how to see it again."""

    target: str
    clean: bool
    report: str


def all_of(names: Iterable[str], seconds: int, at_once: int) -> Iterator[Result]:
    """Each target for so many seconds, printing each result as it comes."""
    with ThreadPoolExecutor(at_once) as pool:
        for done in as_completed(start(names, seconds, pool).values()):
            print(done.result().report, flush=True)
            yield done.result()


def start(
    names: Iterable[str], seconds: int, pool: ThreadPoolExecutor, seed: int = 0
) -> dict[str, Future[Result]]:
    """`seed` 0 searches elsewhere each time."""
    return {name: pool.submit(_beside, name, seconds, seed) for name in names}


def _beside(name: str, seconds: int, seed: int) -> Result:
    """A process of its own: libFuzzer ends the one that it runs in.

    timeout(1) stands between, and not only for the time: a program keeps the memory peak of the process that started it
    (ru_maxrss, which libFuzzer's limit is held against), so that a large test run would be each target's finding.
    """
    if not CAN_SEARCH:
        return Result(name, True, f"{name}: {NOT_SEARCHED}")
    longest = 2 * seconds + _STARTING_SECS
    done = subprocess.run(
        [
            "timeout",
            str(longest),
            sys.executable,
            "-m",
            "tests.fuzz",
            name,
            "--here",
            str(seconds),
            str(seed),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        executions, rate = (
            _statistic(name, done.stdout) for name in ("number_of_executed_units", "average_exec_per_sec")
        )
        return Result(name, True, f"{name}: clean, {executions} inputs, {rate} a second")
    return Result(name, False, f"{name}: FOUND\n{_told(done.stdout)}\n{_again(name, done.stdout)}")


def _statistic(name: str, output: str) -> str:
    found = re.search(rf"stat::{name}: +(\d+)", output)
    return found[1] if found else "?"


def _told(output: str) -> str:
    """The end of what was printed, without libFuzzer's dump of the bytes."""
    lines = [
        line for line in output.splitlines() if not re.match(r"0x|\\|Base64:|MS: |stat::|#\d+\t|INFO: ", line)
    ]
    return "\n".join(lines[-25:])


def _again(name: str, output: str) -> str:
    found = re.search(r"Test unit written to (\S+)", output)
    if found is None:
        return "No input was written: it broke before the first one, or ran for too long."
    replay = f"Replay: {sys.executable} -m tests.fuzz {name} --replay {found[1]}"
    text = re.search(r"^Base64: (\S+)$", output, re.MULTILINE)  # what a machine that is gone by now found
    return f"{replay}\nBase64: {text[1]}" if text else replay


def here(name: str, seconds: int, seed: int) -> None:
    """Searches in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=list(_INSTRUMENTED)):
        from tests.fuzz import corpus
        from tests.fuzz.targets import LONGEST_INPUT, TARGETS, run_once
    target = TARGETS[name]
    found = corpus.found(target)
    corpus.write_seeds(target)
    arguments = [
        f"tests.fuzz {name}",
        f"-max_total_time={seconds}",
        f"-seed={seed}",
        f"-max_len={LONGEST_INPUT}",
        f"-timeout={_HANG_SECS}",
        f"-rss_limit_mb={_MOST_MEMORY_MB}",
        f"-artifact_prefix={found}/found-",
        "-detect_leaks=0",
        "-print_final_stats=1",
        "-verbosity=0",
        str(found / "corpus"),
        *([str(corpus.kept(target))] if corpus.kept(target).exists() else []),
    ]
    atheris.Setup(arguments, lambda data: run_once(target, data))
    atheris.Fuzz()
