"""Owns who is measured and how it is started: a script in an environment of its own, bound to one core.

Each peer's script (servers/) takes the same offer at the same path as Parley does, so one client calls them all. It
gets a port, the length of the answer's tone and nothing else; its log stays in the run's folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.bench import machine
from tests.server import ROOT, ParleyServer, alive, descendants, free_port

HERE = Path(__file__).resolve().parent
ENVIRONMENTS = ROOT / ".venv-peers"
START_SECS, END_SECS = 90.0, 10.0


@dataclass(frozen=True)
class Peer:
    """`script` under servers/ runs in the environment `venv`; Parley has neither."""

    name: str
    script: str = ""
    venv: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    libraries: tuple[str, ...] = ()


PARLEY = Peer("parley")
PEERS = (
    PARLEY,
    Peer(
        "pipecat", "with_pipecat.py", "pipecat", libraries=("pipecat-ai", "aiortc", "onnxruntime", "uvloop")
    ),
    Peer(
        "fastrtc", "with_fastrtc.py", "fastrtc", libraries=("fastrtc", "aiortc", "onnxruntime", "silero-vad")
    ),
    Peer("floor", "floor.py", "floor", libraries=("aiortc", "aioice", "av", "aiohttp")),
    Peer("floor-without-prefetch", "floor.py", "floor", {"FLOOR_PREFETCH": "0"}, ("aiortc", "aioice", "av")),
)


class PeerServer:
    """`with PeerServer(peer, {"BENCH_TONE_SECS": "10"}, log) as server: server.url, server.pid`"""

    def __init__(self, peer: Peer, environment: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._peer, self._log = peer, log
        self._environment = {**os.environ, **peer.environment, **environment}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def __enter__(self) -> Self:
        python = ENVIRONMENTS / self._peer.venv / "bin" / "python"
        script = HERE / "servers" / self._peer.script
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [python, script, "--port", str(self.port)],
                cwd=HERE,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + START_SECS
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                raise RuntimeError(f"{self._peer.name} ended at its start: {self._tail()}")
            try:
                urllib.request.urlopen(f"{self.url}/readyz", timeout=5).close()
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
            else:
                return
        raise TimeoutError(f"{self._peer.name} was not ready after {START_SECS} s: {self._tail()}")

    def _end(self) -> None:
        """Ctrl-C, and for what does not heed it the hard way: only this process and its own children."""
        assert self._process is not None
        family = descendants(self.pid)
        self._process.send_signal(signal.SIGINT)
        try:
            self._process.wait(END_SECS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for pid in family:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)

    def _tail(self) -> str:
        return self._log.read_text(errors="replace")[-1500:]


def served(peer: Peer, tone_secs: float, log: Path) -> PeerServer | ParleyServer:
    """Return a server that is to be entered while this process is bound to the server's core."""
    environment = {"BENCH_TONE_SECS": str(tone_secs)}
    if peer is PARLEY:
        return ParleyServer("examples/bench.yaml", environment)
    return PeerServer(peer, environment, log)


class Pinned:
    """A server on its core while this process is on the other: `with Pinned(served(...)) as server`."""

    def __init__(self, server: PeerServer | ParleyServer) -> None:
        self._server = server

    def __enter__(self) -> PeerServer | ParleyServer:
        machine.pin(machine.SERVER_CORE)
        try:
            return self._server.__enter__()
        finally:
            machine.pin(machine.CLIENT_CORE)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, trace)


def versions(peer: Peer) -> str:
    """Return what of the peer is installed, name and version, as its own environment says."""
    if peer is PARLEY:
        return str(machine.facts()["versions"])
    code = (
        "import sys; from importlib.metadata import version;"
        " print(*(f'{name} {version(name)}' for name in sys.argv[1:]), sep=', ')"
    )
    python = ENVIRONMENTS / peer.venv / "bin" / "python"
    return subprocess.run(
        [python, "-c", code, *peer.libraries], capture_output=True, text=True, check=True, timeout=30
    ).stdout.strip()
