"""What is kept outside the checkout is whole or not there, and made once, whoever is killed or comes second."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from tests.controlplane.cache import made_once, root

SPAWNED = multiprocessing.get_context("spawn")


def test_what_is_there_is_not_made_again(tmp_path: Path) -> None:
    made = []

    def make(folder: Path) -> None:
        made.append(folder)
        (folder / "program").write_text("whole")

    for _ in range(2):
        entry = made_once("entry", make, tmp_path)
        assert (entry / "program").read_text() == "whole"
    assert len(made) == 1


def test_what_failed_half_way_is_not_there_and_is_made_from_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").write_text("")
        raise RuntimeError("the disk is full")

    with pytest.raises(RuntimeError, match="the disk is full"):
        made_once("entry", fail, tmp_path)
    assert not (tmp_path / "entry").exists()
    entry = made_once("entry", lambda folder: (folder / "program").touch(), tmp_path)
    assert [path.name for path in entry.iterdir()] == ["program"]


def _slow(folder: Path) -> None:
    with (folder.parent / "makers").open("a") as makers:
        makers.write(f"{os.getpid()}\n")
    time.sleep(0.3)
    (folder / "program").write_text("whole")


def _look(folder: Path) -> None:
    assert (made_once("entry", _slow, folder) / "program").read_text() == "whole"


def test_of_two_at_once_one_makes_it_and_the_other_waits(tmp_path: Path) -> None:
    both = [SPAWNED.Process(target=_look, args=(tmp_path,)) for _ in range(2)]
    for process in both:
        process.start()
    for process in both:
        process.join(20)
    assert [process.exitcode for process in both] == [0, 0]
    assert len((tmp_path / "makers").read_text().splitlines()) == 1


def _forever(folder: Path) -> None:
    (folder / "half").touch()
    time.sleep(60)


def test_one_who_is_killed_at_it_leaves_no_lock_and_no_half(tmp_path: Path) -> None:
    process = SPAWNED.Process(target=made_once, args=("entry", _forever, tmp_path))
    process.start()
    deadline = time.monotonic() + 20
    while not (tmp_path / "entry.half" / "half").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)
    entry = made_once("entry", lambda folder: (folder / "program").touch(), tmp_path)
    assert [path.name for path in entry.iterdir()] == ["program"]


def test_it_lies_where_the_system_says_that_caches_lie(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert root() == tmp_path / "parley" / "controlplane"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert root() == tmp_path / ".cache" / "parley" / "controlplane"
