"""Owns one child process of a control plane: its log, its readiness, its pauses, its end.

It ends with the thread that started it, also where that is killed (prctl(2), PR_SET_PDEATHSIG): start a control plane
from a thread that lives as long. Its session is its own, so that a Ctrl-C at the tests reaches it by way of them alone.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.controlplane.errors import NoControlPlane

PR_SET_PDEATHSIG = 1
POLL_SECS = 0.02
LAST_LINES = 15

_prctl = getattr(ctypes.CDLL(None), "prctl", None)  # Linux alone has it; looked up before any fork


class Process:
    """`start()`, then `wait_until_ready()`; `kill()` by its own pid."""

    def __init__(
        self, name: str, command: Sequence[str | Path], folder: Path, ready: Callable[[], bool]
    ) -> None:
        self.name = name
        self.command = [str(word) for word in command]
        self.log = folder / f"{name}.log"
        self._ready = ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None, f"{self.name} was never started"
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self) -> None:
        assert not self.running, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.log.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_end_with(os.getpid()),  # noqa: PLW1509, it calls nothing that takes a lock
            )

    def wait_until_ready(self, secs: float = 60.0) -> None:
        deadline = time.monotonic() + secs
        while not self._ready():
            if not self.running:
                raise NoControlPlane(f"{self.name} ended by itself; its last lines:\n{self.last_lines()}")
            if time.monotonic() > deadline:
                raise NoControlPlane(
                    f"{self.name} was not ready after {secs:.0f} s; its last lines:\n{self.last_lines()}"
                )
            time.sleep(POLL_SECS)

    def pause(self) -> None:
        """It answers nothing, and its connections stay open: as a machine that hangs."""
        os.kill(self.pid, signal.SIGSTOP)

    def resume(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, paused or not; it may be started again."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def last_lines(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines() if self.log.exists() else []
        return "\n".join(f"    {line}" for line in lines[-LAST_LINES:]) or "    (it said nothing)"


def _end_with(parent: int) -> Callable[[], None]:
    """What the child does before it becomes the program."""

    def before_exec() -> None:
        if _prctl is not None:
            _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:  # it was gone before we asked
                os._exit(1)

    return before_exec
