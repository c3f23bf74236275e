"""Owns process 1 of a container, which takes no SIGKILL from within it: the work is done by its child.

Rules: who is not process 1 works by itself. Process 1 hands on what ends a container, takes care of orphans, and ends
as its child ends.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

_HANDED_ON = (signal.SIGTERM, signal.SIGINT)


def below_process_one(work: Callable[[], int]) -> int:
    """The exit status of `work`, 128 and the signal's number where one ended it."""
    if os.getpid() != 1:
        return work()
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDED_ON)
    child = os.fork()
    if child:
        for one in _HANDED_ON:
            signal.signal(one, lambda number, _: os.kill(child, number))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _HANDED_ON)
    return _end_of(child) if child else work()


def _end_of(child: int) -> int:
    while True:
        ended, status = os.wait()
        if ended == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else 128 - code
