"""Owns the promises of the repository's own files: commands, pages, how files begin, what none may name."""

import ast
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from parley_operator.kinds import PRIMARIES

ROOT = Path(__file__).parents[3]
PAGES = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
TEXT = {"", *".cfg .css .html .js .json .lock .md .py .sh .svg .toml .txt .yaml .yml".split()}

# Paths of one machine, and registries: a reader has others, and to pip and apt a package's name is enough.
FOREIGN = re.compile(
    r"(?<![\w.])/(?:work|home/\w+|Users/\w+|opt/wheels)/"
    r"|\bpypi\.org|\bpythonhosted\.org|\bdownload\.pytorch\.org|\bregistry\.npmjs|\bdeb\.debian\.org|\barchive\.ubuntu\.com",
)


def tracked() -> Iterator[Path]:
    """The repository's text files: what git has, or would have once added."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    paths = (ROOT / name for name in names.split("\0") if name)
    return (path for path in paths if path.suffix in TEXT and path.is_file())


def targets() -> set[str]:
    return set(re.findall(r"^([a-z][a-z.-]*):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_no_file_names_a_path_of_a_machine_or_a_registry() -> None:
    this = Path(__file__)
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:80]}"
        for path in tracked()
        if path != this
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1)
        if FOREIGN.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_make_command_in_the_docs_is_a_target(page: Path) -> None:
    target = r"make ([a-z][a-z-]*(?:\.yaml)?)"
    named = set(re.findall(rf"`{target}|^ *{target}", page.read_text(), re.MULTILINE))
    assert {a or b for a, b in named} - targets() == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_to_a_file_in_the_docs_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!\w+:|#)([^)#]+)", page.read_text())
    assert [link for link in links if not (page.parent / link).exists()] == []


BASES = (ROOT, ROOT / "dataplane/parley_dataplane", ROOT / "tests/unit/parley_dataplane")


def in_the_architecture_table() -> set[str]:
    """The files and folders that it names, as they stand there."""
    lines = (ROOT / "docs/architecture.md").read_text().splitlines()
    rows = [line for line in lines if line.startswith("| ")]
    return {path for row in rows for path in re.findall(r"`([\w./-]+(?:\.\w+|/))`", row)}


def test_every_file_of_the_architecture_table_exists() -> None:
    named = in_the_architecture_table()
    assert len(named) > 50
    assert [path for path in sorted(named) if not any((base / path).exists() for base in BASES)] == []


def test_every_source_file_has_its_place_in_the_architecture_table() -> None:
    places = [base / path for path in in_the_architecture_table() for base in BASES]
    sources = [
        path for folder in ("crds", "dataplane", "cli", "operator") for path in (ROOT / folder).rglob("*.py")
    ]
    homeless = [
        str(path.relative_to(ROOT))
        for path in sources
        if not path.stem.startswith("__") and not any(path.is_relative_to(place) for place in places)
    ]
    assert sources
    assert homeless == []


def test_every_kind_has_its_row_in_the_architecture_and_all_rows_look_alike() -> None:
    section = (
        (ROOT / "docs/architecture.md").read_text().partition("## Kind by kind")[2].partition("\n## ")[0]
    )
    rows = [row.strip("| ").split(" | ") for row in section.splitlines() if row.startswith("| ")]
    header, *kinds = rows
    assert header == ["kind", "model", "plan", "render", "program", "tests"]
    assert [kind for kind, *_ in kinds] == [kind.name for kind in PRIMARIES]
    for kind, model, plan, _, program, tests in kinds:
        name = kind.lower()
        assert model == f"`crds/parley_api/{name}.py`"
        assert plan == f"`operator/parley_operator/plan/{name}.py`"
        assert program == f"`operator/parley_operator/programs/{name}.py`"
        assert f"`tests/unit/parley_operator/plan/test_{name}.py`" in tests


def test_the_readme_says_the_two_commands() -> None:
    readme = (ROOT / "README.md").read_text()
    for command in ("make run", "make test", "make run AGENT="):
        assert command in readme


def test_ci_runs_the_command_of_the_readme_and_nothing_else() -> None:
    commands = (ROOT / ".ci/run").read_text().splitlines()
    assert [line for line in commands if "make" in line and not line.startswith("#")] == ["exec make test"]


def test_every_phony_target_exists_and_is_explained_by_help() -> None:
    makefile = (ROOT / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())  # type: ignore[index]
    explained = set(re.findall(r"^([a-z.-]+):.*## ", makefile, re.MULTILINE))
    assert phony == targets() == explained


@pytest.mark.parametrize("folder", ["crds", "dataplane", "cli", "operator"])
def test_every_source_file_begins_with_a_sentence_that_says_what_it_owns(folder: str) -> None:
    files = list((ROOT / folder).rglob("*.py"))
    bare = [
        str(file.relative_to(ROOT))
        for file in files
        if not re.match(r".+?[.:]( |\n|$)", ast.get_docstring(ast.parse(file.read_text())) or "", re.DOTALL)
    ]
    assert files
    assert bare == []


def test_no_top_level_folder_shadows_the_standard_library() -> None:
    """An `operator/__init__.py` would replace the standard library's for all that is run from the root."""
    assert list(ROOT.glob("operator/__init__.py")) == []


def test_only_the_settings_module_reads_the_environment() -> None:
    allowed = [
        ROOT / f"{part}/settings.py" for part in ("dataplane/parley_dataplane", "operator/parley_operator")
    ]
    # setdefault writes: it tells a library something, before that library is loaded.
    reads = re.compile(r"\bos\.(environ(?!\.setdefault)|getenv)\b|from os import .*(environ|getenv)")
    readers = [
        str(file.relative_to(ROOT))
        for folder in ("crds", "dataplane", "cli", "operator")
        for file in (ROOT / folder).rglob("*.py")
        if file not in allowed and reads.search(file.read_text())
    ]
    assert readers == []


def test_only_the_pacer_reads_a_clock_in_the_media() -> None:
    """Time is an argument: ten minutes of a call take a test as long as the CPU needs."""
    package = ROOT / "dataplane/parley_dataplane"
    clock = re.compile(r"\bimport time\b|\bfrom time import|\bloop\(?\)?\.time\(\)|\bdatetime\b")
    readers = [
        file.name
        for file in [*(package / "media").glob("*.py"), package / "turns.py"]
        if clock.search(file.read_text())
    ]
    assert readers == ["pacer.py"]


def test_the_clients_use_no_code_of_the_server() -> None:
    """Otherwise a fault of the server could hide itself in what judges it."""
    judges = [ROOT / "tests/speech.py", ROOT / "tests/espeak.py", *(ROOT / "tests/clients").glob("*.py")]
    assert len(judges) > 5
    assert [file.name for file in judges if re.search(r"\b(import|from) parley_", file.read_text())] == []
