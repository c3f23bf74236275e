"""Owns one replica of the operator as a test treats it: killed, frozen, asked for its figures."""

from __future__ import annotations

import re
import signal
import time
import urllib.request
from collections.abc import Callable

from tests.contract.operator_process import OperatorProcess

QUICK = {"POLL_SECONDS": "1", "SLOW_SECONDS": "1"}
"""Settings of an operator that a test waits for."""


class Replica(OperatorProcess):
    """`with Replica(kubeconfig, log): ...`; what is frozen or dead already ends all the same."""

    def kill(self) -> None:
        """As by a power cut."""
        self._process.kill()
        self._process.wait()

    def freeze(self) -> None:
        self._process.send_signal(signal.SIGSTOP)

    def ended(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._process.poll()

    def figure(self, name: str) -> float:
        """One of its metrics, over all its labels."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}/metrics", timeout=5) as response:
            text = response.read().decode()
        values = re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)$", text, re.MULTILINE)
        return sum(map(float, values))

    def leads(self) -> bool:
        return self.ended() is None and self.figure("parley_operator_leader") == 1

    def rests(self) -> bool:
        """It holds the Lease, and has looked at everything."""
        waiting = self.figure("parley_operator_queue_depth")
        return self.leads() and waiting == 0 and self.figure("parley_operator_reconciles_total") > 0


def until(what: str, holds: Callable[[], bool], secs: float = 60.0) -> float:
    """How long it took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < secs, f"not within {secs:.0f} s: {what}"
        time.sleep(0.05)
    return time.monotonic() - begun
