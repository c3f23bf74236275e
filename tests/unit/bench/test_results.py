"""Raw samples are kept by commit; what was measured with the same code and options is not measured again."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.bench.results import Code, Results, code_of

CLEAN = Code("0123456789abcdef", "")
OPTIONS = {"seed": 1, "seconds": 30.0}


def test_a_kept_stage_is_found_again_with_its_facts(tmp_path: Path) -> None:
    path = Results(tmp_path, "media", CLEAN, OPTIONS).keep(
        "connect", {"machine": "m"}, [{"milliseconds": 1.5}]
    )
    assert path == tmp_path / "media-0123456789ab" / "connect.jsonl"
    head, samples = Results(tmp_path, "media", CLEAN, OPTIONS).kept("connect") or ({}, [])
    assert (head["stage"], head["machine"]) == ("connect", "m")
    assert samples == [{"milliseconds": 1.5}]


@pytest.mark.parametrize(
    ("code", "options"),
    [
        (Code("fedcba9876543210", ""), OPTIONS),
        (CLEAN, {**OPTIONS, "seed": 2}),
        (Code(CLEAN.commit, "other"), OPTIONS),
    ],
    ids=["another commit", "another seed", "other changes"],
)
def test_what_was_measured_otherwise_is_measured_again(
    tmp_path: Path, code: Code, options: dict[str, object]
) -> None:
    Results(tmp_path, "media", Code(CLEAN.commit, code.changes and "some"), OPTIONS).keep("connect", {}, [])
    assert Results(tmp_path, "media", code, options).kept("connect") is None


def test_a_stage_that_was_stopped_half_way_leaves_nothing_to_go_on_from(tmp_path: Path) -> None:
    results = Results(tmp_path, "media", CLEAN, OPTIONS)
    results.folder.mkdir()
    results.path("soak").write_text('{"stage": "soak", "sa')
    assert results.kept("soak") is None


def test_changed_code_is_dirty_and_other_changes_have_another_name(tmp_path: Path) -> None:
    def git(*words: str) -> None:
        named = ["-c", "user.name=a", "-c", "user.email=a@b"]
        subprocess.run(["git", *named, *words], cwd=tmp_path, check=True, capture_output=True)

    (tmp_path / "dataplane").mkdir()
    git("init")
    (tmp_path / "dataplane/a.py").write_text("1")
    git("add", ".")
    git("commit", "-m", "first")
    clean = code_of(tmp_path)
    (tmp_path / "README.md").write_text("a page is nothing that is measured")
    assert code_of(tmp_path) == clean
    assert not clean.name.endswith("-dirty")
    (tmp_path / "dataplane/a.py").write_text("2")
    changed = code_of(tmp_path)
    (tmp_path / "dataplane/b.py").write_text("new")
    assert changed.name.endswith("-dirty")
    assert code_of(tmp_path).changes not in ("", changed.changes)


def test_a_copy_without_history_is_told_from_another_by_its_files(tmp_path: Path) -> None:
    """Else samples of other code would count as measured: all copies would be "unknown" alike."""
    (tmp_path / "dataplane").mkdir()
    (tmp_path / "dataplane/a.py").write_text("1")
    first = code_of(tmp_path)
    assert first.commit == "unknown"
    assert code_of(tmp_path) == first
    (tmp_path / "dataplane/a.py").write_text("2")
    assert code_of(tmp_path).changes not in ("", first.changes)
