"""The tuner on this machine's own kernel: values before, with it, after somebody else's change, and after its end.

The test first gives the machine other values than it may have (Linux's own defaults), and puts the machine's own back,
even when it is killed. As root: `python -m pytest tests/e2e -s` prints the tables.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import pytest

from tests.e2e.own_values import file, kept, value, why_not, write
from tests.tuner_process import ROOT, TunerProcess

BEFORE = {
    "net.core.rmem_max": "212992",
    "net.core.wmem_max": "212992",
    "net.ipv4.tcp_congestion_control": "cubic",
    "net.ipv4.tcp_low_latency": "0",
    "net.ipv4.tcp_rmem": "4096\t131072\t6291456",
    "vm.swappiness": "60",
}
WANTED = {
    "net.core.rmem_max": "4194304",
    "net.core.wmem_max": "4194304",
    "net.ipv4.tcp_congestion_control": "bbr",
    "net.ipv4.tcp_low_latency": "1",
    "net.ipv4.tcp_rmem": "4096 87380 6291456",
    "vm.swappiness": "1",
}
"""Voice AI Backend v2's, and one of several numbers."""

OWNER = "low-latency"
NAMES = tuple(BEFORE)
WHY_NOT = why_not(NAMES)

pytestmark = pytest.mark.skipif(bool(WHY_NOT), reason=WHY_NOT)


@pytest.fixture
def guard() -> Iterator[IO[str]]:
    with kept(NAMES) as guard:
        for name, text in BEFORE.items():
            write(name, text)
        yield guard


def values() -> dict[str, str]:
    return {name: value(name) for name in NAMES}


def as_one(given: dict[str, str]) -> dict[str, list[str]]:
    """Without regard to blanks."""
    return {name: text.split() for name, text in given.items()}


def test_values_before_with_after_drift_and_after_deletion(tmp_path: Path, guard: IO[str]) -> None:
    columns = {"before": values()}
    with TunerProcess(tmp_path, tmp_path / "journal") as tuner:
        guard.write(f"{tuner.pid}\n")
        began = time.monotonic()
        tuner.give(profile="1", owner=OWNER, sysctls=WANTED, governor="performance")
        report = tuner.until(lambda report: report["profile"] == "1")
        seconds = time.monotonic() - began
        columns["with"] = values()
        assert {name: row["state"] for name, row in report["keys"].items() if name in NAMES} == dict.fromkeys(
            NAMES, "Applied"
        )
        assert {name: report["keys"][name]["before"] for name in NAMES} == BEFORE
        governor = report["keys"]["governor"]

        write("vm.swappiness", "33")
        columns["drifted"] = values()
        drifted = tuner.until(lambda report: report["keys"]["vm.swappiness"]["state"] == "Drifted")
        tuner.until(lambda report: report["keys"]["vm.swappiness"]["state"] == "Applied")
        columns["put right"] = values()

        assert tuner.end(signal.SIGTERM) == 0
        columns["its pod ended"] = values()
        tuner.start()
        guard.write(f"{tuner.pid}\n")
        again = tuner.until(lambda report: report["profile"] == "1")
        tuner.give(profile="2", owner=OWNER)
        last = tuner.until(lambda report: report["profile"] == "2")
        columns["deleted"] = values()
    show(columns)
    print(f"from the profile's change to all keys applied: {seconds:.3f} s (it is read every 0.2 s here)")
    print(f"from a start with its profile there to the same: {again['seconds_to_applied']} s")
    print(f"governor: {governor['state']}, {governor['why'] or governor['before']}")
    print(f"drift: {drifted['keys']['vm.swappiness']['why']}")
    assert as_one(columns["with"]) == as_one(WANTED)
    assert columns["drifted"]["vm.swappiness"] == "33"
    assert as_one(columns["put right"]) == as_one(columns["its pod ended"]) == as_one(WANTED)
    assert last["state"] == "Restored"
    assert columns["deleted"] == columns["before"] == BEFORE


