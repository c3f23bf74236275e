"""One child process: what it said when it would not start, its pauses, and that nothing of it is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.controlplane.control_plane import Sweeper
from tests.controlplane.errors import NoControlPlane
from tests.controlplane.process import Process
from tests.server import ROOT, alive


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def test_one_that_ends_at_its_start_tells_its_last_lines(tmp_path: Path) -> None:
    process = Process("broken", ["sh", "-c", "seq 100; echo no such flag; exit 3"], tmp_path, lambda: False)
    process.start()
    with pytest.raises(NoControlPlane, match=r"broken ended by itself(.|\n)* 100\n +no such flag") as raised:
        process.wait_until_ready()
    assert " 80\n" not in str(raised.value)


def test_one_that_is_never_ready_tells_its_last_lines_and_can_be_ended(tmp_path: Path) -> None:
    process = Process("slow", ["sh", "-c", "echo waiting; exec sleep 60"], tmp_path, lambda: False)
    process.start()
    wait_until(lambda: "waiting" in process.last_lines())
    with pytest.raises(NoControlPlane, match=r"slow was not ready after 0 s; (.|\n)*waiting"):
        process.wait_until_ready(0.2)
    process.kill()
    assert not process.running


def test_a_paused_one_does_nothing_and_can_be_resumed_and_ended(tmp_path: Path) -> None:
    process = Process("clock", ["sleep", "60"], tmp_path, lambda: True)
    process.start()
    process.pause()
    wait_until(lambda: state(process.pid) == "T")
    process.resume()
    wait_until(lambda: state(process.pid) == "S")
    process.pause()
    process.kill()
    assert not process.running


def test_it_can_be_started_again_and_keeps_its_log(tmp_path: Path) -> None:
    process = Process("twice", ["sh", "-c", "echo $$; exec sleep 60"], tmp_path, lambda: True)
    for times in (1, 2):
        process.start()
        wait_until(lambda times=times: len(process.log.read_text().split()) == times)  # type: ignore[misc]
        process.kill()


PARENT = """
import sys, time
from pathlib import Path
from tests.controlplane.control_plane import Sweeper
from tests.controlplane.process import Process

folder = Path(sys.argv[1])
sweeper = Sweeper(folder)
process = Process("child", ["sleep", "600"], folder, lambda: True)
process.start()
print(process.pid, flush=True)
time.sleep(600)
"""


def test_nothing_is_left_of_a_parent_that_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "plane"
    folder.mkdir()
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    parent.send_signal(signal.SIGKILL)
    parent.communicate(timeout=10)
    wait_until(lambda: not alive(child))
    wait_until(lambda: not folder.exists())


def test_a_folder_is_removed_by_the_time_that_it_is_swept(tmp_path: Path) -> None:
    folder = tmp_path / "with space and -dash"
    folder.mkdir()
    (folder / "file").touch()
    Sweeper(folder).sweep()
    assert not folder.exists()
