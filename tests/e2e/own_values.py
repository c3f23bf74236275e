"""This machine's own sysctls, put back whatever becomes of a test: by a process that outlives it.

    with kept(names): ...        python -m tests.e2e.own_values JSON: waits for the end of its standard input

Rules: the guard is there before anything is changed. It ends when the test does, in order or killed: then the tuner
that the test had started, which would write again, is ended first.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

ROOT = Path(__file__).parents[2]
PROC_SYS = Path("/proc/sys")


def file(name: str) -> Path:
    return PROC_SYS / name.replace(".", "/")


def value(name: str) -> str:
    return file(name).read_text().strip()


def write(name: str, text: str) -> None:
    file(name).write_text(f"{text}\n")


def why_not(names: Iterable[str]) -> str:
    """Why this machine's can't be changed, in words; "" where they can."""
    if os.geteuid() != 0:
        return "needs root: it changes this machine's sysctls, and puts them back"
    for name in names:
        try:
            os.close(os.open(file(name), os.O_WRONLY))
        except OSError as error:
            return f"needs a machine whose {name} may be written: {error.strerror}"
    return ""


@contextmanager
def kept(names: Iterable[str]) -> Iterator[IO[str]]:
    """Whose pid is written to what is yielded, a line each, is ended before the values are put back."""
    own = {name: value(name) for name in names}
    command = [sys.executable, "-m", "tests.e2e.own_values", json.dumps(own)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, text=True, bufsize=1, cwd=ROOT, start_new_session=True
    ) as guard:
        assert guard.stdin is not None
        try:
            yield guard.stdin
        finally:
            guard.stdin.close()
            guard.wait()
    assert {name: value(name) for name in own} == own


def main(own: dict[str, str]) -> None:
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_IGN)
    for line in sys.stdin.read().split():
        with suppress(OSError):  # it has ended
            if b"parley_tuner" in Path(f"/proc/{line}/cmdline").read_bytes():
                os.kill(int(line), signal.SIGKILL)
    for name, text in own.items():
        write(name, text)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
