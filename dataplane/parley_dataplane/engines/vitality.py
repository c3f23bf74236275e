"""Whether a process that says nothing does anything: it computes or wants to, or it sleeps, is stopped, and so hangs.

Only Linux tells; elsewhere every process counts as one that does something.
"""

from __future__ import annotations

from pathlib import Path

_IDLE = frozenset("STtZX")
"""States of proc(5): asleep, stopped, traced, ended. One that runs or waits for a disk is none of them."""


class Vitality:
    """Of process `pid`, from one look to the next."""

    def __init__(self, pid: int) -> None:
        self._threads = Path(f"/proc/{pid}/task")
        self._used = -1

    def rests(self) -> bool:
        """Whether none of its threads has used a processor since the last look, nor waits for one."""
        states, used = set(), 0
        try:
            for thread in self._threads.iterdir():
                # The name in brackets may hold anything; utime and stime are the 12th and 13th field after it.
                fields = (thread / "stat").read_text().rpartition(")")[2].split()
                states.add(fields[0])
                used += int(fields[11]) + int(fields[12])
        except OSError:  # no such folder, or a thread that has just ended
            return False
        before, self._used = self._used, used
        return used == before and states <= _IDLE
