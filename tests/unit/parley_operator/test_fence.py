"""The kernel's end of a process: real processes, which really stop."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from parley_operator.fence import NoFence, kernel_fence, seconds

PROGRAM = """
import sys, time
from parley_operator.fence import kernel_fence, seconds
fence = kernel_fence()
{steps}
print("set", flush=True)
time.sleep(float(sys.argv[1]))
print("went on", flush=True)
"""


@contextmanager
def process(steps: str, sleeps: float = 60.0) -> Iterator[subprocess.Popen[str]]:
    """That takes these steps, says "set", and sleeps."""
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(steps=steps), str(sleeps)], stdout=subprocess.PIPE, text=True
    ) as one:
        try:
            yield one
        finally:
            one.kill()


def ended(one: subprocess.Popen[str]) -> tuple[int, str]:
    """Its exit status, and what it said that was not read before."""
    said, _ = one.communicate(timeout=20)
    return one.returncode, said


def is_set(one: subprocess.Popen[str]) -> bool:
    assert one.stdout is not None
    return one.stdout.readline() == "set\n"


def test_a_stopped_process_is_ended_at_its_moment_and_never_goes_on() -> None:
    with process("fence(seconds() + 2)", sleeps=0.5) as one:
        assert is_set(one)
        one.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, one.pid, os.WSTOPPED | os.WNOWAIT)
        assert ended(one) == (-signal.SIGKILL, "")


def test_a_process_that_was_not_stopped_is_ended_too() -> None:
    with process("fence(seconds() + 0.5)") as one:
        assert ended(one) == (-signal.SIGKILL, "set\n")


def test_a_moment_that_has_passed_ends_it_at_once() -> None:
    with process("fence(seconds() - 1)") as one:
        assert ended(one) == (-signal.SIGKILL, "")


def test_only_the_last_moment_counts() -> None:
    with process("fence(seconds() + 0.5); fence(seconds() + 60)", sleeps=1.5) as one:
        assert ended(one) == (0, "set\nwent on\n")


def test_who_is_stuck_says_where_before_it_is_ended() -> None:
    program = PROGRAM.format(steps="fence(seconds() + 1)\nwhile True: pass")
    ended = subprocess.run(
        [sys.executable, "-c", program], stderr=subprocess.PIPE, text=True, timeout=20, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    assert 'File "<string>", line 6 in <module>' in ended.stderr


def test_process_one_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getpid", lambda: 1)
    with pytest.raises(OSError, match="process 1"):
        kernel_fence()


def test_a_system_without_the_clock_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(time, "CLOCK_BOOTTIME", raising=False)
    with pytest.raises(NoFence, match="CLOCK_BOOTTIME"):
        kernel_fence()


def test_the_clock_counts_what_a_machine_sleeps_where_the_system_has_such_a_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(time, "CLOCK_BOOTTIME", 7, raising=False)
    monkeypatch.setattr(time, "clock_gettime", {7: 5000.0}.__getitem__)
    assert seconds() == 5000.0
    monkeypatch.delattr(time, "CLOCK_BOOTTIME")
    monkeypatch.setattr(time, "monotonic", lambda: 3.0)
    assert seconds() == 3.0
