"""The journal's file: whole or the one of before, and never more than one process at it."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from parley_tuner import journal as module
from parley_tuner.journal import Entry, Journal, JournalProblem

HELD = {"vm.swappiness": Entry("60", ("1",), applied=True), "net.core.rmem_max": Entry("212992", ("1", "2"))}


def test_what_was_saved_is_loaded_in_its_order(tmp_path: Path) -> None:
    Journal(tmp_path, "boot").save("a", HELD)
    loaded = Journal(tmp_path, "boot").load("a")
    assert (loaded, list(loaded)) == (HELD, list(HELD))


def test_a_person_can_read_what_was_before_and_what_is_wanted(tmp_path: Path) -> None:
    Journal(tmp_path, "boot").save("a", HELD)
    content = json.loads((tmp_path / "a.json").read_text())
    assert content["owner"] == "a"
    assert content["keys"]["net.core.rmem_max"] == {
        "before": "212992",
        "wanted": "2",
        "ours": ["1", "2"],
        "applied": False,
    }


def test_an_owner_that_holds_nothing_has_no_file(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "boot")
    journal.save("a", HELD)
    journal.save("a", {})
    assert list(tmp_path.iterdir()) == []


def test_the_old_value_outlives_every_change_of_what_is_wanted() -> None:
    entry = Entry("60", ())
    for value in ("1", "10", "1"):
        entry = entry.asking(value)
    assert (entry.before, entry.ours, entry.holding().ours) == ("60", ("10", "1"), ("1",))


def test_the_file_is_synced_before_it_gets_its_name_and_the_folder_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = []
    sync, rename = os.fsync, Path.replace

    def synced(opened: int) -> None:
        done.append("sync folder" if stat.S_ISDIR(os.fstat(opened).st_mode) else "sync file")
        sync(opened)

    def renamed(self: Path, target: Path) -> Path:
        done.append("rename")
        return rename(self, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    Journal(tmp_path, "boot").save("a", HELD)
    assert done == ["sync file", "rename", "sync folder"]


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"boot": "boot", "keys": {"vm.a": {"before": 1}}}'])
def test_a_spoilt_file_is_a_problem_and_no_empty_journal(tmp_path: Path, content: str) -> None:
    (tmp_path / "a.json").write_text(content)
    with pytest.raises(JournalProblem):
        Journal(tmp_path, "boot").load("a")


def test_a_file_that_was_never_finished_is_nobodys(tmp_path: Path) -> None:
    (tmp_path / ".a.json.part").write_text('{"boo')
    assert Journal(tmp_path, "boot").owners() == []


def test_two_processes_do_not_hold_it_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_SECONDS", 0.1)
    code = (
        "import sys, pathlib; from parley_tuner.journal import Journal\n"
        "with Journal(pathlib.Path(sys.argv[1]), '').locked(): print('mine', flush=True); sys.stdin.read()"
    )
    environment = {"PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"mine\n"
        with pytest.raises(JournalProblem, match="held the journal's lock"), Journal(tmp_path, "").locked():
            pass
        other.kill()
        other.wait()
    with Journal(tmp_path, "").locked():  # the kernel let go of it
        pass
