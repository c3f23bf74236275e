"""Each command that a page prints can be typed: its program is there, and takes what stands behind it.

The pages' own tests run those that are quick; of a benchmark of 40 minutes only its options are looked at.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from parley_cli.__main__ import _parser
from tests.bench import media, operator
from tests.bench.doors import seeds, soak, together
from tests.bench.sturdy import soak as odd_callers
from tests.bench.sturdy import workers
from tests.categories import CATEGORIES

ROOT = Path(__file__).parents[3]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
TEXT = "\n".join(page.read_text() for page in PAGES).replace("\\\n", "")


def commands(program: str) -> list[str]:
    """What stands behind `program` in a line of its own or between backticks, each once."""
    found = re.findall(rf"(?:^ {{4}}|`)(?:\.venv/bin/)?{program} ([^`#\n]+)", TEXT, re.MULTILINE)
    return sorted({command.strip() for command in found})


def options(command: str) -> set[str]:
    return {word for word in shlex.split(command) if word.startswith("-")}


@pytest.mark.parametrize("command", commands("parley"))
def test_a_command_of_parley_takes_its_options(command: str) -> None:
    [parsers] = [a.choices for a in _parser()._actions if isinstance(a, argparse._SubParsersAction)]
    name, *_ = command.split()
    assert options(command) <= set(parsers[name]._option_string_actions)


@pytest.mark.parametrize("command", commands("python -m pytest"))
def test_a_command_of_pytest_names_tests_that_exist(command: str) -> None:
    words = shlex.split(command)
    assert options(command) <= {"-m", "-s", "--screenshots"}
    if "-m" in words:
        at = words.index("-m")
        assert words[at + 1] in CATEGORIES
        del words[at : at + 2]
    paths = [word for word in words if not word.startswith("-")]
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


MODULES = commands("python -m(?! pytest)")


@pytest.mark.parametrize("module", sorted({command.split()[0] for command in MODULES}))
def test_a_module_takes_its_options(module: str) -> None:
    command = [sys.executable, "-m", module, "--help"]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([*filter(None, sys.path), str(ROOT)])}
    told = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False)
    assert told.returncode == 0, told.stderr
    named = {option for line in MODULES if line.split()[0] == module for option in options(line)}
    assert [option for option in named if not re.search(rf"(?<![\w-]){option}\b", told.stdout)] == []


def test_every_stage_that_a_page_names_is_one() -> None:
    stages = [*media.all_stages(1.0), *seeds.stages(1, 1), *together.stages(1.0), *soak.stages(1.0)]
    stages += [*workers.stages(1), *odd_callers.stages(1)]
    lists = re.findall(
        r"--stages ((?:(?!-)[a-z-]+ ?)+)|bench-[a-z]+`, stages? ((?:`[a-z-]+`(?:, | and )?)+)", TEXT
    )
    named = {name for found in lists for name in re.findall(r"[a-z-]+", " ".join(found)) if name != "and"}
    assert len(named) > 10
    assert named - {stage.name for stage in stages} - set(operator.STAGES) == set()