def test_what_this_kernel_refuses_is_told_with_its_value(tmp_path: Path, guard: IO[str]) -> None:
    asked = {
        "net.ipv4.tcp_congestion_control": "perfect",
        "vm.swappiness": "1000",
        "net.core.rmem_max": "much",
        "net.ipv4.tcp_available_congestion_control": "bbr",
        "net.ipv4.tcp_is_perfect": "1",
    }
    with TunerProcess(tmp_path, tmp_path / "journal") as tuner:
        guard.write(f"{tuner.pid}\n")
        tuner.give(profile="1", owner=OWNER, sysctls=asked)
        keys = tuner.until(lambda report: report["profile"] == "1")["keys"]
    for name, row in keys.items():
        print(f"{name}: {row['state']}, {row['why']}")
    assert {row["state"] for row in keys.values()} == {"Skipped"}
    assert {name: row["why"] for name, row in keys.items()} == {
        "net.ipv4.tcp_congestion_control": "perfect was refused: ENOENT",
        "vm.swappiness": "1000 was refused: EINVAL",
        "net.core.rmem_max": "much was refused: EINVAL",
        "net.ipv4.tcp_available_congestion_control": "read-only",
        "net.ipv4.tcp_is_perfect": "no such key in this kernel, or in the node's network namespace",
    }
    assert values() == BEFORE


@pytest.mark.parametrize(
    ("within", "why"),
    [
        pytest.param(
            ["--mount", "sh", "-c", 'mount --bind -o ro /proc/sys /proc/sys && exec "$@"', "sh"],
            "4194304 was refused: EROFS, /proc/sys is read-only here",
            id="a pod that is not privileged",
        ),
        pytest.param(["--net"], "read-only", id="a node that is a container"),
    ],
)
def test_where_the_node_is_out_of_reach_that_is_told(
    tmp_path: Path, guard: IO[str], within: list[str], why: str
) -> None:
    asked = {"profile": "1", "owner": OWNER, "sysctls": {"net.core.rmem_max": "4194304"}}
    ended = once(tmp_path, asked, within=["unshare", *within])
    row = json.loads(ended.stdout)["keys"]["net.core.rmem_max"]
    assert (row["state"], row["why"], row["before"]) == ("Skipped", why, None)
    assert values() == BEFORE


def once(
    folder: Path, profile: dict[str, object], die_at: int = 0, within: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    (folder / "profile.json").write_text(json.dumps(profile))
    command = [*within, sys.executable, "-m", "parley_tuner", "once", "--journal", str(folder / "journal")]
    command += ["--profile", str(folder / "profile.json"), "--die-at", str(die_at)]
    environment = {"PYTHONPATH": str(ROOT / "sysctl"), "PATH": os.environ["PATH"]}
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


def test_killed_at_every_step_on_the_way_there_and_back_nothing_is_lost(
    tmp_path: Path, guard: IO[str]
) -> None:
    tune = {"profile": "1", "owner": OWNER, "sysctls": WANTED}
    empty = {"profile": "2", "owner": OWNER}
    for way, first, killed in (("there", None, tune), ("back", tune, empty)):
        step, seen = 0, set()
        while True:
            step += 1
            if first:
                once(tmp_path, first)
            ended = once(tmp_path, killed, step).returncode
            assert ended in (0, -signal.SIGKILL)
            changed = sum(text != BEFORE[name] for name, text in values().items())
            seen.add(changed)
            if step % 2:  # by turns: the profile comes again, or the object goes
                assert json.loads(once(tmp_path, killed).stdout)["state"] == (
                    "Restored" if killed is empty else "Applied"
                )
            assert json.loads(once(tmp_path, empty).stdout)["state"] == "Restored"
            assert values() == BEFORE, f"killed at step {step} on the way {way}"
            if ended == 0:
                break
        print(f"killed at each of {step - 1} steps on the way {way}; keys changed by then: {sorted(seen)}")
        assert seen == set(range(len(NAMES) + 1)), "it was killed between any two writes"


def test_a_test_that_is_killed_leaves_the_machines_own_values(guard: IO[str]) -> None:
    """Of the guard itself: here BEFORE are the machine's own."""
    code = (
        "import os, signal\nfrom tests.e2e.own_values import kept, write\n"
        "with kept(['vm.swappiness']):\n write('vm.swappiness', '7'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    killed = subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False)
    assert killed.returncode == -signal.SIGKILL
    deadline = time.monotonic() + 10
    while value("vm.swappiness") != "60":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert file("vm.swappiness").exists()


def show(columns: dict[str, dict[str, str]]) -> None:
    widths = {
        head: max(len(head), *(len(text.expandtabs(1)) for text in column.values()))
        for head, column in columns.items()
    }
    print("\n" + " | ".join(["key".ljust(32), *(head.ljust(widths[head]) for head in columns)]))
    for name in NAMES:
        cells = [column[name].expandtabs(1).ljust(widths[head]) for head, column in columns.items()]
        print(" | ".join([name.ljust(32), *cells]))
