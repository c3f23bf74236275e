"""docs/cost.md against the command: each line of it runs, and prints what the page shows."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
import yaml

from parley_api.prices import Prices
from parley_cli.__main__ import main
from parley_cli.cost import CORES, SERVER_CORES

PAGE = (Path(__file__).parents[3] / "docs/cost.md").read_text().replace("\\\n", "")
COMMANDS = re.findall(
    r"^    \.venv/bin/parley (cost[^\n]*)\n(?:\n```text\n(.*?)^```$)?", PAGE, re.MULTILINE | re.DOTALL
)


def test_the_commands_of_the_page_are_found() -> None:
    assert len(COMMANDS) == PAGE.count("bin/parley cost") == 4
    assert sum(shown != "" for _, shown in COMMANDS) == PAGE.count("```text") == 2


@pytest.mark.parametrize(("command", "shown"), COMMANDS)
def test_a_command_of_the_page_prints_what_the_page_shows(
    command: str, shown: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(shlex.split(command)) == 0
    printed = capsys.readouterr().out
    assert printed == shown if shown else "895.85" in printed


def test_the_prices_of_the_page_are_the_defaults() -> None:
    (block,) = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    prices = yaml.safe_load(block)["spec"]["prices"]
    assert prices == Prices().model_dump(by_alias=True)


def test_the_shares_of_the_page_are_those_that_are_reckoned_with() -> None:
    shares = re.findall(r"^\| .* \| (0\.\d+) \|$", PAGE, re.MULTILINE)
    assert shares == [str(SERVER_CORES), *map(str, CORES.values())]
