"""tests/categories.py against the tests: each file is of a category or of none on purpose, and each runs alone."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.categories import CATEGORIES, WITHOUT, categories_of

ROOT = Path(__file__).parents[3]
TESTS = ROOT / "tests"
FILES = [path.relative_to(TESTS).as_posix() for path in TESTS.rglob("test_*.py")]
PRINTED = ("vad", "sessions", "service", "pipeline", "performance", "security", "reliability", "integration")
"""Voice Activity Detection, Session Management and so on: the order of FastRTC Voice AI's table."""


def test_the_categories_are_those_that_people_know_and_pytest_knows_them() -> None:
    assert tuple(CATEGORIES) == PRINTED
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pytest"]["ini_options"]
    assert {marker.partition(":")[0] for marker in settings["markers"]} == {"calls", "browser", *PRINTED}


def test_every_place_of_the_table_is_there() -> None:
    places = [place for some in (*CATEGORIES.values(), WITHOUT) for place in some]
    assert [place for place in places if not (TESTS / place).exists()] == []


def test_every_test_file_has_a_category_or_is_without_on_purpose() -> None:
    assert len(FILES) > 100
    known = [file for file in FILES if not file.startswith(tuple(f"{place}/" for place in WITHOUT))]
    assert [file for file in known if not categories_of(file)] == [], "give each a row in tests/categories.py"
    assert [file for file in FILES if file not in known and categories_of(file)] == []


@pytest.mark.parametrize("category", CATEGORIES)
def test_no_category_is_empty(category: str) -> None:
    assert [file for file in FILES if category in categories_of(file)]


def test_a_category_run_alone_is_its_own_files_and_no_other() -> None:
    """By pytest itself, in folders that have files of it and others."""
    folders = ("unit/parley_dataplane/engines", "unit/parley_dataplane/hearing", "unit/parley_api")
    paths = [f"tests/{folder}" for folder in folders]
    command = [sys.executable, "-m", "pytest", *paths, "-m", "vad", "--collect-only", "-qq", "--no-header"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    lines = [line for line in ran.stdout.splitlines() if ".py:" in line]
    found = {line.partition(":")[0].removeprefix("tests/") for line in lines}
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert found == {file for file in FILES if "vad" in categories_of(file) and file.startswith(folders)}
