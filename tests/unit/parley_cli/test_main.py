"""The command line: what is printed, and the exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from parley_api import __version__
from parley_api.kind import Kind
from parley_api.kinds import KINDS
from parley_api.schema import custom_resource_definition
from parley_cli.__main__ import main

WRONG = """\
apiVersion: parley.dev/v1alpha1
kind: VoiceAgent
metadata: {name: a}
spec:
  conversation: {instructions: x}
  turnTaking: {vadThreshold: 7}
  sessions: {limitt: 1}
"""


@pytest.fixture
def wrong(tmp_path: Path) -> str:
    file = tmp_path / "wrong.yaml"
    file.write_text(WRONG)
    return str(file)


def test_check_says_ok_and_what_is_in_the_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "examples/bench.yaml"]) == 0
    out = capsys.readouterr()
    assert out.out == (
        "examples/bench.yaml: ok (bench, no intents, no texts, silero, instant, instant, tone, en-US)\n"
    )
    assert out.err == ""


def test_check_says_every_mistake_of_every_file_and_exits_with_2(
    wrong: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check", wrong, "examples/bench.yaml", "none.yaml"]) == 2
    out = capsys.readouterr()
    assert out.err.splitlines() == [
        f"{wrong}:6: spec.turnTaking.vadThreshold: saw 7; write a number from 0 to 1",
        f"{wrong}:7: spec.sessions.limitt: saw an unknown field; did you mean limit?",
        "none.yaml: saw no such file; write the path of a VoiceAgent file",
    ]
    assert out.out.startswith("examples/bench.yaml: ok")


def test_check_tells_what_is_wrong_with_the_spoken_tests_beside_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It was ok, and only `parley test` told."""
    file, table = tmp_path / "bench.yaml", tmp_path / "bench.csv"
    file.write_text(Path("examples/bench.yaml").read_text())
    table.write_text("say,intent\nwhen are you open,hours\n")
    assert main(["check", str(file)]) == 2
    out = capsys.readouterr()
    assert (out.out, out.err) == (
        "",
        f'{table}:2: intent: saw "hours"; write the name of an intent of the file\n',
    )
    table.write_text("say,intent\nwhen are you open,\n")
    assert main(["check", str(file)]) == 0


def test_check_refuses_a_pipe_and_does_not_wait_for_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Bug: `parley check` never came back. Cause: to open a pipe is to wait for somebody who writes into it."""
    os.mkfifo(pipe := tmp_path / "a.yaml")
    assert main(["check", str(pipe)]) == 2
    assert (
        capsys.readouterr().err == f"{pipe}: saw a pipe, no regular file; make it a file that can be read\n"
    )


def test_check_reads_what_a_shell_pipes_into_it() -> None:
    piped = parley(
        "check", "/dev/stdin", input=Path("examples/bench.yaml").read_text(), stdout=subprocess.PIPE
    )
    assert (piped.returncode, piped.stdout.partition(" (")[0]) == (0, "/dev/stdin: ok")


def test_crd_prints_what_kubectl_applies(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["crd"]) == 0
    every = list(yaml.safe_load_all(capsys.readouterr().out))
    assert every == [custom_resource_definition(kind) for kind in KINDS.values()]


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_crd_of_one_kind_is_the_file_of_the_repository(
    kind: Kind, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["crd", kind.singular]) == 0
    assert capsys.readouterr().out == Path(f"crds/{kind.singular}.yaml").read_text()


def test_check_sums_up_each_object_of_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "all.yaml"
    kinds = ("modelserver", "nodetuning", "voicetenant")
    file.write_text("---\n".join(Path(f"examples/{kind}.yaml").read_text() for kind in kinds))
    assert main(["check", str(file)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"{file}: ok (ModelServer llm, vllm, 1 GPU)",
        f"{file}: ok (NodeTuning low-latency, 5 sysctls, governor performance)",
        f"{file}: ok (VoiceTenant clinic, clinic, clinic-test)",
    ]


@pytest.mark.parametrize("port", ["0", "65536", "-1", "http", "٣", "9" * 100])
def test_a_port_that_is_none_is_told_with_its_range(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["run", "x.yaml", f"--port={port}"])
    assert exit_.value.code == 2
    assert "is no port: write a number from 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("ports", "told"),
    [
        ("8000,", "'' is no port: write a number from 1 to 65535"),
        ("8000;8001", "'8000;8001' is no port: write a number from 1 to 65535"),
        (",".join(["8000"] * 9), "9 ports: write at most 8, such as 8000,8001"),
    ],
)
def test_other_ports_that_are_none_or_too_many_are_told(
    ports: str, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exit_:
        main(["run", "x.yaml", "--also-listen", ports])
    assert exit_.value.code == 2
    assert told in capsys.readouterr().err


def test_the_module_runs_as_the_command() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "parley_cli", "--version"], capture_output=True, text=True, check=True
    )
    assert ran.stdout == f"parley {__version__}\n"


def parley(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parley_cli", *arguments]
    return subprocess.run(command, text=True, stderr=subprocess.PIPE, timeout=60, check=False, **options)


def test_a_name_that_the_terminal_can_not_write_is_written_in_escapes(tmp_path: Path) -> None:
    """Bug: `parley check größe.yaml` ended in a UnicodeEncodeError where Python writes ASCII (a service without a
    locale). Cause: print() is strict. Without the fix the exit code is 1.
    """
    file = tmp_path / "gr\u00f6\u00dfe.yaml"
    file.write_bytes(Path("examples/bench.yaml").read_bytes())
    environment = {**os.environ, "PYTHONIOENCODING": "ascii"}
    checked = parley("check", str(file), stdout=subprocess.PIPE, env=environment)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert "gr\\xf6\\xdfe.yaml: ok" in checked.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux")
@pytest.mark.parametrize("command", [("check", "examples/bench.yaml"), ("crd",)])
def test_what_could_not_be_written_is_a_failure_without_a_traceback(command: tuple[str, ...]) -> None:
    """Bug: a traceback, and another of Python's at its end. Cause: nobody expected a full disk."""
    with open("/dev/full", "w") as full:
        assert (parley(*command, stdout=full).returncode, parley(*command, stdout=full).stderr) == (1, "")
