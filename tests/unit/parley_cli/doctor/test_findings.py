"""How findings are told: a line for each, what was not tried, JSON for programs, and the exit code."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from parley_cli import doctor
from parley_cli.__main__ import main
from parley_cli.doctor.findings import CHECKS, Finding, conclusion

GOOD = Finding("address", "ok", "127.0.0.1")
BAD = Finding("connection", "FAIL", "nothing listens", "start it")


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Held, and listened on by nobody."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_a_finding_is_one_line() -> None:
    assert str(GOOD) == "ok    address     127.0.0.1"
    assert str(BAD) == "FAIL  connection  nothing listens; start it"


def test_the_last_line_counts_and_names_what_was_not_tried() -> None:
    assert conclusion([GOOD, BAD]) == (
        f"1 ok, 1 FAIL; not tried: {', '.join(CHECKS[2:])}. What each looks at: docs/troubleshooting.md"
    )
    assert conclusion([Finding(check, "ok", "") for check in CHECKS]) == f"{len(CHECKS)} ok."


def test_where_nothing_listens_it_ends_there_with_1(
    closed_port: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", f"http://127.0.0.1:{closed_port}"]) == 1
    first, second, last = capsys.readouterr().out.splitlines()
    assert first == "ok    address     127.0.0.1"
    assert second.startswith(f"FAIL  connection  nothing listens on port {closed_port} of 127.0.0.1; start")
    assert last.startswith("1 ok, 1 FAIL; not tried: tls, service")


def test_json_holds_the_same(closed_port: int, capsys: pytest.CaptureFixture[str]) -> None:
    url = f"http://127.0.0.1:{closed_port}"
    assert main(["doctor", url, "--json"]) == 1
    data = json.loads(capsys.readouterr().out)
    assert (data["url"], data["origin"], data["ok"]) == (url, url, False)
    assert [(row["check"], row["state"]) for row in data["checks"]] == [
        ("address", "ok"),
        ("connection", "fail"),
    ]
    assert data["not_tried"] == list(CHECKS[2:])


def test_a_warning_alone_is_no_failure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "examine", lambda target, page: iter([Finding("line", "warn", "slow")]))
    assert main(["doctor"]) == 0
    assert capsys.readouterr().out.startswith("warn  line        slow\n1 warn; not tried:")


def test_no_other_command_waits_for_what_the_doctor_needs() -> None:
    program = (
        "import sys\nfrom parley_cli.__main__ import main\ntry: main(['--help'])\nexcept SystemExit: pass\n"
        "print(sorted({'aiortc', 'av', 'numpy', 'websockets', 'prometheus_client'} & sys.modules.keys()))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines()[-1] == "[]"
