"""Owns a call beside: a process that hears one long tone while a server is tried, and says whether it noticed."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from types import TracebackType
from typing import Self

from tests.clients.beside import Report
from tests.server import ROOT, ParleyServer

LONGEST_GAP_SECS = 0.12
"""Between two packets of the call beside: 20 ms, and what a busy server adds. Waits for a CPU are known and apart."""


class Beside:
    """`with Beside(server) as beside: ...; beside.noticed_nothing()`, of a server whose tone is long enough."""

    def __init__(self, server: ParleyServer) -> None:
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "tests.clients.beside"),
                *(server.url, "How long is a tone?", str(server.pid)),
            ],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._line(), "the call beside got no answer"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.hang_up()

    def report(self) -> Report:
        """Return how its audio arrived since the last report."""
        assert self._process.stdin is not None
        self._process.stdin.write("report\n")
        self._process.stdin.flush()
        return Report(**json.loads(self._line()))

    def noticed_nothing(self) -> None:
        """Listen for half a second more, then judge what has arrived since the last report."""
        time.sleep(0.5)
        report = self.report()
        assert report.packets >= 20, report
        assert (report.lost, report.silent) == (0, 0), report
        assert report.longest_gap <= LONGEST_GAP_SECS + report.late, report

    def hang_up(self) -> None:
        self._process.communicate(timeout=20)

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()
