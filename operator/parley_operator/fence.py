"""The kernel's own end of a process that has outlived its Lease.

A process may be stopped between any two instructions (SIGSTOP, a frozen cgroup, a machine that sleeps), and go on
minutes later as if nothing had been: whatever it looks at before it sends, it may be stopped after the look. So the
looks are not what holds. A timer of the kernel (POSIX `timer_create`) is set to the deadline, and its signal is
SIGKILL, which ends a stopped process too: it never goes on, so it writes nothing more; and what its sockets had not
sent goes with them (api.py). With looks alone, the last just before the system call, of 6,869 writes of 50 frozen
leaders 1 came after its deadline.

Rules: `seconds` is the clock of the deadline and of the timer. Process 1 of a container takes no SIGKILL from within
it: the operator is its child (process_one.py).
"""

from __future__ import annotations

import ctypes
import faulthandler
import os
import signal
import time
from collections.abc import Callable
from typing import Any

Fence = Callable[[float], None]
"""Ends the process at that moment by `seconds`, in place of the moment given before."""

_WORD_SECONDS = 0.1
"""So long before its end a process that is stuck says on stderr where: the kernel leaves no word."""

_TIMER_ABSTIME = 1


def seconds() -> float:
    """Since some moment in the past. Where a system has CLOCK_BOOTTIME, the time in which it was suspended counts: by
    the monotonic clock a holder that was woken an hour later would still have its Lease.
    """
    clock: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    return time.monotonic() if clock is None else time.clock_gettime(clock)


def no_fence(moment: float) -> None:
    """Ends nothing: for where the kernel can't, and for tests, whose time is virtual."""


class NoFence(Exception):
    """Why no kernel of this kind ends a process."""


class _Event(ctypes.Structure):
    """`struct sigevent`, 64 bytes: `notify` 0 is SIGEV_SIGNAL, to the process."""

    _fields_ = (
        ("value", ctypes.c_void_p),
        ("signo", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    )


class _Setting(ctypes.Structure):
    """`struct itimerspec`; an interval of zero: once."""

    _fields_ = (
        ("interval_seconds", ctypes.c_long),
        ("interval_nanoseconds", ctypes.c_long),
        ("seconds", ctypes.c_long),
        ("nanoseconds", ctypes.c_long),
    )


def kernel_fence() -> Fence:
    """A fence of this process by a timer of the kernel. Raises NoFence on a system that has none, OSError where it
    would not end this process.
    """
    c = _library()
    if os.getpid() == 1:
        raise OSError(
            "process 1 takes no SIGKILL from itself: start the operator by python -m parley_operator"
        )
    timer = ctypes.c_void_p()
    event = _Event(signo=signal.SIGKILL)
    if c.timer_create(time.CLOCK_BOOTTIME, ctypes.byref(event), ctypes.byref(timer)):
        raise OSError(ctypes.get_errno(), "timer_create: the Lease's deadline can't be held")

    def end_at(moment: float) -> None:
        setting = _Setting(seconds=int(moment), nanoseconds=int(moment % 1 * 1e9))
        if c.timer_settime(timer, _TIMER_ABSTIME, ctypes.byref(setting), None):
            raise OSError(ctypes.get_errno(), "timer_settime: the Lease's deadline can't be held")
        faulthandler.dump_traceback_later(max(moment - seconds() - _WORD_SECONDS, 0.001))

    return end_at


def _library() -> Any:
    """The one of timer_create: libc, or before glibc 2.34 librt."""
    for name in (None, "librt.so.1"):
        try:
            library = ctypes.CDLL(name, use_errno=True)
        except OSError:
            continue
        if hasattr(library, "timer_create") and hasattr(time, "CLOCK_BOOTTIME"):
            return library
    raise NoFence("this system has no timer_create, or no CLOCK_BOOTTIME")
