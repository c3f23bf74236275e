"""The process as it runs in its pod, on a machine of folders: what it follows, what it tells, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley_tuner.__main__ import parsed
from tests.tuner_process import ROOT, TunerProcess
from tests.unit.parley_tuner.machine import BEFORE, WANTED, Machine

KEY = "vm.swappiness"
OWNER = "low-latency"


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def roots(machine: Machine) -> list[str]:
    return ["--proc-sys", str(machine.proc_sys), "--sys", str(machine.sys)]


@pytest.fixture
def tuner(machine: Machine, tmp_path: Path) -> Iterator[TunerProcess]:
    with TunerProcess(tmp_path, machine.journals, *roots(machine)) as process:
        yield process


def by_hand(machine: Machine, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "parley_tuner", words[0], "--journal", str(machine.journals)]
    environment = {"PYTHONPATH": str(ROOT / "sysctl"), "PATH": os.environ["PATH"]}
    return subprocess.run(
        [*command, *roots(machine), *words[1:]], env=environment, capture_output=True, text=True, check=False
    )


def test_it_follows_its_profile_and_an_empty_one_restores(tuner: TunerProcess, machine: Machine) -> None:
    assert tuner.report()["state"] == "Unknown"
    assert "can't be read" in tuner.until(lambda report: report["problem"])["problem"]
    tuner.give(profile="1", owner=OWNER, sysctls=WANTED)
    report = tuner.until(lambda report: report["profile"] == "1")
    assert (report["state"], report["node"], report["owner"]) == ("Applied", "node-a", OWNER)
    assert {key: row["before"] for key, row in report["keys"].items()} == BEFORE
    assert machine.values() == WANTED
    assert tuner.until(lambda report: not report["problem"])["seconds_to_applied"] > 0
    tuner.give(profile="2", owner=OWNER)
    assert tuner.until(lambda report: report["profile"] == "2")["state"] == "Restored"
    assert machine.values() == BEFORE


def test_its_end_restores_nothing_and_the_next_one_goes_on(tuner: TunerProcess, machine: Machine) -> None:
    tuner.give(profile="1", owner=OWNER, sysctls=WANTED)
    before = tuner.until(lambda report: report["state"] == "Applied" and not report["problem"])
    assert tuner.end(signal.SIGTERM) == 0
    assert machine.values() == WANTED
    tuner.start()
    after = tuner.until(lambda report: report["state"] == "Applied")
    assert {**after, "seconds_to_applied": 0} == {**before, "seconds_to_applied": 0}


def test_a_report_stays_the_same_while_nothing_changes(tuner: TunerProcess) -> None:
    tuner.give(profile="1", owner=OWNER, sysctls=WANTED)
    tuner.until(lambda report: report["state"] == "Applied" and not report["problem"])
    lines = len(tuner.log())
    first = tuner.get("/report")
    for _ in range(20):
        tuner.until(lambda report: True)
        assert tuner.get("/report") == first
    assert len(tuner.log()) == lines, "and nothing is logged"


@pytest.mark.parametrize(
    "content", ["", "{", '{"profile": "2", "owner": "another"}', '{"owner": "low-latency"}']
)
def test_a_profile_that_cannot_be_used_restores_nothing_and_is_told(
    tuner: TunerProcess, machine: Machine, content: str
) -> None:
    tuner.give(profile="1", owner=OWNER, sysctls=WANTED)
    tuner.until(lambda report: report["state"] == "Applied" and not report["problem"])
    tuner.put(content)
    report = tuner.until(lambda report: report["problem"])
    assert (report["profile"], report["state"]) == ("1", "Applied")
    assert machine.values() == WANTED


def test_somebody_elses_change_is_seen_in_the_report_and_put_right(
    tuner: TunerProcess, machine: Machine
) -> None:
    tuner.give(profile="1", owner=OWNER, sysctls={KEY: "1"})
    tuner.until(lambda report: report["state"] == "Applied")
    machine.set(KEY, "33")
    seen = tuner.until(lambda report: report["keys"][KEY]["state"] == "Drifted")
    assert (seen["state"], seen["keys"][KEY]["drifts"]) == ("Partly", 1)
    assert tuner.until(lambda report: report["state"] == "Applied")["keys"][KEY]["drifts"] == 1
    assert machine.at(KEY) == "1"


def test_a_node_that_is_leaving_is_restored(tuner: TunerProcess, machine: Machine) -> None:
    tuner.give(profile="1", owner=OWNER, sysctls=WANTED)
    tuner.until(lambda report: report["state"] == "Applied")
    tuner.give(profile="1", owner=OWNER, sysctls=WANTED, leaving=["node-a"])
    tuner.until(lambda report: report["state"] == "Restored")
    assert machine.values() == BEFORE


def test_a_journal_that_cannot_be_used_is_told_and_nothing_is_written(
    tuner: TunerProcess, machine: Machine
) -> None:
    machine.journals.write_text("no folder")
    tuner.give(profile="1", owner=OWNER, sysctls=WANTED)
    tuner.until(lambda report: "journal" in report["problem"])
    assert machine.values() == BEFORE
    machine.journals.unlink()
    tuner.until(lambda report: report["state"] == "Applied" and not report["problem"])


def test_it_is_healthy_while_it_looks(tuner: TunerProcess) -> None:
    assert tuner.get("/healthz") == "ok\n"


def test_a_port_that_is_taken_is_told(machine: Machine, tuner: TunerProcess, tmp_path: Path) -> None:
    port = str(tuner.log()[0]["port"])
    tried = by_hand(machine, "run", "--profile", str(tmp_path / "p"), "--host", "127.0.0.1", "--port", port)
    assert tried.returncode == 2
    assert f"port {port} can't be had" in tried.stderr


def test_by_hand_one_look_prints_its_report_and_restore_is_the_way_back(
    machine: Machine, tmp_path: Path
) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({"profile": "1", "owner": OWNER, "sysctls": WANTED}))
    looked = by_hand(machine, "once", "--profile", str(profile))
    assert json.loads(looked.stdout)["state"] == "Applied", looked.stderr
    assert machine.values() == WANTED
    restored = by_hand(machine, "restore")
    assert (restored.returncode, restored.stdout.count("Restored")) == (0, len(WANTED))
    assert machine.values() == BEFORE
    assert by_hand(machine, "restore").stdout == ""


def test_restore_by_hand_says_what_it_left(machine: Machine, tmp_path: Path) -> None:
    profile = tmp_path / "profile.json"
    profile.write_text(json.dumps({"profile": "1", "owner": OWNER, "sysctls": {KEY: "1"}}))
    by_hand(machine, "once", "--profile", str(profile))
    machine.set(KEY, "33")
    restored = by_hand(machine, "restore", "--owner", OWNER)
    assert restored.returncode == 1
    assert restored.stdout == f"{OWNER}: {KEY}: Left, before 60 somebody else changed it to 33\n"


def test_what_the_pod_need_not_say_has_defaults() -> None:
    arguments = parsed(["run"])
    assert (str(arguments.profile), str(arguments.journal)) == (
        "/etc/parley-tuner/profile.json",
        "/var/lib/parley-tuner",
    )
    assert (arguments.port, arguments.profile_seconds, arguments.drift_seconds) == (9015, 2.0, 10.0)
