"""`parley run`: the file and the port are checked first; then the data plane is served until it ends.

The data plane is a fake here (a function in the place of serve): what it serves has its own tests.
"""

from __future__ import annotations

import asyncio
import errno
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from parley_api import load
from parley_api.load import AgentFile
from parley_cli import run
from parley_cli.__main__ import main
from parley_cli.run import address, banner, port_problem
from parley_dataplane import server
from parley_dataplane.errors import EngineUnavailable

BENCH = "examples/bench.yaml"
Serve = Callable[..., Awaitable[Any]]


@pytest.fixture
def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.fixture
def served(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Serve], None]]:
    """Puts a fake in the place of the data plane."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield lambda fake: monkeypatch.setattr(server, "serve", fake)
    for number, handler in before.items():
        signal.signal(number, handler)


def never(*_: Any, **__: Any) -> Awaitable[None]:
    raise AssertionError("nothing may be served")


def test_a_missing_file_is_told_with_one_to_begin_with(
    served: Callable[[Serve], None], capsys: pytest.CaptureFixture[str]
) -> None:
    served(never)
    assert main(["run", "none.yaml"]) == 2
    assert capsys.readouterr().err.splitlines() == [
        "none.yaml: saw no such file; write the path of a VoiceAgent file",
        "An agent to begin with: parley run examples/reception.yaml",
    ]


def test_a_wrong_file_is_told_as_check_tells_it(
    served: Callable[[Serve], None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served(never)
    file = tmp_path / "agent.yaml"
    file.write_text("kind: VoiceAgent\n")
    assert main(["run", str(file)]) == 2
    run = capsys.readouterr().err
    assert main(["check", str(file)]) == 2
    assert run == capsys.readouterr().err


def test_a_port_in_use_is_one_line_before_any_engine_loads(
    served: Callable[[Serve], None], taken_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    served(never)
    assert main(["run", BENCH, "--port", str(taken_port)]) == 2
    assert capsys.readouterr().err == (
        f"port {taken_port} on 127.0.0.1 is in use: stop what listens there, or choose another with --port\n"
    )


def test_a_port_that_is_taken_while_the_engines_load_is_the_same_line(
    served: Callable[[Serve], None], free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async def serve(*_: Any, **__: Any) -> None:
        raise OSError(errno.EADDRINUSE, "taken meanwhile")

    served(serve)
    assert main(["run", BENCH, "--port", str(free_port)]) == 1
    assert "is in use: stop what listens there" in capsys.readouterr().err


def test_other_ports_are_served_beside_the_first_and_the_banner_says_which(
    served: Callable[[Serve], None], free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Sequence[int]] = []

    async def serve(agent: Any, base_dir: Path, host: str, ports: Sequence[int], **_: Any) -> None:
        seen.append(ports)

    served(serve)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        also = probe.getsockname()[1]
    assert main(["run", BENCH, "--port", str(free_port), "--also-listen", f" {also}"]) == 0
    assert seen == [(free_port, also)]
    told = banner(load(BENCH), "127.0.0.1", [9011, 8000, 8001]).splitlines()[0]
    assert told == "bench answers at http://127.0.0.1:9011, and on port 8000, 8001"


def test_another_port_that_is_taken_or_named_twice_is_one_line(
    served: Callable[[Serve], None], free_port: int, taken_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    served(never)
    assert main(["run", BENCH, "--port", str(free_port), "--also-listen", str(taken_port)]) == 2
    assert capsys.readouterr().err == (
        f"port {taken_port} on 127.0.0.1 is in use: stop what listens there, or choose another with --also-listen\n"
    )
    assert main(["run", BENCH, "--port", str(free_port), "--also-listen", str(free_port)]) == 2
    assert capsys.readouterr().err == (
        f"port {free_port} is named twice: write it once, with --port or with --also-listen\n"
    )


def test_it_begins_anew_as_it_was_called_when_what_is_beside_it_wants_that(
    served: Callable[[Serve], None], free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[tuple[str, list[str]]] = []
    monkeypatch.setattr(os, "execv", lambda path, arguments: begun.append((path, arguments)))
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "parley_cli", "run", BENCH, "--reload"])

    async def serve(*_: Any, beside: Any, **__: Any) -> bool:
        assert beside is not None
        return True

    served(serve)
    main(["run", BENCH, "--port", str(free_port), "--reload"])
    assert begun == [(sys.executable, [sys.executable, "-m", "parley_cli", "run", BENCH, "--reload"])]


def test_an_address_of_another_machine_is_told() -> None:
    # 192.0.2.0/24 is for documentation (RFC 5737): no machine has it
    assert port_problem("192.0.2.1", 9011) == (
        "192.0.2.1 is no address of this machine: choose another with --host"
    )


@pytest.mark.parametrize("host", ["no host", "a" * 300, "é" * 100, "host.invalid"])
def test_a_host_without_an_address_is_told(host: str) -> None:
    assert port_problem(host, 9011) == f"host {host[:60]} has no address: choose another with --host"


def test_a_free_port_is_no_problem(free_port: int) -> None:
    assert port_problem("127.0.0.1", free_port) is None


def test_the_banner_comes_once_calls_are_taken_and_goodbye_at_the_end(
    served: Callable[[Serve], None], free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[Any] = []

    async def serve(
        agent: Any,
        base_dir: Path,
        host: str,
        ports: Sequence[int],
        *,
        on_ready: Any,
        beside: Any,
        settings: Any,
        digest: str,
    ) -> None:
        seen.extend((agent.metadata.name, base_dir, host, ports, beside, settings.log_level))
        assert capsys.readouterr().out == ""
        on_ready()

    served(serve)
    assert main(["run", BENCH, "--port", str(free_port), "--log-level", "DEBUG"]) == 0
    assert seen == ["bench", Path("examples"), "127.0.0.1", (free_port,), None, "debug"]
    assert capsys.readouterr().out == banner(load(BENCH), "127.0.0.1", [free_port]) + "\nGoodbye.\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_the_serving_in_order(
    served: Callable[[Serve], None],
    free_port: int,
    number: signal.Signals,
    capsys: pytest.CaptureFixture[str],
) -> None:
    told: list[str] = []

    async def serve(*_: Any, **__: Any) -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.sleep(10)
        finally:
            told.append("goodbye to the calls")

    served(serve)
    assert main(["run", BENCH, "--port", str(free_port)]) == 0
    assert told == ["goodbye to the calls"]
    assert capsys.readouterr().out == "Goodbye.\n"


@pytest.mark.parametrize(
    "before", [signal.default_int_handler, signal.SIG_IGN], ids=["plain", "in a shell's &"]
)
def test_sigterm_ends_it_before_it_serves_too(
    served: Callable[[Serve], None],
    before: Any,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Where Ctrl-C was ignored, so was SIGTERM until calls were taken."""

    def load_file(path: str) -> AgentFile:
        os.kill(os.getpid(), signal.SIGTERM)
        return read(path)

    read = run.load_file
    monkeypatch.setattr(run, "load_file", load_file)
    served(never)
    signal.signal(signal.SIGINT, before)
    assert main(["run", BENCH]) == 0
    assert capsys.readouterr().out == "Goodbye.\n"


