"""Process 1 of a real namespace of processes, and its child."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from parley_operator.process_one import below_process_one

NEW = ("unshare", "--pid", "--fork")

PROGRAM = """
import os, signal, sys, time
from parley_operator.fence import kernel_fence, seconds
from parley_operator.process_one import below_process_one

def work():
    print(os.getpid(), flush=True)
    {steps}

sys.exit(below_process_one(work))
"""


@contextmanager
def process_one(steps: str) -> Iterator[subprocess.Popen[str]]:
    """unshare(1), which ends as its process 1 ends."""
    if shutil.which("unshare") is None or subprocess.run([*NEW, "true"], check=False).returncode:
        pytest.skip("needs a namespace of processes: unshare(1), and the right to make one")
    command = [*NEW, sys.executable, "-c", PROGRAM.format(steps=steps)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as one:
        assert one.stdout is not None
        assert int(one.stdout.readline()) > 1
        try:
            yield one
        finally:
            one.kill()


def first_of(unshare: subprocess.Popen[str]) -> int:
    """Process 1, by its number outside of the namespace."""
    with open(f"/proc/{unshare.pid}/task/{unshare.pid}/children", encoding="ascii") as children:
        return int(children.read().split()[0])


def test_who_is_not_process_one_works_by_itself() -> None:
    mine = os.getpid()
    seen: list[int] = []
    assert below_process_one(lambda: seen.append(os.getpid()) or 3) == 3
    assert seen == [mine]


def test_it_ends_as_its_child_ends() -> None:
    with process_one("return 2") as one:
        assert one.wait(20) == 2


def test_the_kernel_ends_the_child_at_the_deadline() -> None:
    with process_one("kernel_fence()(seconds() + 0.5); time.sleep(60)") as one:
        assert one.wait(20) == 128 + signal.SIGKILL


def test_what_ends_a_container_reaches_the_child() -> None:
    steps = (
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7)); print('ready', flush=True); time.sleep(60)"
    )
    with process_one(steps) as one:
        assert one.stdout is not None
        assert one.stdout.readline() == "ready\n"
        os.kill(first_of(one), signal.SIGTERM)
        assert one.wait(20) == 7


def test_an_orphan_that_ends_is_gone() -> None:
    """A zombie would still be there to be signalled."""
    steps = """import subprocess
    orphan = int(subprocess.run(["sh", "-c", "sleep 0.2 > /dev/null & echo $!"], stdout=subprocess.PIPE).stdout)
    os.kill(orphan, 0)
    time.sleep(1)
    try:
        os.kill(orphan, 0)
    except ProcessLookupError:
        return 5"""
    with process_one(steps) as one:
        assert one.wait(20) == 5
