"""Owns one real server: `python -m parley_cli run FILE` as a child process, its pulse, its end, its log.

It is ended by its own pid with SIGINT, as Ctrl-C does; afterwards nothing that it started may be left, and
its log may hold neither a peer's address nor three words in a row of what was spoken (`private` names it).
"""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[1]
START_SECS, END_SECS = 60.0, 15.0
ADDRESS = re.compile(
    r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])"
    r"|\b(?:[0-9a-f]{1,4}:){4,7}[0-9a-f]{1,4}\b"
    r"|(?<![\w:])(?:[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*)?::[0-9a-f]{1,4}\b"
)
"""IPv4, and IPv6 in full or shortened (RFC 4291, 2.2)."""


class ParleyServer:
    """`with ParleyServer("examples/bench.yaml", {"BENCH_TONE_SECS": "30"}) as server: server.url`"""

    def __init__(
        self,
        agent: str | Path,
        environment: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        *,
        within: Sequence[str] = (),
    ) -> None:
        """`within`: a command that becomes the command behind it, such as `env -u NAME`."""
        self._within = list(within)
        self._command = ["run", str(agent), *arguments]
        self._environment = dict(environment or {})
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._private: list[str] = []
        handle, name = tempfile.mkstemp(suffix=".log")
        os.close(handle)
        self._log = Path(name)
        self._process: subprocess.Popen[bytes] | None = None
        self.exit_code: int | None = None

    def __enter__(self) -> Self:
        paths = [str(ROOT / part) for part in ("crds", "dataplane", "cli")]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths), **self._environment}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [*self._within, sys.executable, "-m", "parley_cli", *self._command, "--port", str(self.port)],
                cwd=ROOT,
                env=environment,
                stdout=subprocess.DEVNULL,
                stderr=log,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._process.kill()
            self._process.wait()
            self._log.unlink()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        left = self.stop()
        log, leaks = self.log(), self.leaks()
        self._log.unlink()
        if error is None:
            assert not left, f"processes {left} outlived the server"
            assert self.exit_code == 0, f"the server exited with {self.exit_code}:\n{log[-2000:]}"
            assert not leaks, f"the log holds what it must not: {leaks}"

    def stop(self) -> list[int]:
        """Press Ctrl-C; return the processes of the server that outlived it (they are killed)."""
        if self._process is None or self.exit_code is not None:
            return []
        family = descendants(self.pid)
        self._process.send_signal(signal.SIGINT)
        try:
            self.exit_code = self._process.wait(END_SECS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self.exit_code = self._process.wait()
        deadline = time.monotonic() + 2.0
        while (left := [pid for pid in family if alive(pid)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        return left

    def wait(self, secs: float) -> None:
        """Until it has ended by itself, as somebody has asked it to; raises TimeoutExpired."""
        assert self._process is not None
        self.exit_code = self._process.wait(secs)

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def private(self, text: str) -> None:
        """`text` is spoken in a call: the log must not hold it."""
        self._private.append(text)

    def log(self) -> str:
        return self._log.read_text(errors="replace")

    def leaks(self) -> list[str]:
        """Return the addresses and the spoken words that the log holds, each once."""
        log = self.log().replace(self.url, "")
        words = " ".join(re.findall(r"[a-z0-9']+", log.lower()))
        spoken = {
            triple for text in self._private for triple in triples(text) if f" {triple} " in f" {words} "
        }
        return sorted(spoken | set(ADDRESS.findall(log)))

    def descriptors(self) -> int:
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def resident(self) -> int:
        """Return the server process's resident bytes (its workers are processes of their own)."""
        return int(Path(f"/proc/{self.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")

    def metric(self, name: str, **labels: str) -> float:
        """Return the sum of the samples of `name` that bear these labels; 0 where there is none."""
        return sum(value for found, value in self.metrics(name) if labels.items() <= found.items())

    def metrics(self, name: str) -> list[tuple[dict[str, str], float]]:
        """Return (labels, value) of every sample of `name` at /metrics."""
        return [
            (dict(re.findall(r'(\w+)="([^"]*)"', labels or "")), float(value))
            for found, labels, value in re.findall(
                r"^(\w+)(\{.*\})? (\S+)$", self._get("/metrics"), re.MULTILINE
            )
            if found == name
        ]

    def _get(self, path: str) -> str:
        with urllib.request.urlopen(self.url + path, timeout=10) as response:
            return str(response.read().decode())

    def _wait_until_ready(self) -> None:
        assert self._process is not None
        deadline = time.monotonic() + START_SECS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server exited with {self._process.returncode}:\n{self.log()}")
            try:
                self._get("/readyz")
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"the server was not ready after {START_SECS} s:\n{self.log()}")


def triples(text: str) -> list[str]:
    """Return every three words in a row of `text`."""
    words = re.findall(r"[a-z0-9']+", text.lower())
    return [" ".join(words[i : i + 3]) for i in range(len(words) - 2)]


def free_port() -> int:
    """Return a TCP port that nothing listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                # The name in brackets may hold anything; the parent is the second field after it (proc(5)).
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            parents.setdefault(parent, []).append(int(entry.name))
    found, new = [], [pid]
    while new:
        children = parents.get(new.pop(), [])
        found += children
        new += children
    return found


def alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