NAMESPACE = ("unshare", "--user", "--map-root-user", "--pid", "--fork", "--kill-child")
"""Its first process is number 1, as in a container."""


def _can_be_made() -> bool:
    if shutil.which("unshare") is None:
        return False
    return subprocess.run([*NAMESPACE, "true"], capture_output=True, check=False).returncode == 0


@pytest.mark.skipif(not _can_be_made(), reason="nobody here may have a namespace of their own")
def test_a_container_s_first_process_is_ended_while_it_loads_its_modules() -> None:
    """To such a one a signal that it does not handle is nothing: a pod that was deleted while it began lived for all of
    its grace period.
    """
    loads = "import parley_cli, time; print('loads', flush=True); time.sleep(60)"
    with subprocess.Popen([*NAMESPACE, sys.executable, "-c", loads], stdout=subprocess.PIPE) as first:
        try:
            assert first.stdout is not None
            assert first.stdout.readline() == b"loads\n"
            (number,) = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text().split()
            os.kill(int(number), signal.SIGTERM)
            assert first.wait(5.0) == 128 + signal.SIGTERM
        finally:
            first.kill()


def test_what_is_served_is_told_by_the_digest_of_its_file(
    served: Callable[[Serve], None], free_port: int
) -> None:
    seen: list[str] = []

    async def serve(*_: Any, digest: str, **__: Any) -> None:
        seen.append(digest)

    served(serve)
    assert main(["run", BENCH, "--port", str(free_port)]) == 0
    assert seen == [hashlib.sha256(Path(BENCH).read_bytes()).hexdigest()]


def test_an_engine_that_can_not_be_loaded_is_one_line(
    served: Callable[[Serve], None], free_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    async def serve(*_: Any, **__: Any) -> None:
        raise EngineUnavailable("espeak: library not found; install espeakng-loader")

    served(serve)
    assert main(["run", BENCH, "--port", str(free_port)]) == 1
    assert capsys.readouterr().err == (
        "bench can't be served: espeak: library not found; install espeakng-loader\n"
    )


def test_a_wrong_environment_variable_is_one_line(
    served: Callable[[Serve], None],
    free_port: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    served(never)
    monkeypatch.setenv("LOG_LEVEL", "loud")
    assert main(["run", BENCH, "--port", str(free_port)]) == 2
    assert capsys.readouterr().err == "LOG_LEVEL='loud': write one of debug, info, warning, error\n"


def test_the_banner_says_where_by_which_engines_and_how_to_stop() -> None:
    assert banner(load(BENCH), "127.0.0.1", [9011]).splitlines() == [
        "bench answers at http://127.0.0.1:9011",
        "  VAD  silero (a turn ends after 200 ms of silence)",
        "  STT  instant (en-US)",
        "  LLM  instant",
        "  TTS  tone seconds=3.0",
        "Up to 200 calls at a time. Ctrl-C says goodbye to them and stops.",
    ]


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("127.0.0.1", "http://127.0.0.1:9011"),
        ("0.0.0.0", "http://127.0.0.1:9011"),
        ("::", "http://[::1]:9011"),
        ("::1", "http://[::1]:9011"),
        ("localhost", "http://localhost:9011"),
    ],
)
def test_the_address_is_one_that_a_browser_here_can_open(host: str, url: str) -> None:
    assert address(host, 9011) == url


def test_a_server_whose_output_nobody_reads_serves_all_the_same(
    served: Callable[[Serve], None], free_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bug: `parley run FILE | head -1`, or a full disk under its log, ended the server with three tracebacks.
    Cause: the banner was printed without a thought for that. Without the fix on_ready() raises.
    """
    told: list[str] = []

    async def serve(*_: Any, on_ready: Callable[[], None], **__: Any) -> None:
        on_ready()
        told.append("calls")

    served(serve)
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as nobody:
        monkeypatch.setattr("sys.stdout", nobody)
        assert main(["run", BENCH, "--port", str(free_port)]) == 0
    assert told == ["calls"]
