"""docs/compatibility.md against the repository: each row of the older systems once, and only true files and counts."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs/compatibility.md").read_text()
BASES = (ROOT, ROOT / "dataplane/parley_dataplane", ROOT / "tests/unit/parley_dataplane")
STATES = ("works", "in part", "not yet")
WANTED = {
    "FastRTC Voice AI": ("F", [*range(1, 32), 40, 41]),
    "Alice": ("A", [*range(1, 12), 13, 14, 15, *range(17, 25)]),
    "Full-duplex agent": ("D", [*range(1, 10), 13, 16, 17, 20]),
    "Voice AI Backend v2": ("V", [*range(1, 21), 26]),
}
FILE = re.compile(r"`(Makefile|[\w.-]+(?:/[\w.-]+)*(?:/|\.(?:py|js|c|html|css|md|yaml|json)))`")
"""An address begins with a slash, a file never does."""


def rows(text: str) -> list[list[str]]:
    """The cells of each row of the tables in `text`, without those of their heads."""
    lines = re.findall(r"^\| [A-Z]\d+ \|.*\|$", text, re.MULTILINE)
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]


ROWS = rows(PAGE)


def state(row: list[str]) -> str:
    return row[2].partition(":")[0]


def exists(path: str) -> bool:
    return any((base / path).exists() for base in BASES)


@pytest.mark.parametrize("system", WANTED)
def test_each_row_of_a_system_is_in_its_table_exactly_once(system: str) -> None:
    letter, numbers = WANTED[system]
    [section] = re.findall(rf"^## {system}$(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert [row[0] for row in rows(section)] == [f"{letter}{number}" for number in numbers]


def test_each_row_has_its_six_cells_and_one_of_three_states() -> None:
    assert [row for row in ROWS if len(row) != 6 or state(row) not in STATES] == []
    assert [row[0] for row in ROWS if (":" in row[2]) != (state(row) == "in part")] == []


def test_every_file_on_the_page_exists() -> None:
    named = set(FILE.findall(PAGE))
    assert len(named) > 80
    assert [path for path in sorted(named) if not exists(path)] == []


def test_a_file_that_is_not_there_would_be_found() -> None:
    assert FILE.findall("`web/no-such.js`, `/api/v1/rtc/stream`, `interrupt`") == ["web/no-such.js"]
    assert not exists("web/no-such.js")


def test_what_is_there_says_where_and_which_test_shows_it_and_what_is_not_says_neither() -> None:
    for name, _, _, where, tests, _ in (row for row in ROWS if state(row) != "not yet"):
        assert FILE.findall(where), name
        assert FILE.findall(tests), name
        assert [path for path in FILE.findall(tests) if not Path(path).name.startswith("test_")] == [], name
    assert [row[0] for row in ROWS if state(row) == "not yet" and row[3] + row[4]] == []


def test_the_counts_in_the_opening_line_are_those_of_the_tables() -> None:
    works, in_part, not_yet = ([state(row) for row in ROWS].count(one) for one in STATES)
    assert f"\n{works} of {len(ROWS)} rows work, {in_part} in part, {not_yet} not yet.\n" in PAGE
