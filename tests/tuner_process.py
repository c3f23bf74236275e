"""The node tuner as a process of its own, with a profile that changes under it as a ConfigMap does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).parents[1]
STARTED_SECONDS = 20.0

Report = dict[str, Any]


class TunerProcess:
    """To be entered. `folder` holds its profile and its log; `more` are arguments of `run`."""

    def __init__(self, folder: Path, journal: Path, *more: str, looks_every: float = 0.2) -> None:
        self._folder = folder
        self._arguments = ["--journal", str(journal), *more]
        self._every = str(looks_every)
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self.end(signal.SIGKILL)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Return when it answers."""
        often = ["--profile-seconds", self._every, "--drift-seconds", self._every]
        command = [
            sys.executable,
            "-m",
            "parley_tuner",
            "run",
            "--profile",
            str(self._folder / "profile.json"),
        ]
        command += ["--node", "node-a", "--host", "127.0.0.1", "--port", "0", *often, *self._arguments]
        with self._log.open("ab") as log:
            log.truncate(0)
            environment = {"PYTHONPATH": str(ROOT / "sysctl"), "PATH": os.environ["PATH"]}
            self._process = subprocess.Popen(command, stderr=log, cwd=self._folder, env=environment)
        deadline = time.monotonic() + STARTED_SECONDS
        while not (started := [line for line in self.log() if line["event"] == "started"]):
            assert self._process.poll() is None, self._log.read_text()
            assert time.monotonic() < deadline, "it did not start"
            time.sleep(0.01)
        self._port = started[0]["port"]

    def end(self, how: int = signal.SIGTERM) -> int:
        """Its exit status."""
        assert self._process is not None
        self._process.send_signal(how)
        return self._process.wait(10)

    def give(self, **profile: Any) -> None:
        """From now on this is in its profile's file, replaced whole."""
        self.put(json.dumps(profile))

    def put(self, content: str) -> None:
        part = self._folder / "profile.part"
        part.write_text(content)
        part.replace(self._folder / "profile.json")

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self._port}{path}", timeout=5) as response:
            return response.read().decode()

    def report(self) -> Report:
        found: Report = json.loads(self.get("/report"))
        return found

    def until(self, said: Callable[[Report], bool], seconds: float = 10.0) -> Report:
        """The first report of which that is so."""
        deadline = time.monotonic() + seconds
        while not said(report := self.report()):
            assert time.monotonic() < deadline, report
            time.sleep(0.01)
        return report

    def log(self) -> list[dict[str, Any]]:
        """Its whole lines."""
        lines = self._log.read_text().splitlines(keepends=True)
        return [json.loads(line) for line in lines if line.endswith("\n")]

    @property
    def _log(self) -> Path:
        return self._folder / "tuner.log"
